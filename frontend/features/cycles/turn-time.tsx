"use client";

import type { Tokens, Turn } from "@/api/client";
import type { Messages } from "@/i18n/en";
import { useText, useTimes } from "@/i18n/use-text";
import { formatDecimal, formatPrice } from "@/lib/money";
import { formatFigure } from "@/lib/ratios";
import { Meter } from "@/ui/meter";
import { Part } from "./part";
import { place, type Scale } from "./timing";

/** The day's money was spent: the turn stands in the record, but nobody was asked. */
const NOT_ASKED = "COST_CEILING";

type Props = { turn: Turn; scale: Scale | null; color: string; baseline: boolean };

/** When it was asked and answered, on the scale all share, and what that cost. */
export function TurnTime({ turn, scale, color, baseline }: Props) {
  const { cycles } = useText();
  const { moment } = useTimes();
  if (turn.code === NOT_ASKED)
    return (
      <Part title={cycles.timing}>
        <p className="text-small text-ink-2">{cycles.notAsked}</p>
      </Part>
    );
  return (
    <Part title={cycles.timing}>
      {scale !== null && turn.asked_at !== null && <Bar turn={turn} asked={turn.asked_at} scale={scale} color={color} />}
      <p className="text-small text-ink-2">
        {[
          turn.asked_at !== null && moment(turn.asked_at, "time"),
          howLong(turn, cycles),
          turn.filled_at !== null && `${cycles.ownFill} ${moment(turn.filled_at, "time")}`,
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      <p className="text-small text-ink-2">{baseline ? cycles.free : <Spent tokens={turn.tokens} cost={turn.cost_usd} />}</p>
    </Part>
  );
}

/** A turn whose reply was never read has no verdict: its time is how long it was waited for. */
function howLong({ latency_ms: ms, verdict }: Turn, words: Messages["cycles"]): string {
  if (ms === null) return words.notAnswered;
  const seconds = words.seconds(formatFigure(ms / 1000, 2));
  return verdict === null ? words.gaveUp(seconds) : words.answeredIn(seconds);
}

function Bar({ turn, asked, scale, color }: { turn: Turn; asked: string; scale: Scale; color: string }) {
  const { cycles, state } = useText();
  const { moment } = useTimes();
  const shown = (iso: string | null) => (iso === null ? state.unknown : moment(iso, "time"));
  return (
    <Meter
      label={cycles.timeBar(shown(asked), shown(turn.answered_at), shown(turn.deadline_at))}
      from={place(asked, scale)}
      to={turn.answered_at === null ? null : place(turn.answered_at, scale)}
      limit={turn.deadline_at === null ? null : place(turn.deadline_at, scale)}
      color={color}
    />
  );
}

/** Tokens as the provider counted them, and their price. */
export function Spent({ tokens, cost }: { tokens: Tokens; cost: string | null }) {
  const { cycles } = useText();
  const count = (value: number) => formatDecimal(String(value));
  const { input, output, cached, reasoning } = tokens;
  const counted = input !== null && output !== null;
  return [
    counted ? cycles.tokens(count(input), count(output)) : cycles.notCounted,
    cached !== null && cached > 0 && cycles.cached(count(cached)),
    reasoning !== null && reasoning > 0 && cycles.thinking(count(reasoning)),
    cost === null ? counted && cycles.noPrice : cycles.cost(formatPrice(cost)),
  ]
    .filter(Boolean)
    .join(" · ");
}
