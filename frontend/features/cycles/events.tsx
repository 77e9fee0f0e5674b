"use client";

import type { ContestantEvent } from "@/api/client";
import { useRoster } from "@/api/queries";
import { wordFor } from "@/i18n/lookup";
import { useText } from "@/i18n/use-text";
import { Clipped } from "@/ui/clipped";
import { Lamp, type Tone } from "@/ui/lamp";
import { Named } from "@/ui/named";

const TONES: Partial<Record<ContestantEvent["kind"], Tone>> = {
  remark: "off",
  resumed: "good",
  refusal: "bad",
  failed: "bad",
  forced_exit: "bad",
};

/** Everything the arena did to what was asked for, with before and after. */
export function EventList({ events, named = false }: { events: readonly ContestantEvent[]; named?: boolean }) {
  return (
    <ul className="grid gap-1.5">
      {events.map((event) => (
        <Item key={event.id} event={event} named={named} />
      ))}
    </ul>
  );
}

function Item({ event, named }: { event: ContestantEvent; named: boolean }) {
  const { cycles, codes } = useText();
  const who = useRoster().get(event.contestant_id);
  return (
    <li className="min-w-0">
      <p>
        <span className="inline-flex items-baseline gap-1.5">
          <Lamp tone={TONES[event.kind] ?? "warn"} />
          {named && <Named name={who?.name ?? event.contestant_id} index={who?.color_index ?? null} baseline={who?.kind === "baseline"} />}
          <span className="font-medium">{cycles.eventKinds[event.kind]}:</span>
        </span>{" "}
        {wordFor(codes, event.code)}{" "}
        {event.subject !== event.contestant_id && (
          <code translate="no" className="text-small text-ink-3">
            {event.subject}
          </code>
        )}
      </p>
      <BeforeAfter event={event} />
      {event.message && (
        <p className="pl-4 text-small wrap-anywhere text-ink-3">
          <Clipped text={event.message} />
        </p>
      )}
    </li>
  );
}

/** A refusal names what was needed and what there was; everything else what it was before and after. */
function BeforeAfter({ event: { kind, before, after } }: { event: ContestantEvent }) {
  const { decisions, state } = useText();
  if (before === null && after === null) return null;
  if (kind === "refusal" && before !== null && after !== null)
    return <p className="pl-4 text-small text-ink-2">{decisions.needed(before, after)}</p>;
  return (
    <p className="pl-4 font-mono text-small wrap-anywhere">
      <del className="text-ink-2">
        <Clipped text={before ?? state.unknown} />
      </del>{" "}
      →{" "}
      <ins className="no-underline">
        <Clipped text={after ?? state.unknown} />
      </ins>
    </p>
  );
}
