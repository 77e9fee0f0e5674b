/** What a contestant asked for, in words: size, levels, its own conditions, what was needed for it. */

import { formatDecimal, formatMoney, formatPrice, toNumber } from "@/lib/money";
import { formatPercent } from "@/lib/ratios";
import type { Messages } from "./en";

type Asked = {
  notional: string | null;
  leverage: number | null;
  close_fraction: string | null;
  stop_loss: string | null;
  take_profit: string | null;
  confidence: string | null;
  invalidation: string | null;
  reason: string | null;
  message: string | null;
  needed: string | null;
  available: string | null;
};

type Words = Messages["decisions"];

/** 1,000.00 USDT 5× · 50 % of it. Empty for what has no size. */
export function sizeOf({ notional, leverage, close_fraction: fraction }: Asked, words: Words): string {
  return [
    notional !== null && `${formatMoney(notional)} USDT`,
    leverage !== null && `${leverage}×`,
    fraction !== null && toNumber(fraction) < 1 && words.share(formatPercent(toNumber(fraction), "negative", 0)),
  ]
    .filter(Boolean)
    .join(" ");
}

/** What else is known of it, a line each. Where there is no reason the message stands in its place and is no detail. */
export function detailsOf(asked: Asked, words: Words, unknown: string): string[] {
  const { stop_loss: stop, take_profit: target, needed, available, message, reason, invalidation, confidence } = asked;
  const lines = [
    stop !== null || target !== null
      ? words.stops(stop === null ? unknown : formatPrice(stop), target === null ? unknown : formatPrice(target))
      : null,
    invalidation === null ? null : `${words.invalidation}: ${invalidation}`,
    confidence === null ? null : `${words.confidence}: ${formatPercent(toNumber(confidence), "negative", 0)}`,
    reason === null ? null : message,
    needed === null ? null : words.needed(formatDecimal(needed), available === null ? unknown : formatDecimal(available)),
  ];
  return lines.filter((line) => line !== null && line !== "") as string[];
}
