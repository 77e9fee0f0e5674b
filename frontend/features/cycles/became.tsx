"use client";

/** What became of an answer: what was changed or refused, each decision, each fill. */

import type { Turn, TurnDecision } from "@/api/client";
import { detailsOf, sizeOf } from "@/i18n/asked";
import { wordFor } from "@/i18n/lookup";
import { useText } from "@/i18n/use-text";
import { formatMoney, formatPrice, formatQuantity, signOf } from "@/lib/money";
import { Change } from "@/ui/change";
import { Clipped } from "@/ui/clipped";
import { Lamp, type Tone } from "@/ui/lamp";
import { EventList } from "./events";
import { Part } from "./part";

const TONES: Record<TurnDecision["verdict"], Tone> = { accepted: "good", refused: "bad", held: "off" };

export function Became({ turn }: { turn: Turn }) {
  const { cycles } = useText();
  return (
    <>
      <Part title={cycles.events}>
        {turn.events.length === 0 ? <p className="text-ink-3">{cycles.nothingChanged}</p> : <EventList events={turn.events} />}
      </Part>
      <Part title={cycles.decisions}>
        {turn.decisions.length === 0 ? (
          <p className="text-ink-3">{cycles.noDecisions}</p>
        ) : (
          <ol className="grid gap-2.5">
            {turn.decisions.map((decision) => (
              <Item key={decision.id} decision={decision} />
            ))}
          </ol>
        )}
      </Part>
    </>
  );
}

function Item({ decision }: { decision: TurnDecision }) {
  const { decisions, state } = useText();
  const reason = decision.reason ?? decision.message;
  return (
    <li className="min-w-0">
      <p className="flex flex-wrap items-baseline justify-between gap-x-3">
        <span>
          {wordFor(decisions.actions, decision.action)}{" "}
          {decision.symbol !== null && (
            <span translate="no" className="font-medium">
              {decision.symbol}
            </span>
          )}{" "}
          {sizeOf(decision, decisions)}
        </span>
        <Verdict decision={decision} />
      </p>
      {reason && (
        <p className="wrap-anywhere text-ink-2">
          <Clipped text={reason} />
        </p>
      )}
      <ul className="text-small wrap-anywhere text-ink-2">
        {detailsOf(decision, decisions, state.unknown).map((line) => (
          <li key={line}>
            <Clipped text={line} />
          </li>
        ))}
      </ul>
      <Fills decision={decision} />
      {decision.events.length > 0 && (
        <div className="mt-1 border-l border-line-strong pl-2">
          <EventList events={decision.events} />
        </div>
      )}
    </li>
  );
}

function Verdict({ decision: { verdict, code, refused_by: by } }: { decision: TurnDecision }) {
  const { cycles, decisions, codes } = useText();
  const word = verdict === "refused" && by !== null ? cycles.refusedBy[by] : decisions.verdicts[verdict];
  return (
    <span className="inline-flex items-baseline gap-1.5">
      <Lamp tone={verdict === "held" && code !== null ? "warn" : TONES[verdict]} />
      {code === null ? word : `${word}: ${wordFor(codes, code)}`}
    </span>
  );
}

function Fills({ decision: { fills } }: { decision: TurnDecision }) {
  const { cycles } = useText();
  if (fills.length === 0) return null;
  return (
    <ul className="text-small">
      {fills.map((fill) => (
        <li key={fill.id}>
          {cycles.filled(formatQuantity(fill.quantity), fill.symbol, formatPrice(fill.price))} · {cycles.fee(formatMoney(fill.fee))}
          {signOf(fill.realised_pnl) !== 0 && (
            <>
              {" · "}
              <Change sign={signOf(fill.realised_pnl)}>{cycles.realised(formatMoney(fill.realised_pnl, "always"))}</Change>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
