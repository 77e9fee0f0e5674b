"use client";

import { useQuery } from "@tanstack/react-query";
import { useTable } from "@tanstack/react-table";
import Link from "next/link";
import type { Leaderboard } from "@/api/client";
import { leaderboardQuery, statusQuery } from "@/api/queries";
import { QueryView } from "@/api/query-view";
import { useText, useTimes } from "@/i18n/use-text";
import { formatDecimal, formatQuantity } from "@/lib/money";
import { Empty } from "@/ui/empty";
import { Sheet } from "@/ui/sheet";
import { Rows } from "@/ui/skeleton";
import { StandingsCards } from "./cards";
import { columns, features } from "./columns";
import { PlacesContext } from "./places";
import { StandingsTable } from "./table";

const SKELETON_ROWS = 3;
const SKELETON_HEIGHT = 56;

/** Who stands where, and how sure that is. */
export function Standings() {
  const text = useText();
  const query = useQuery(leaderboardQuery);
  return (
    <Sheet title={text.board.title} level={1} note={query.data && <Facts board={query.data} />}>
      <QueryView query={query} what={text.state.what.leaderboard} skeleton={<Rows count={SKELETON_ROWS} height={SKELETON_HEIGHT} />}>
        {(board) => <Board board={board} />}
      </QueryView>
    </Sheet>
  );
}

function Facts({ board }: { board: Leaderboard }) {
  const text = useText();
  const { moment, zone } = useTimes();
  const { season, at } = board;
  const facts = [
    season && `${text.board.season(season.name)} ${text.board.since(moment(season.started_at, "minute"))}`,
    text.board.capital(formatQuantity(board.initial_capital)),
    text.board.observations(formatDecimal(String(board.observations))),
    `${text.board.valuedAt(moment(at))} ${zone(new Date(at))}`,
  ];
  return (
    <>
      {facts.filter(Boolean).join(" · ")}
      <LatestCycle />
    </>
  );
}

/** The way to what everybody saw, said and did last. */
function LatestCycle() {
  const { board, decisions } = useText();
  const { data } = useQuery(statusQuery);
  const id = data?.status.last_cycle_id ?? null;
  if (id === null) return null;
  return (
    <>
      {" · "}
      <Link href={`/cycles?id=${id}`} title={decisions.toCycle(id)} className="underline underline-offset-2 hover:text-ink">
        {board.latestCycle(id)}
      </Link>
    </>
  );
}

function Board({ board }: { board: Leaderboard }) {
  const text = useText();
  const table = useTable({
    features,
    columns,
    data: board.standings,
    getRowId: (standing) => standing.contestant.id,
    enableSortingRemoval: false,
    initialState: { sorting: [{ id: "rank", desc: false }] },
  });
  if (board.standings.length === 0) {
    return (
      <Empty title={text.board.empty} text={text.board.emptyText}>
        <Link href="/system" className="underline underline-offset-2">
          {text.board.toSystem}
        </Link>
      </Empty>
    );
  }
  return (
    <PlacesContext value={board.standings.length}>
      <StandingsTable table={table} />
      <StandingsCards table={table} />
      <Separability separable={board.separable} />
    </PlacesContext>
  );
}

function Separability({ separable }: { separable: boolean }) {
  const { board } = useText();
  return (
    <p className="mt-3 flex flex-wrap items-baseline gap-x-2 text-ink-2">
      <strong className="font-semibold text-ink">{separable ? board.separable : board.notSeparable}</strong>
      <span>{separable ? board.separableText : board.notSeparableText}</span>
    </p>
  );
}
