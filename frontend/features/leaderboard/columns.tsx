import { createColumnHelper, createSortedRowModel, rowSortingFeature, type SortFn, tableFeatures } from "@tanstack/react-table";
import type { Standing } from "@/api/client";
import { compareDecimals } from "@/lib/money";
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
  ReturnCell,
  SharpeCell,
  TradesCell,
} from "./cells";

export const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel(), sortFns: {} });
type Features = typeof features;

export type ColumnId =
  | "rank"
  | "contestant"
  | "equity"
  | "totalReturn"
  | "drawdown"
  | "sharpe"
  | "trades"
  | "fees"
  | "exposure"
  | "apiCost"
  | "conduct"
  | "outcome";

/** Columns of words stand left, columns of figures right. */
export const LEFT: ReadonlySet<string> = new Set<ColumnId>(["rank", "contestant", "outcome"]);

const byAmount: SortFn<Features, Standing> = (a, b, id) => compareDecimals(a.getValue<string>(id), b.getValue<string>(id));
const byNumber: SortFn<Features, Standing> = (a, b, id) => a.getValue<number>(id) - b.getValue<number>(id);
const byWord: SortFn<Features, Standing> = (a, b, id) => a.getValue<string>(id).localeCompare(b.getValue<string>(id));

/** What is unknown sorts below everything known. */
const known = (value: number | null) => value ?? Number.NEGATIVE_INFINITY;

const column = createColumnHelper<Features, Standing>();

export const columns = column.columns([
  column.accessor("rank", { id: "rank", sortFn: byNumber, cell: ({ row }) => <RankCell standing={row.original} /> }),
  column.accessor((row) => row.contestant.name, {
    id: "contestant",
    sortFn: byWord,
    cell: ({ row }) => <ContestantCell standing={row.original} />,
  }),
  column.accessor("equity", {
    id: "equity",
    sortFn: byAmount,
    sortDescFirst: true,
    cell: ({ row }) => <EquityCell standing={row.original} />,
  }),
  column.accessor((row) => known(row.total_return.value), {
    id: "totalReturn",
    sortFn: byNumber,
    sortDescFirst: true,
    cell: ({ row, table }) => <ReturnCell standing={row.original} all={table.options.data} />,
  }),
  column.accessor((row) => known(row.max_drawdown.value), {
    id: "drawdown",
    sortFn: byNumber,
    sortDescFirst: true,
    cell: ({ row }) => <DrawdownCell standing={row.original} />,
  }),
  column.accessor((row) => known(row.sharpe.value), {
    id: "sharpe",
    sortFn: byNumber,
    sortDescFirst: true,
    cell: ({ row }) => <SharpeCell standing={row.original} />,
  }),
  column.accessor("trades", {
    id: "trades",
    sortFn: byNumber,
    sortDescFirst: true,
    cell: ({ row }) => <TradesCell standing={row.original} />,
  }),
  column.accessor("fees", { id: "fees", sortFn: byAmount, sortDescFirst: true, cell: ({ row }) => <FeesCell standing={row.original} /> }),
  column.accessor("exposure", {
    id: "exposure",
    sortFn: byAmount,
    sortDescFirst: true,
    cell: ({ row }) => <ExposureCell standing={row.original} />,
  }),
  column.accessor((row) => row.api_cost_usd ?? "0", {
    id: "apiCost",
    sortFn: byAmount,
    sortDescFirst: true,
    cell: ({ row }) => <ApiCostCell standing={row.original} />,
  }),
  column.accessor((row) => known(row.compliance_rate), {
    id: "conduct",
    sortFn: byNumber,
    sortDescFirst: true,
    cell: ({ row }) => <ConductCell standing={row.original} />,
  }),
  column.accessor((row) => row.last_outcome ?? "", {
    id: "outcome",
    sortFn: byWord,
    cell: ({ row }) => <OutcomeCell standing={row.original} />,
  }),
]);
