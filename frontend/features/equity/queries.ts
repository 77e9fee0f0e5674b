import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import { KEYS } from "@/api/queries";
import { distinct } from "@/lib/series";

export type Range = "all" | "week" | "day";
export const RANGES: readonly Range[] = ["all", "week", "day"];

const HOUR = 3_600_000;
const LENGTHS: Record<Exclude<Range, "all">, number> = { week: 7 * 24 * HOUR, day: 24 * HOUR };

/** More than a wide screen has pixels; every bucket of the thinned series keeps its extremes. */
const POINTS = 2_000;

/** One contestant's equity in a range that ends at `marketTime`. The range, not its moving start, names the cached answer. */
export function equityQuery(contestant: string, range: Range, marketTime: string | undefined) {
  const from = range === "all" || marketTime === undefined ? {} : { from: new Date(Date.parse(marketTime) - LENGTHS[range]).toISOString() };
  return queryOptions({
    queryKey: [KEYS.equity, contestant, range],
    queryFn: async ({ signal }) => {
      const params = { path: { contestant_id: contestant }, query: { ...from, points: POINTS } };
      const series = unwrap(await client.GET("/api/v1/models/{contestant_id}/equity", { params, signal }));
      return { ...series, points: distinct(series.points) };
    },
    refetchInterval: 60_000,
  });
}
