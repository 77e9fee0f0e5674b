/** Marks on a curve where its contestant's trades began and ended. */

import type { SeriesMarker, Time } from "lightweight-charts";
import type { Trade } from "@/api/client";
import { secondsOf } from "@/lib/series";
import type { Line } from "./lines";

type Moment = { at: string; shape: "arrowUp" | "arrowDown" | "square" | "circle" };

const EXITS: Record<string, Moment["shape"]> = { liquidation: "square" };

/** Opening points the way of the trade; a ball ends it, a block where it was liquidated. */
function momentsOf(trade: Trade): Moment[] {
  const opened: Moment = { at: trade.opened_at, shape: trade.side === "long" ? "arrowUp" : "arrowDown" };
  if (trade.closed_at === null) return [opened];
  return [opened, { at: trade.closed_at, shape: EXITS[trade.exit_reason ?? ""] ?? "circle" }];
}

/** Oldest first, as the chart wants them; what lies before the first point drawn is left out. */
export function marksOf(trades: readonly Trade[], line: Line, color: string, axis: (seconds: number) => Time): SeriesMarker<Time>[] {
  const first = line.points[0];
  if (first === undefined) return [];
  return trades
    .filter((trade) => trade.contestant_id === line.id)
    .flatMap(momentsOf)
    .filter(({ at }) => secondsOf(at) >= secondsOf(first.at))
    .sort((a, b) => secondsOf(a.at) - secondsOf(b.at))
    .map(({ at, shape }) => ({
      time: axis(secondsOf(at)),
      position: shape === "arrowUp" ? "belowBar" : shape === "arrowDown" ? "aboveBar" : "inBar",
      shape,
      color,
      size: shape === "circle" ? 0.4 : 0.6,
    }));
}
