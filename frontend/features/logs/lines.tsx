"use client";

import { useState } from "react";
import type { LogRow } from "@/api/client";
import { useRoster } from "@/api/queries";
import { useText, useTimes } from "@/i18n/use-text";
import { formatFigure } from "@/lib/ratios";
import { classes } from "@/ui/classes";
import { Lamp, type Tone } from "@/ui/lamp";
import { Mark } from "@/ui/mark";
import type { Level } from "./queries";

const LOOKS: Record<Level, { tone: Tone | null; color: string }> = {
  DEBUG: { tone: null, color: "text-ink-3" },
  INFO: { tone: null, color: "text-ink-2" },
  WARNING: { tone: "warn", color: "text-warn font-medium" },
  ERROR: { tone: "bad", color: "text-bad font-semibold" },
};

const COLUMNS = "md:grid md:grid-cols-[8.5rem_4.5rem_13rem_minmax(0,1fr)_4rem] md:gap-x-3";

export function LogLines({ lines }: { lines: readonly LogRow[] }) {
  const { logs } = useText();
  const { columns } = logs;
  return (
    <>
      <div aria-hidden="true" className={classes("hidden border-b border-line-strong pb-1.5 text-small font-medium text-ink-2", COLUMNS)}>
        <span>{columns.time}</span>
        <span>{columns.level}</span>
        <span>{columns.where}</span>
        <span>{columns.message}</span>
        <span className="text-right">{columns.took}</span>
      </div>
      <ol data-testid="log-lines">
        {lines.map((line) => (
          <Line key={line.id} line={line} />
        ))}
      </ol>
    </>
  );
}

function Line({ line }: { line: LogRow }) {
  const { logs } = useText();
  const { moment } = useTimes();
  const { tone, color } = LOOKS[line.level];
  return (
    <li data-level={line.level} className={classes("border-b border-line py-1.5 max-md:flex max-md:flex-wrap max-md:gap-x-3", COLUMNS)}>
      <time dateTime={line.at} className="text-small leading-5 text-ink-2">
        {moment(line.at)}
      </time>
      <span className={classes("inline-flex items-center gap-1.5 text-small leading-5 max-md:order-1", color)}>
        {tone !== null && <Lamp tone={tone} size={9} />}
        {logs.levels[line.level]}
      </span>
      <Where line={line} />
      <div className="min-w-0 wrap-anywhere max-md:order-last max-md:basis-full">
        {line.message} {line.data !== null && <Data data={line.data} />}
      </div>
      <span className="text-right text-small leading-5 text-ink-3 max-md:order-3">
        {line.ms !== null && formatFigure(line.ms, 0)}
        {line.ms !== null && <span className="md:hidden"> ms</span>}
      </span>
    </li>
  );
}

function Where({ line }: { line: LogRow }) {
  const { logs } = useText();
  const who = useRoster().get(line.contestant_id ?? "");
  return (
    <span className="inline-flex min-w-0 items-center gap-1.5 text-small leading-5 text-ink-2 max-md:order-2">
      {who !== undefined && <Mark index={who.color_index} size={9} />}
      <span className="truncate">
        {[who?.name ?? line.contestant_id, line.phase, line.cycle_id && logs.cycle(line.cycle_id)].filter(Boolean).join(" · ")}
      </span>
    </span>
  );
}

function Data({ data }: { data: Record<string, unknown> }) {
  const { logs } = useText();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="px-1 text-small text-ink-3 underline underline-offset-2 hover:text-ink"
      >
        {logs.details}
      </button>
      {open && (
        <pre className="mt-1 bg-sunken p-2 font-mono text-small whitespace-pre-wrap text-ink-2">{JSON.stringify(data, null, 1)}</pre>
      )}
    </>
  );
}
