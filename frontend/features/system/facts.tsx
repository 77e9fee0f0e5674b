"use client";

import Link from "next/link";
import type { ReactNode } from "react";
import { useText, useTimes } from "@/i18n/use-text";
import { marketNow } from "@/lib/time";
import { Button } from "@/ui/button";
import { Lamp } from "@/ui/lamp";
import { useNow } from "@/ui/use-now";
import type { Change, Known } from "./board";

type Props = { known: Known; change: Change };

const EVERY = 1_000;

/** Everything else about the arena's state, as a plain list. */
export function Facts({ known, change }: Props) {
  const { system, state } = useText();
  const { moment } = useTimes();
  const { season, started_at, version, latest_log } = known.status;
  return (
    <dl className="mt-3 grid grid-cols-1 gap-x-8 border-b border-line sm:grid-cols-2 lg:grid-cols-3">
      <LastRun known={known} />
      <DatabaseState known={known} />
      <Entries known={known} change={change} />
      <MarketClock known={known} />
      <Fact term={system.season}>
        {season === null ? state.unknown : season.name}
        {season !== null && <Beside>{moment(season.started_at)}</Beside>}
      </Fact>
      <Fact term={system.up}>
        {moment(started_at)} <Beside>v{version}</Beside>
      </Fact>
      <div className="min-w-0 border-t border-line py-2.5 sm:col-span-2 lg:col-span-3">
        <dt className="text-small text-ink-2">{system.latest}</dt>
        <dd className="mt-0.5 wrap-anywhere">{latest_log ?? state.unknown}</dd>
      </div>
    </dl>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className="min-w-0 border-t border-line py-2.5">
      <dt className="text-small text-ink-2">{term}</dt>
      <dd className="mt-0.5 flex min-h-8 flex-wrap items-center gap-x-2">{children}</dd>
    </div>
  );
}

function Beside({ children }: { children: ReactNode }) {
  return <span className="text-small text-ink-3">{children}</span>;
}

function useMarketNow({ status, receivedAt }: Known): number | null {
  const now = useNow(EVERY);
  return now === null ? null : marketNow(status.market_time, receivedAt, now, status.clock_speed);
}

function LastRun({ known }: { known: Known }) {
  const { system, decisions } = useText();
  const { moment, ago } = useTimes();
  const now = useMarketNow(known);
  const last = known.status.last_run_time;
  if (last === null) return <Fact term={system.lastRun}>{system.never}</Fact>;
  return (
    <Fact term={system.lastRun}>
      {moment(last)}
      {known.status.last_cycle_id !== null && (
        <Link
          href={`/cycles?id=${known.status.last_cycle_id}`}
          title={decisions.toCycle(known.status.last_cycle_id)}
          className="underline decoration-line-strong underline-offset-4 hover:text-ink"
        >
          {system.cycle(known.status.last_cycle_id)}
        </Link>
      )}
      {now !== null && <Beside>{ago((now - Date.parse(last)) / EVERY)}</Beside>}
    </Fact>
  );
}

function DatabaseState({ known: { status } }: { known: Known }) {
  const { system, state } = useText();
  if (status.market === null) return <Fact term={system.database}>{state.unknown}</Fact>;
  const connected = status.database_connected;
  return (
    <Fact term={system.database}>
      <Lamp tone={connected ? "good" : "bad"} />
      <span data-testid="database-state">{connected ? system.connected : system.disconnected}</span>
      {!connected && <p className="basis-full text-small text-ink-2">{system.disconnectedText}</p>}
    </Fact>
  );
}

function Entries({ known: { status }, change }: Props) {
  const { system } = useText();
  const open = status.entries_open;
  const name = open ? "entriesStop" : "entriesResume";
  return (
    <Fact term={system.entries}>
      <Lamp tone={open ? "good" : "warn"} />
      <span data-testid="entries-state">{open ? system.entriesOpen : system.entriesClosed}</span>
      <Button className="ml-auto" disabled={status.market === null} busy={change.busy === name} onClick={() => change.run(name)}>
        {system[name]}
      </Button>
      <p className="basis-full text-small text-ink-3">{open ? system.entriesOpenText : system.entriesClosedText}</p>
    </Fact>
  );
}

function MarketClock({ known }: { known: Known }) {
  const { system, state } = useText();
  const { moment, zone } = useTimes();
  const now = useMarketNow(known);
  const speed = known.status.clock_speed;
  return (
    <Fact term={system.marketTime}>
      {now === null ? state.unknown : `${moment(new Date(now).toISOString())} ${zone(new Date(now))}`}
      {speed !== 1 && <Beside>{system.speed(speed)}</Beside>}
    </Fact>
  );
}
