"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { Cycle } from "@/api/client";
import { QueryView } from "@/api/query-view";
import { wordFor } from "@/i18n/lookup";
import { useText, useTimes } from "@/i18n/use-text";
import { formatFigure } from "@/lib/ratios";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { Lamp, type Tone } from "@/ui/lamp";
import { Segmented } from "@/ui/segmented";
import { Sheet } from "@/ui/sheet";
import { Rows } from "@/ui/skeleton";
import { cyclesQuery, STATES, type State } from "./queries";
import { secondsTaken } from "./timing";

export const TONES: Record<State, Tone> = { running: "off", done: "good", skipped: "warn", interrupted: "bad" };

/** Every cycle, newest first. The filter is part of the address. */
export function CycleList({ state }: { state: State | null }) {
  const text = useText();
  const query = useInfiniteQuery(cyclesQuery(state));
  return (
    <Sheet title={text.cycles.title} level={1} note={text.cycles.note} tools={<StateFilter state={state} />}>
      <QueryView query={query} what={text.state.what.cycles} skeleton={<Rows count={12} height={32} />}>
        {({ pages }) => <Table cycles={pages.flatMap(({ items }) => items)} filtered={state !== null} />}
      </QueryView>
      <div className="py-3 text-center text-small text-ink-3">
        {query.hasNextPage && (
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchingNextPage ? text.state.loadingMore : text.state.loadMore}
          </Button>
        )}
        {query.data !== undefined && !query.hasNextPage && text.state.end}
      </div>
    </Sheet>
  );
}

function StateFilter({ state }: { state: State | null }) {
  const { cycles } = useText();
  return (
    <Segmented<State | "all">
      label={cycles.filter}
      options={[{ value: "all", label: cycles.all }, ...STATES.map((value) => ({ value, label: cycles.states[value] }))]}
      value={state ?? "all"}
      onChange={keepInAddress}
    />
  );
}

/** Next follows the history, so that the page is not loaded again for a filter. */
function keepInAddress(state: State | "all"): void {
  window.history.replaceState(null, "", state === "all" ? window.location.pathname : `?state=${state}`);
}

function Table({ cycles, filtered }: { cycles: readonly Cycle[]; filtered: boolean }) {
  const { cycles: words } = useText();
  const { columns } = words;
  if (cycles.length === 0 && filtered) return <Empty title={words.emptyState} text={words.emptyStateText} />;
  if (cycles.length === 0) return <Empty title={words.empty} text={words.emptyText} />;
  return (
    <table className="ledger stacked">
      <caption className="sr-only">{words.title}</caption>
      <thead>
        <tr>
          <th scope="col">{columns.cycle}</th>
          <th scope="col">{columns.due}</th>
          <th scope="col">{columns.kind}</th>
          <th scope="col">{columns.state}</th>
          <th scope="col" className="num">
            {columns.took}
          </th>
          <th scope="col" className="w-2/5">
            {columns.reason}
          </th>
        </tr>
      </thead>
      <tbody>
        {cycles.map((cycle) => (
          <Row key={cycle.id} cycle={cycle} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ cycle }: { cycle: Cycle }) {
  const { cycles, state } = useText();
  const { moment } = useTimes();
  const seconds = secondsTaken(cycle.timings);
  return (
    <tr>
      <th scope="row">
        <Link href={`/cycles?id=${cycle.id}`} className="font-medium underline decoration-line-strong underline-offset-4 hover:text-ink">
          {cycles.titleOf(cycle.id)}
        </Link>
      </th>
      <td data-label={cycles.columns.due}>
        <span>{moment(cycle.due_at)}</span>
      </td>
      <td data-label={cycles.columns.kind}>
        <span>{wordFor(cycles.kinds, cycle.kind)}</span>
      </td>
      <td data-label={cycles.columns.state}>
        <CycleState state={cycle.state} />
      </td>
      <td data-label={cycles.columns.took} className="num">
        <span>{seconds === null ? state.unknown : cycles.seconds(formatFigure(seconds, 1))}</span>
      </td>
      <td data-label={cycles.columns.reason} className={cycle.reason === null ? "max-md:hidden!" : undefined}>
        <span className="text-ink-2 wrap-anywhere">{cycle.reason}</span>
      </td>
    </tr>
  );
}

export function CycleState({ state }: { state: State }) {
  const { cycles } = useText();
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <Lamp tone={TONES[state]} />
      {cycles.states[state]}
    </span>
  );
}
