"use client";

import type { SystemStatus } from "@/api/client";
import { useText, useTimes } from "@/i18n/use-text";
import { Empty } from "@/ui/empty";
import { Lamp } from "@/ui/lamp";
import { Sheet } from "@/ui/sheet";

type MarketHealth = NonNullable<SystemStatus["market"]>;

/** Where prices come from, how old they are, and which symbols can be traded. */
export function Market({ status }: { status: SystemStatus }) {
  const { market, system } = useText();
  if (status.market === null) {
    return (
      <Sheet title={market.title}>
        <Empty title={system.starting} text={system.startingText} />
      </Sheet>
    );
  }
  return (
    <Sheet title={market.title} note={<Source health={status.market} />}>
      <ul className="grid grid-cols-2 gap-x-6 sm:grid-cols-3">
        {status.market.symbols.map((symbol) => (
          <SymbolState key={symbol.symbol} symbol={symbol} seen={status.market?.data_time !== null} />
        ))}
      </ul>
    </Sheet>
  );
}

function Source({ health }: { health: MarketHealth }) {
  const { market } = useText();
  const { length, moment } = useTimes();
  const age = health.data_age_seconds;
  const facts = [
    health.venue === "sandbox" ? market.sandbox : health.venue,
    age === null ? market.noData : `${market.age}: ${length(age)}`,
    health.data_time === null ? null : moment(health.data_time, "time"),
  ];
  return facts.filter(Boolean).join(" · ");
}

function SymbolState({ symbol: { symbol, usable, reason }, seen }: { symbol: MarketHealth["symbols"][number]; seen: boolean }) {
  const { market } = useText();
  const tone = usable ? "good" : seen ? "bad" : "off";
  return (
    <li className="border-t border-line py-2">
      <span className="flex items-center gap-2">
        <Lamp tone={tone} />
        <span translate="no" className="font-medium">
          {symbol}
        </span>
      </span>
      <span className="block text-small text-ink-3">{usable ? market.usable : (reason ?? (seen ? market.unusable : market.notSeen))}</span>
    </li>
  );
}
