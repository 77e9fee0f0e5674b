"use client";

import type { ContestantHealth, SystemStatus } from "@/api/client";
import { useRoster } from "@/api/queries";
import { adviceFor, wordFor } from "@/i18n/lookup";
import { useText, useTimes } from "@/i18n/use-text";
import { classes } from "@/ui/classes";
import { Empty } from "@/ui/empty";
import { Lamp, type Tone } from "@/ui/lamp";
import { Named } from "@/ui/named";
import { Sheet } from "@/ui/sheet";
import { Controls } from "./controls";

/** As in backend/app/cycle/standing_down.py: so many failures in a row, and a contestant may only close. */
const FAILURES_MAX = 3;

const TONES: Record<ContestantHealth["state"], Tone> = { active: "good", paused: "off", no_key: "warn", retired: "off" };

/** How everybody does as a participant: asked, answering, and if not, what to do. */
export function Contestants({ status }: { status: SystemStatus }) {
  const { health } = useText();
  const { columns } = health;
  return (
    <Sheet title={health.title}>
      {status.contestants.length === 0 ? (
        <Empty title={health.empty} text={health.emptyText} />
      ) : (
        <table className="ledger stacked">
          <caption className="sr-only">{health.title}</caption>
          <thead>
            <tr>
              <th scope="col">{columns.contestant}</th>
              <th scope="col">{columns.state}</th>
              <th scope="col">{columns.outcome}</th>
              <th scope="col" className="num">
                {columns.failures}
              </th>
              <th scope="col" className="w-1/4">
                {columns.error}
              </th>
              <th scope="col">
                <span className="sr-only">{columns.action}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {status.contestants.map((one) => (
              <Row key={one.id} one={one} />
            ))}
          </tbody>
        </table>
      )}
    </Sheet>
  );
}

function Row({ one }: { one: ContestantHealth }) {
  const { health, outcomes } = useText();
  const { moment } = useTimes();
  const index = useRoster().get(one.id)?.color_index ?? null;
  const failing = one.consecutive_failures > 0;
  return (
    <tr>
      <th scope="row">
        <Named name={one.name} index={index} strong baseline={one.kind === "baseline"} />
        {one.template !== null && (
          <span translate="no" className="block text-small text-ink-3">
            {one.template}
          </span>
        )}
      </th>
      <td data-label={health.columns.state}>
        <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
          <Lamp tone={failing && one.state === "active" ? "warn" : TONES[one.state]} />
          {health.states[one.state]}
        </span>
        <CloseOnly one={one} />
      </td>
      <td data-label={health.columns.outcome}>
        {one.last_outcome === null ? outcomes.none : wordFor(outcomes, one.last_outcome)}
        {one.last_outcome_at !== null && <span className="block text-small text-ink-3">{moment(one.last_outcome_at)}</span>}
      </td>
      <td data-label={health.columns.failures} className={classes("num", failing && "font-semibold text-bad")}>
        {one.consecutive_failures}
      </td>
      <td data-label={health.columns.error}>
        <WentWrong one={one} />
      </td>
      <td className="num">
        <Controls one={one} />
      </td>
    </tr>
  );
}

/** By the operator, or because too many turns in a row failed. */
function CloseOnly({ one }: { one: ContestantHealth }) {
  const { health } = useText();
  if (!one.close_only && one.consecutive_failures < FAILURES_MAX) return null;
  return (
    <span className="block max-w-48 text-small font-medium text-warn">{one.close_only ? health.closeOnlyNow : health.closeOnlyUntil}</span>
  );
}

function WentWrong({ one }: { one: ContestantHealth }) {
  const text = useText();
  if (one.state === "no_key") return text.health.noKeyText;
  if (one.state === "paused" && one.state_reason !== null) return <PausedWhy one={one} />;
  if (one.last_error === null) return <span className="text-ink-3">{text.health.fine}</span>;
  const advice = adviceFor(text, one.last_error);
  return (
    <>
      {advice !== null && <span className="block font-medium">{advice}</span>}
      <span className="block text-small wrap-anywhere text-ink-2">{one.last_error}</span>
    </>
  );
}

function PausedWhy({ one }: { one: ContestantHealth }) {
  const { health } = useText();
  return (
    <>
      {one.paused_by !== null && <span className="block font-medium">{health.pausedBy[one.paused_by]}</span>}
      <span className="block text-small wrap-anywhere text-ink-2">{one.state_reason}</span>
    </>
  );
}
