"use client";

import { FlexRender, type Header, type ReactTable } from "@tanstack/react-table";
import type { Standing } from "@/api/client";
import { useText } from "@/i18n/use-text";
import { colorOf } from "@/lib/marks";
import { Explained } from "@/ui/term";
import { type ColumnId, type features, LEFT } from "./columns";

export type StandingsTableModel = ReactTable<typeof features, Standing>;

const ARIA_SORT = { asc: "ascending", desc: "descending" } as const;
const ARROW = { asc: "▲", desc: "▼" } as const;

export function StandingsTable({ table }: { table: StandingsTableModel }) {
  const { board } = useText();
  return (
    <div className="overflow-x-auto max-xl:hidden">
      <table className="ledger dense">
        <caption className="sr-only">{board.title}</caption>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <HeaderCell key={header.id} header={header} />
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} className="hover:bg-surface">
              {row.getAllCells().map((cell, index) => (
                <td
                  key={cell.id}
                  className={LEFT.has(cell.column.id) ? undefined : "num"}
                  style={index === 0 ? { boxShadow: `inset 4px 0 ${colorOf(row.original.contestant.color_index)}` } : undefined}
                >
                  <FlexRender cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function HeaderCell({ header }: { header: Header<typeof features, Standing> }) {
  const { board } = useText();
  const { column } = header;
  const id = column.id as ColumnId;
  const sorted = column.getIsSorted();
  return (
    <th scope="col" aria-sort={sorted === false ? undefined : ARIA_SORT[sorted]} className={LEFT.has(id) ? undefined : "num"}>
      <Explained text={board.explain[id]}>
        <button
          type="button"
          onClick={column.getToggleSortingHandler()}
          className="underline decoration-line-strong decoration-dotted underline-offset-4 hover:text-ink"
        >
          {board.columns[id]}
          <span aria-hidden="true" className="inline-block w-3 text-right text-[0.5rem]">
            {sorted !== false && ARROW[sorted]}
          </span>
        </button>
      </Explained>
    </th>
  );
}
