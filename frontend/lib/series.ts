/** Equity over time, prepared for drawing: order, gaps and lookups. Amounts stay the API's strings until they become a pixel. */

export type Point = { at: string; equity: string };

/** Seconds since the epoch. */
export function secondsOf(iso: string): number {
  return Math.floor(Date.parse(iso) / 1000);
}

/** Oldest first with one point a second: of two in the same second the later one counts. */
export function distinct<P extends Point>(points: readonly P[]): P[] {
  const bySecond = new Map<number, P>();
  for (const point of points) bySecond.set(secondsOf(point.at), point);
  return [...bySecond.entries()].sort(([a], [b]) => a - b).map(([, point]) => point);
}

/** The series with the newest value at its end, unless the series is as new already. */
export function withLatest<P extends Point>(points: readonly P[], latest: P | null): readonly P[] {
  const last = points.at(-1);
  if (latest === null || (last !== undefined && secondsOf(latest.at) <= secondsOf(last.at))) return points;
  return [...points, latest];
}

export type Slot<P extends Point> = { seconds: number; point: P | null; endsRun: boolean };

/** Times in a gap to keep free, so that a long silence is wide and a short one narrow. */
const GAP_SLOTS_MAX = 60;

/**
 * Points and the empty slots between them. Two points further apart than `gapSeconds` have nothing between them: the line ends
 * at the first (`endsRun`) and free slots a `stepSeconds` apart follow.
 */
export function withGaps<P extends Point>(points: readonly P[], stepSeconds: number, gapSeconds: number): Slot<P>[] {
  const slots: Slot<P>[] = [];
  for (const [index, point] of points.entries()) {
    const seconds = secondsOf(point.at);
    const next = points[index + 1];
    const silence = next === undefined ? 0 : secondsOf(next.at) - seconds;
    slots.push({ seconds, point, endsRun: silence > gapSeconds });
    if (silence > gapSeconds) slots.push(...emptySlots<P>(seconds, silence, stepSeconds));
  }
  return slots;
}

function emptySlots<P extends Point>(from: number, silence: number, stepSeconds: number): Slot<P>[] {
  const step = Math.max(1, Math.ceil(Math.max(stepSeconds, silence / GAP_SLOTS_MAX)));
  const count = Math.ceil(silence / step) - 1;
  return Array.from({ length: count }, (_, index) => ({ seconds: from + (index + 1) * step, point: null, endsRun: false }));
}

/**
 * How far apart neighbours usually are: the interval, or wider where the series was thinned. A gap is several times this.
 */
export function usualStep(points: readonly Point[], intervalSeconds: number): number {
  const steps = points.slice(1).map((point, index) => secondsOf(point.at) - secondsOf(points[index]?.at ?? point.at));
  const middle = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? intervalSeconds;
  return Math.max(intervalSeconds, middle);
}

/** The last point at or before a time; null before the first. */
export function pointAt<P extends Point>(points: readonly P[], seconds: number): P | null {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const point = points[middle];
    if (point !== undefined && secondsOf(point.at) <= seconds) low = middle + 1;
    else high = middle;
  }
  return points[low - 1] ?? null;
}

/** Times at which any series has a point, newest first, at most `limit`. */
export function newestTimes(series: readonly (readonly Point[])[], limit: number): string[] {
  const bySecond = new Map<number, string>();
  for (const points of series) for (const point of points) bySecond.set(secondsOf(point.at), point.at);
  return [...bySecond.entries()]
    .sort(([a], [b]) => b - a)
    .slice(0, limit)
    .map(([, at]) => at);
}
