import { describe, expect, test } from "vitest";
import type { EquityPoint, Leaderboard, Standing } from "@/api/client";
import { csvOf, linesOf, stepsOf } from "./lines";

const NONE = { value: null, low: null, high: null };

function standing(id: string, equity: string): Standing {
  const who = { id, name: id.toUpperCase(), kind: "model" as const, provider: "p", model: "m", template: null, color_index: 4 };
  const contestant = { ...who, state: "active" as const, state_reason: null, close_only: false };
  const money = { equity, available: "0", unrealised_pnl: "1", fees: "0", funding: "0", api_cost_usd: null, exposure: "0" };
  const conduct = { unpriced_calls: 0, equity_net_of_api: null, turns: 0, compliance_rate: null, intervention_rate: null };
  const figures = { total_return: NONE, max_drawdown: NONE, sharpe: NONE, trades: 0, wins: 0, open_positions: 0 };
  return { rank: 1, rank_best: 1, rank_worst: 1, contestant, ...money, ...conduct, ...figures, last_outcome: null, last_outcome_at: null };
}

function board(at: string, ...standings: Standing[]): Leaderboard {
  return { at, season: null, initial_capital: "10000", separable: false, observations: 0, standings };
}

function point(minute: number, equity = "10000"): EquityPoint {
  return { at: new Date(minute * 60_000).toISOString(), equity, wallet: equity, unrealised_pnl: "0" };
}

describe("curves", () => {
  test("end with the value the leaderboard shows", () => {
    const [line] = linesOf(board(point(6).at, standing("a", "10001.5")), [{ contestant_id: "a", points: [point(0), point(5)] }]);
    expect(line?.points.at(-1)?.equity).toBe("10001.5");
    expect(line?.points).toHaveLength(3);
  });

  test("follow the order of the standings and exist without any stored point", () => {
    const lines = linesOf(board(point(6).at, standing("b", "2"), standing("a", "1")), []);
    expect(lines.map(({ id, points }) => [id, points.length])).toEqual([
      ["b", 1],
      ["a", 1],
    ]);
  });

  test("break where points are more than three usual steps apart", () => {
    const lines = linesOf(board(point(10).at, standing("a", "1")), [{ contestant_id: "a", points: [point(0), point(5)] }]);
    expect(stepsOf(lines, 300)).toEqual({ step: 300, gap: 900 });
  });
});

test("the CSV has every point with its amounts untouched", () => {
  const lines = [{ id: "a", name: "A", colorIndex: 0, baseline: false, points: [point(0, "10084.82236128000000000000000")] }];
  expect(csvOf(lines).split("\r\n")[1]).toBe("1970-01-01T00:00:00.000Z,a,10084.82236128000000000000000,10084.82236128000000000000000,0");
});
