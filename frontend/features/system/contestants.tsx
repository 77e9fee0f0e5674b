"use client";

import { useChange } from "@/api/admin";
import type { ContestantHealth, SystemStatus } from "@/api/client";
import { useRoster } from "@/api/queries";
import { adviceFor, wordFor } from "@/i18n/lookup";
import { useText, useTimes } from "@/i18n/use-text";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Empty } from "@/ui/empty";
import { Lamp, type Tone } from "@/ui/lamp";
import { Named } from "@/ui/named";
import { Sheet } from "@/ui/sheet";
import { contestantChanges } from "./changes";

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
              <th scope="col" className="w-2/5">
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
        <Named name={one.name} index={index} strong />
      </th>
      <td data-label={health.columns.state}>
        <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
          <Lamp tone={failing && one.state === "active" ? "warn" : TONES[one.state]} />
          {health.states[one.state]}
        </span>
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
        <Pause one={one} />
      </td>
    </tr>
  );
}

function WentWrong({ one }: { one: ContestantHealth }) {
  const text = useText();
  if (one.state === "no_key") return text.health.noKeyText;
  if (one.last_error === null) return <span className="text-ink-3">{text.health.fine}</span>;
  const advice = adviceFor(text, one.last_error);
  return (
    <>
      {advice !== null && <span className="block font-medium">{advice}</span>}
      <span className="block text-small wrap-anywhere text-ink-2">{one.last_error}</span>
    </>
  );
}

function Pause({ one }: { one: ContestantHealth }) {
  const { health, system } = useText();
  const change = useChange(contestantChanges(one.id));
  if (one.state !== "active" && one.state !== "paused") return null;
  const name = one.state === "active" ? "pause" : "resume";
  return (
    <>
      <Button busy={change.busy !== null} onClick={() => change.run(name)} aria-label={`${health[name]} ${one.name}`}>
        {health[name]}
      </Button>
      <span aria-live="polite" className="block max-w-48 text-small whitespace-normal text-bad">
        {change.error?.message}
        {change.error === null && change.done !== null && <span className="sr-only">{system.done[change.done]}</span>}
      </span>
    </>
  );
}
