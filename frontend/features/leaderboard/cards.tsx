"use client";

import type { ReactNode } from "react";
import type { Standing } from "@/api/client";
import { useText } from "@/i18n/use-text";
import { colorOf } from "@/lib/marks";
import {
  ApiCostCell,
  ConductCell,
  ContestantCell,
  DrawdownCell,
  EquityCell,
  ExposureCell,
  FeesCell,
  OutcomeCell,
  RankCell,
  ReturnFigure,
  ReturnInterval,
  SharpeCell,
  TradesCell,
} from "./cells";
import { type ColumnId, columns } from "./columns";
import type { StandingsTableModel } from "./table";

/** The standings on a phone: a card each, in the order chosen. */
export function StandingsCards({ table }: { table: StandingsTableModel }) {
  return (
    <div className="xl:hidden">
      <SortChoice table={table} />
      <ol className="grid gap-3 sm:grid-cols-2">
        {table.getRowModel().rows.map((row) => (
          <Card key={row.id} standing={row.original} />
        ))}
      </ol>
    </div>
  );
}

function Card({ standing }: { standing: Standing }) {
  const { board } = useText();
  return (
    <li
      className="min-w-0 border border-l-4 border-line bg-surface p-3"
      style={{ borderLeftColor: colorOf(standing.contestant.color_index) }}
    >
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <ContestantCell standing={standing} />
        </div>
        <div className="text-right">
          <EquityCell standing={standing} />
          <div className="font-semibold">
            <ReturnFigure standing={standing} />
          </div>
        </div>
      </div>
      <div className="mt-2 flex items-center justify-between gap-3 text-small text-ink-3">
        <span className="text-ink">
          <RankCell standing={standing} />
        </span>
        <ReturnInterval standing={standing} />
      </div>
      <dl className="mt-2.5 grid grid-cols-3 gap-x-3 gap-y-2 border-t border-line pt-2.5">
        <Figure term={board.columns.drawdown}>
          <DrawdownCell standing={standing} />
        </Figure>
        <Figure term={board.columns.sharpe}>
          <SharpeCell standing={standing} />
        </Figure>
        <Figure term={board.columns.trades}>
          <TradesCell standing={standing} />
        </Figure>
        <Figure term={board.columns.fees}>
          <FeesCell standing={standing} />
        </Figure>
        <Figure term={board.columns.exposure}>
          <ExposureCell standing={standing} />
        </Figure>
        <Figure term={board.columns.apiCost}>
          <ApiCostCell standing={standing} />
        </Figure>
        <Figure term={board.columns.conduct}>
          <ConductCell standing={standing} />
        </Figure>
        <Figure term={board.columns.outcome}>
          <OutcomeCell standing={standing} />
        </Figure>
      </dl>
    </li>
  );
}

function Figure({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-small text-ink-2">{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function SortChoice({ table }: { table: StandingsTableModel }) {
  const { board } = useText();
  const chosen = table.state.sorting[0]?.id ?? "rank";
  return (
    <label className="mb-3 flex items-center gap-2">
      <span className="text-small text-ink-2">{board.sort}</span>
      <select
        className="field"
        value={chosen}
        onChange={({ target }) =>
          table.setSorting([{ id: target.value, desc: table.getColumn(target.value)?.getFirstSortDir() === "desc" }])
        }
      >
        {columns.map(({ id }) => (
          <option key={id} value={id}>
            {board.columns[id as ColumnId]}
          </option>
        ))}
      </select>
    </label>
  );
}
