import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { type Cycle, type CycleDetail, client, unwrap } from "@/api/client";
import { KEYS } from "@/api/queries";

export type State = Cycle["state"];
export const STATES: readonly State[] = ["running", "done", "skipped", "interrupted"];

const PAGE = 50;
const WHILE_RUNNING_MS = 2_000;

export function cyclesQuery(state: State | null) {
  return infiniteQueryOptions({
    queryKey: [KEYS.cycles, "list", state],
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: PAGE, state, cursor: pageParam === null ? null : Number(pageParam) };
      return unwrap(await client.GET("/api/v1/cycles", { params: { query }, signal }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor: cursor }) => cursor,
    refetchInterval: 60_000,
  });
}

/** A finished cycle never changes, but for the link to the one after it. */
export function cycleQuery(id: number) {
  return queryOptions({
    queryKey: [KEYS.cycles, id],
    queryFn: async ({ signal }) => unwrap(await client.GET("/api/v1/cycles/{cycle_id}", { params: { path: { cycle_id: id } }, signal })),
    refetchInterval: ({ state: { data } }) => (isOpen(data) ? WHILE_RUNNING_MS : false),
  });
}

export function conversationQuery(id: number) {
  return queryOptions({
    queryKey: [KEYS.conversations, id],
    queryFn: async ({ signal }) =>
      unwrap(await client.GET("/api/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

function isOpen(cycle: CycleDetail | undefined): boolean {
  return cycle?.state === "running";
}
