"use client";

/** The three things an operator looks for first: does it run, when does it go on, what is it doing. */

import type { ReactNode } from "react";
import { useText, useTimes } from "@/i18n/use-text";
import { formatCountdown, marketNow } from "@/lib/time";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Lamp } from "@/ui/lamp";
import { useNow } from "@/ui/use-now";
import type { Change, Known } from "./board";

type Props = { known: Known; change: Change };

export function Dashboard({ known, change }: Props) {
  return (
    <div className="grid border border-line bg-surface md:grid-cols-[1.15fr_1fr_1.35fr]">
      <Timer known={known} change={change} />
      <NextCycle known={known} />
      <CycleNow known={known} change={change} />
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="flex min-w-0 flex-col p-4 not-first:border-line max-md:not-first:border-t md:not-first:border-l">
      <h2 className="text-small text-ink-2">{title}</h2>
      {children}
    </section>
  );
}

function Timer({ known: { status }, change }: Props) {
  const { system } = useText();
  const running = status.scheduler_running;
  return (
    <Part title={system.scheduler}>
      <p
        aria-live="polite"
        className="mt-1 flex items-center gap-2 text-big font-semibold"
        data-testid="scheduler-state"
        data-running={running}
      >
        <Lamp tone={running ? "good" : "off"} size={14} />
        {running ? system.running : system.stopped}
      </p>
      <p className="mt-0.5 text-ink-2">{running ? system.runningText(status.interval_minutes) : system.stoppedText}</p>
      <div className="mt-auto flex gap-2 pt-4">
        <Button
          look={running ? "plain" : "strong"}
          disabled={running || status.market === null}
          busy={change.busy === "start"}
          onClick={() => change.run("start")}
        >
          {system.start}
        </Button>
        <Button disabled={!running} busy={change.busy === "stop"} onClick={() => change.run("stop")}>
          {system.stop}
        </Button>
      </div>
    </Part>
  );
}

const SECOND = 1_000;
const FAST = 200;

function NextCycle({ known: { status, receivedAt } }: { known: Known }) {
  const { system, state } = useText();
  const { moment, zone } = useTimes();
  const now = useNow(status.clock_speed > 1 ? FAST : SECOND);
  const due = status.next_run_time;
  const market = now === null ? null : marketNow(status.market_time, receivedAt, now, status.clock_speed);
  return (
    <Part title={system.nextRun}>
      <p className="mt-1 text-clock font-semibold" role="timer">
        {due === null || market === null ? state.unknown : formatCountdown((Date.parse(due) - market) / SECOND)}
      </p>
      <p className="mt-0.5 text-ink-2">
        {due === null ? system.nextRunNever : `${system.due} ${moment(due, "time")} ${zone(new Date(due))}`}
      </p>
      {status.clock_speed !== 1 && <p className="mt-auto pt-2 text-small text-ink-3">{system.speed(status.clock_speed)}</p>}
    </Part>
  );
}

function CycleNow({ known: { status }, change }: Props) {
  const { system } = useText();
  const cycle = status.cycle_in_progress;
  return (
    <Part title={cycle === null ? system.idle : system.cycle(cycle.id)}>
      <Phases done={cycle?.phase ?? null} />
      <div className="mt-auto pt-4">
        <Button disabled={cycle !== null || status.market === null} busy={change.busy === "runNow"} onClick={() => change.run("runNow")}>
          {system.runNow}
        </Button>
      </div>
    </Part>
  );
}

const PHASES = ["claimed", "seen", "watched", "asked", "booked", "reported"] as const;

/** The steps of a cycle in order: filled when done, framed while it is at work. */
function Phases({ done }: { done: string | null }) {
  const { system } = useText();
  const last = (PHASES as readonly string[]).indexOf(done ?? "");
  return (
    <ol className="mt-3 grid grid-cols-6 gap-1" aria-label={done === null ? system.idle : system.phaseLabel(done)}>
      {PHASES.map((phase, index) => {
        const [finished, atWork] = [index <= last, done !== null && index === last + 1];
        return (
          <li key={phase} aria-current={atWork ? "step" : undefined} className="min-w-0">
            <span
              className={classes(
                "block h-2 border",
                finished ? "border-ink bg-ink" : atWork ? "border-ink bg-sunken" : "border-line bg-sunken",
              )}
            />
            <span
              className={classes(
                "mt-1 block truncate text-small",
                finished || atWork ? "text-ink" : "text-ink-3",
                atWork && "font-semibold",
              )}
            >
              {system.phases[phase]}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
