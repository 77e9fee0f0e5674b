"use client";

import { useQuery } from "@tanstack/react-query";
import type { Trade } from "@/api/client";
import { tradesQuery, useRoster } from "@/api/queries";
import { QueryView } from "@/api/query-view";
import { wordFor } from "@/i18n/lookup";
import { useText, useTimes } from "@/i18n/use-text";
import { formatMoney, formatPrice, formatQuantity, signOf } from "@/lib/money";
import { Change } from "@/ui/change";
import { Empty } from "@/ui/empty";
import { Named } from "@/ui/named";
import { Sheet } from "@/ui/sheet";
import { Rows } from "@/ui/skeleton";

const SHOWN = 10;

export function LatestTrades() {
  const text = useText();
  const query = useQuery(tradesQuery(SHOWN));
  return (
    <Sheet title={text.trades.title}>
      <QueryView query={query} what={text.state.what.trades} skeleton={<Rows count={5} height={44} />}>
        {(trades) =>
          trades.length === 0 ? <Empty title={text.trades.empty} text={text.trades.emptyText} /> : <TradesTable trades={trades} />
        }
      </QueryView>
    </Sheet>
  );
}

function TradesTable({ trades }: { trades: readonly Trade[] }) {
  const { columns, title } = useText().trades;
  return (
    <table className="ledger">
      <caption className="sr-only">{title}</caption>
      <thead>
        <tr>
          <th scope="col">{columns.contestant}</th>
          <th scope="col">{columns.trade}</th>
          <th scope="col" className="num max-sm:hidden">
            {columns.prices}
          </th>
          <th scope="col" className="num">
            {columns.pnl}
          </th>
        </tr>
      </thead>
      <tbody>
        {trades.map((trade) => (
          <TradeRow key={trade.id} trade={trade} />
        ))}
      </tbody>
    </table>
  );
}

function TradeRow({ trade }: { trade: Trade }) {
  const { trades } = useText();
  const { moment } = useTimes();
  const who = useRoster().get(trade.contestant_id);
  const open = trade.state === "open";
  return (
    <tr>
      <td>
        <Named name={who?.name ?? trade.contestant_id} index={who?.color_index ?? null} baseline={who?.kind === "baseline"} />
        <span className="block text-small text-ink-3">{moment(trade.opened_at, "minute")}</span>
      </td>
      <td>
        <span className="sm:whitespace-nowrap">
          <span translate="no" className="font-medium">
            {trade.symbol}
          </span>{" "}
          {trades.sides[trade.side]} {trades.leverage(trade.leverage)}
        </span>
        <span className="block text-small text-ink-3">
          {trade.closed_at === null ? trades.open : `${exitOf(trade, trades)} ${moment(trade.closed_at, "clock")}`}
        </span>
      </td>
      <td className="num max-sm:hidden">
        {formatPrice(trade.entry_price)} → {trade.exit_price === null ? "…" : formatPrice(trade.exit_price)}
        <span className="block text-small text-ink-3">{formatQuantity(trade.entry_quantity)}</span>
      </td>
      <td className="num">
        <Change sign={signOf(trade.net_pnl)}>{formatMoney(trade.net_pnl, "always")}</Change>
        {open && <span className="block text-small text-ink-3">{trades.soFar}</span>}
      </td>
    </tr>
  );
}

function exitOf(trade: Trade, words: ReturnType<typeof useText>["trades"]): string {
  return trade.exit_reason === null ? "" : wordFor(words.exits, trade.exit_reason);
}
