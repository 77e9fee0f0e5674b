"use client";

import type { Price } from "@/api/client";
import { useText } from "@/i18n/use-text";
import { formatPrice, toNumber } from "@/lib/money";
import { formatFigure, formatPercent } from "@/lib/ratios";
import { Empty } from "@/ui/empty";
import { Lamp } from "@/ui/lamp";

const FUNDING_PLACES = 4;

/** The prices of the snapshot, and how old each was when it was taken. */
export function Prices({ prices }: { prices: readonly Price[] }) {
  const { cycles } = useText();
  const columns = cycles.priceColumns;
  if (prices.length === 0) return <Empty title={cycles.noPrices} text={cycles.noPricesText} />;
  return (
    <table className="ledger stacked">
      <caption className="sr-only">{cycles.prices}</caption>
      <thead>
        <tr>
          <th scope="col">{columns.symbol}</th>
          <th scope="col" className="num">
            {columns.mark}
          </th>
          <th scope="col" className="num">
            {columns.bidAsk}
          </th>
          <th scope="col" className="num">
            {columns.funding}
          </th>
          <th scope="col" className="num">
            {columns.age}
          </th>
          <th scope="col" className="w-1/4">
            {columns.usable}
          </th>
        </tr>
      </thead>
      <tbody>
        {prices.map((price) => (
          <Row key={price.symbol} price={price} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ price }: { price: Price }) {
  const { cycles, state } = useText();
  const columns = cycles.priceColumns;
  const shown = (value: string | null) => (value === null ? state.unknown : formatPrice(value));
  const age = price.venue_time === null ? null : Math.max(0, Date.parse(price.taken_at) - Date.parse(price.venue_time)) / 1000;
  return (
    <tr>
      <th scope="row" translate="no" className="font-medium!">
        {price.symbol}
      </th>
      <td data-label={columns.mark} className="num">
        <span>{shown(price.mark)}</span>
      </td>
      <td data-label={columns.bidAsk} className="num">
        <span>
          {shown(price.bid)} / {shown(price.ask)}
        </span>
      </td>
      <td data-label={columns.funding} className="num">
        <span>{price.funding_rate === null ? state.unknown : formatPercent(toNumber(price.funding_rate), "always", FUNDING_PLACES)}</span>
      </td>
      <td data-label={columns.age} className="num">
        <span>{age === null ? state.unknown : cycles.seconds(formatFigure(age, 1))}</span>
      </td>
      <td data-label={columns.usable}>
        <span>
          <span className="inline-flex items-center gap-1.5">
            <Lamp tone={price.usable ? "good" : "bad"} />
            {price.usable ? cycles.usable : cycles.unusable}
          </span>
          {price.reason !== null && <span className="block text-small text-ink-2">{price.reason}</span>}
        </span>
      </td>
    </tr>
  );
}
