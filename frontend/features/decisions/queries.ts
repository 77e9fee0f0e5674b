import { queryOptions } from "@tanstack/react-query";
import { client, type Decision, unwrap } from "@/api/client";
import { KEYS } from "@/api/queries";

export type Verdict = Decision["verdict"];
export const VERDICTS: readonly Verdict[] = ["accepted", "refused", "held"];

export function latestDecisionsQuery(limit: number, verdict: Verdict | null) {
  return queryOptions({
    queryKey: [KEYS.decisions, limit, verdict],
    queryFn: async ({ signal }) => unwrap(await client.GET("/api/v1/decisions", { params: { query: { limit, verdict } }, signal })).items,
    refetchInterval: 60_000,
  });
}
