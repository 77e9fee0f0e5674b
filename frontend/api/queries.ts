/** Server state that more than one feature shows. What only one needs is in its own `queries.ts`. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Contestant, client, unwrap } from "./client";

/** Names of the cached answers; events name them to have them read again. */
export const KEYS = {
  status: "status",
  leaderboard: "leaderboard",
  models: "models",
  equity: "equity",
  trades: "trades",
  decisions: "decisions",
  logs: "logs",
  cycles: "cycles",
  conversations: "conversations",
} as const;
export type Key = (typeof KEYS)[keyof typeof KEYS];

const SECONDS = 1000;

export const statusQuery = queryOptions({
  queryKey: [KEYS.status],
  // The answer's age decides how far market time has gone on since.
  queryFn: async ({ signal }) => ({ status: unwrap(await client.GET("/api/v1/system/status", { signal })), receivedAt: Date.now() }),
  refetchInterval: 5 * SECONDS,
});

export const leaderboardQuery = queryOptions({
  queryKey: [KEYS.leaderboard],
  queryFn: async ({ signal }) => unwrap(await client.GET("/api/v1/leaderboard", { signal })),
  refetchInterval: 30 * SECONDS,
});

export const modelsQuery = queryOptions({
  queryKey: [KEYS.models],
  queryFn: async ({ signal }) => unwrap(await client.GET("/api/v1/models", { signal })),
  staleTime: 60 * SECONDS,
});

/** Everybody by id, for names and marks beside ids. Empty until known. */
export function useRoster(): ReadonlyMap<string, Contestant> {
  const { data } = useQuery(modelsQuery);
  return useMemo(() => new Map((data ?? []).map(({ contestant }) => [contestant.id, contestant])), [data]);
}

/** The newest trades: for their list, and for the marks on the chart. */
export function tradesQuery(limit: number) {
  return queryOptions({
    queryKey: [KEYS.trades, limit],
    queryFn: async ({ signal }) => unwrap(await client.GET("/api/v1/trades", { params: { query: { limit } }, signal })).items,
    refetchInterval: 60 * SECONDS,
  });
}
