/** A day of hourly counts with the empty hours filled in, for drawing errors over time. */

export type HourCount = { at: string; errors: number; warnings: number };

const HOUR = 3_600_000;

/** `hours` buckets ending with the hour of `now` (milliseconds), oldest first. */
export function filledHours(counts: readonly HourCount[], now: number, hours: number): HourCount[] {
  const known = new Map(counts.map((count) => [Math.floor(Date.parse(count.at) / HOUR), count]));
  const last = Math.floor(now / HOUR);
  return Array.from({ length: hours }, (_, index) => {
    const hour = last - hours + 1 + index;
    return known.get(hour) ?? { at: new Date(hour * HOUR).toISOString(), errors: 0, warnings: 0 };
  });
}
