import type { EquityPoint, Leaderboard } from "@/api/client";
import { toCsv } from "@/lib/csv";
import { usualStep, withLatest } from "@/lib/series";

/** One contestant's curve, ready to be drawn, listed or saved. */
export type Line = { id: string; name: string; colorIndex: number; baseline: boolean; points: readonly EquityPoint[] };

const GAP_STEPS = 3;

type Series = { contestant_id: string; points: readonly EquityPoint[] };

/** Curves in the order of the standings, each ending with its live value. */
export function linesOf(board: Leaderboard, series: readonly Series[]): Line[] {
  const byContestant = new Map(series.map((one) => [one.contestant_id, one.points]));
  return board.standings.map(({ contestant, equity, unrealised_pnl }) => ({
    id: contestant.id,
    name: contestant.name,
    colorIndex: contestant.color_index,
    baseline: contestant.kind === "baseline",
    // The leaderboard values accounts at newer marks than the last stored point; it has no wallet, which the drawing does not need.
    points: withLatest(byContestant.get(contestant.id) ?? [], { at: board.at, equity, unrealised_pnl, wallet: "" }),
  }));
}

/** Distance between usual neighbours, and from which distance on nothing is drawn between two points. In seconds. */
export function stepsOf(lines: readonly Line[], intervalSeconds: number): { step: number; gap: number } {
  const step = Math.max(intervalSeconds, ...lines.map(({ points }) => usualStep(points, intervalSeconds)));
  return { step, gap: GAP_STEPS * step };
}

export function csvOf(lines: readonly Line[]): string {
  const rows = lines.flatMap(({ id, points }) => points.map((point) => [point.at, id, point.equity, point.wallet, point.unrealised_pnl]));
  return toCsv(["at", "contestant", "equity_usdt", "wallet_usdt", "unrealised_pnl_usdt"], rows);
}
