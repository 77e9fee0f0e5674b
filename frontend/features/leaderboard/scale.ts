import type { Estimate } from "@/api/client";

/** Never narrower than this, so that a first hundredth of a percent does not look like a landslide. */
const SPAN_MIN = 0.01;

/** Lower and upper end of one scale that holds zero and every figure with its interval. */
export function scaleOf(estimates: readonly Estimate[]): [number, number] {
  const all = [0, ...estimates.flatMap(({ value, low, high }) => [value, low, high]).filter((one) => one !== null)];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const missing = Math.max(0, SPAN_MIN - (high - low)) / 2;
  return [low - missing, high + missing];
}
