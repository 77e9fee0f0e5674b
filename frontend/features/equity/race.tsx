"use client";

import { type UseQueryResult, useQueries, useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { useMemo, useState } from "react";
import type { Leaderboard } from "@/api/client";
import { leaderboardQuery, statusQuery, tradesQuery } from "@/api/queries";
import { QueryView } from "@/api/query-view";
import { useText } from "@/i18n/use-text";
import { toNumber } from "@/lib/money";
import { Empty } from "@/ui/empty";
import { Sheet } from "@/ui/sheet";
import { EquityTable } from "./equity-table";
import { type Line, linesOf, stepsOf } from "./lines";
import { equityQuery, type Range } from "./queries";
import { type Look, RaceTools } from "./tools";

const CHART_HEIGHT = 400;
/** Older trades are in the tables: marks on top of marks tell nothing. */
const MARKED_TRADES = 40;
const DEFAULT_INTERVAL_MINUTES = 5;

const ChartSkeleton = () => <div className="skeleton" style={{ height: CHART_HEIGHT + 56 }} />;
const Chart = dynamic(() => import("./chart"), { ssr: false, loading: ChartSkeleton });

/** Everybody's equity over time: chart or table, and the figures to take away. */
export function EquityRace() {
  const text = useText();
  const [look, setLook] = useState<Look>({ range: "all", scale: "linear", view: "chart", markers: true });
  const race = useRace(look.range);
  return (
    <Sheet title={text.race.title} tools={<RaceTools look={look} onChange={setLook} lines={race.data?.lines ?? []} />}>
      <QueryView query={race} what={text.state.what.equity} skeleton={<ChartSkeleton />}>
        {({ lines, board }) => <Race lines={lines} board={board} look={look} />}
      </QueryView>
    </Sheet>
  );
}

type RaceData = { lines: Line[]; board: Leaderboard };

/** The leaderboard and one series for each of its contestants, read as one. */
function useRace(range: Range) {
  const board = useQuery(leaderboardQuery);
  const contestants = board.data?.standings.map(({ contestant }) => contestant.id) ?? [];
  const series = useQueries({
    queries: contestants.map((id) => equityQuery(id, range, board.data?.at)),
    combine: combined,
  });
  const data = useMemo<RaceData | undefined>(
    () => (board.data && series.data ? { board: board.data, lines: linesOf(board.data, series.data) } : undefined),
    [board.data, series.data],
  );
  const first = board.error === null && series.first ? series.first : board;
  return {
    data,
    error: board.error ?? series.error,
    dataUpdatedAt: first.dataUpdatedAt,
    isFetching: first.isFetching,
    refetch: first.refetch,
  };
}

type Series = { contestant_id: string; points: Line["points"]; downsampled: boolean };

function combined(results: UseQueryResult<Series>[]) {
  const known = results.map(({ data }) => data).filter((data) => data !== undefined);
  return {
    data: known.length === results.length ? known : undefined,
    error: results.find(({ error }) => error !== null)?.error ?? null,
    first: results.find(({ error }) => error !== null) ?? results[0],
  };
}

function Race({ lines, board, look }: RaceData & { look: Look }) {
  const { race, board: words } = useText();
  const { data: known } = useQuery(statusQuery);
  const { data: trades } = useQuery({ ...tradesQuery(MARKED_TRADES), enabled: look.markers });
  const interval = (known?.status.interval_minutes ?? DEFAULT_INTERVAL_MINUTES) * 60;
  const drawn = lines
    .filter(({ points }) => points.length > 0)
    .map((line) => (line.baseline ? { ...line, name: words.baselineName(line.name) } : line));
  if (drawn.length === 0) return <Empty title={race.empty} text={race.emptyText} />;
  if (look.view === "table") return <EquityTable lines={drawn} />;
  return (
    <Chart
      lines={drawn}
      steps={stepsOf(drawn, interval)}
      capital={toNumber(board.initial_capital)}
      trades={look.markers ? (trades ?? []) : []}
      range={look.range}
      logarithmic={look.scale === "log"}
      height={CHART_HEIGHT}
    />
  );
}
