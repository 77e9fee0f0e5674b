"use client";

import type { Contestant, Turn } from "@/api/client";
import { wordFor } from "@/i18n/lookup";
import { useText } from "@/i18n/use-text";
import { Hash } from "@/ui/hash";
import { Lamp, type Tone } from "@/ui/lamp";
import { Named } from "@/ui/named";

export const OUTCOMES: Record<string, Tone> = {
  traded: "good",
  held: "off",
  refused: "warn",
  late: "warn",
  interrupted: "warn",
  failed: "bad",
};

/** Who it is, how its turn ended, and by which template it was asked. */
export function TurnHead({ turn, who }: { turn: Turn; who: Contestant | undefined }) {
  const { cycles, outcomes } = useText();
  return (
    <div className="min-w-0 py-2">
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <span className="min-w-0 text-figure">
          <Named name={who?.name ?? turn.contestant_id} index={who?.color_index ?? null} strong baseline={who?.kind === "baseline"} />
        </span>
        <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
          <Lamp tone={turn.outcome === null ? "off" : (OUTCOMES[turn.outcome] ?? "off")} />
          {turn.outcome === null ? cycles.states.running : wordFor(outcomes, turn.outcome)}
        </span>
      </div>
      <p className="truncate text-small text-ink-3" translate="no">
        {[turn.provider, turn.model].filter(Boolean).join(" · ")}
      </p>
      {turn.template !== null && (
        <p className="text-small text-ink-3" title={cycles.templateText}>
          {cycles.template} <span translate="no">{turn.template}</span> {turn.template_hash !== null && <Hash value={turn.template_hash} />}
        </p>
      )}
      {turn.close_only && <p className="mt-1 text-small font-medium text-warn">{cycles.closeOnly}</p>}
    </div>
  );
}
