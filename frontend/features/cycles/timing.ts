/** When everybody was asked and answered, as figures to write and as places on one common scale. */

import type { Turn } from "@/api/client";

/** The steps of a cycle in their order. Beside them stand processor times and other measurements, which are no steps. */
const STEPS = ["see", "watch", "brief", "ask", "fill", "apply", "value"] as const;
export type StepName = (typeof STEPS)[number];

/** Seconds by the clock over all steps. Null while unknown. */
export function secondsTaken(timings: Record<string, number> | null): number | null {
  if (timings === null) return null;
  return steps(timings).reduce((sum, [, ms]) => sum + ms, 0) / 1000;
}

/** The steps that were taken, with their milliseconds by the clock. */
export function steps(timings: Record<string, number>): [StepName, number][] {
  return STEPS.flatMap((name): [StepName, number][] => (timings[name] === undefined ? [] : [[name, timings[name]]]));
}

type Times = Pick<Turn, "asked_at" | "answered_at" | "deadline_at">;

export type Scale = { begin: number; end: number };

/** From the first question to the last deadline or answer, with a little room behind it. Null when no times were recorded. */
export function scaleOf(turns: readonly Times[]): Scale | null {
  const asked = momentsOf(turns, "asked_at");
  if (asked.length === 0) return null;
  const begin = Math.min(...asked);
  const last = Math.max(begin + 1, ...momentsOf(turns, "deadline_at"), ...momentsOf(turns, "answered_at"));
  return { begin, end: begin + (last - begin) * 1.03 };
}

/** A moment as a share of the scale. */
export function place(iso: string, { begin, end }: Scale): number {
  return (Date.parse(iso) - begin) / (end - begin);
}

/** Milliseconds between the first and the last question; null when no times were recorded. */
export function spreadOfAsking(turns: readonly Times[]): number | null {
  const asked = momentsOf(turns, "asked_at");
  return asked.length === 0 ? null : Math.max(...asked) - Math.min(...asked);
}

function momentsOf(turns: readonly Times[], name: keyof Times): number[] {
  return turns
    .map((turn) => turn[name])
    .filter((iso) => iso !== null)
    .map(Date.parse);
}
