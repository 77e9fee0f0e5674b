import { infiniteQueryOptions } from "@tanstack/react-query";
import { client, type LogRow, unwrap } from "@/api/client";
import { KEYS } from "@/api/queries";

export type Level = LogRow["level"];
export const LEVELS: readonly Level[] = ["DEBUG", "INFO", "WARNING", "ERROR"];

export type Filter = { level: Level; contestant: string | null };

const LINES = 50;

/** Log lines of a level and above, newest first, a page at a time. */
export function logsQuery({ level, contestant }: Filter) {
  return infiniteQueryOptions({
    queryKey: [KEYS.logs, level, contestant],
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        level,
        limit: LINES,
        ...(contestant === null ? {} : { contestant }),
        ...(pageParam === null ? {} : { cursor: pageParam }),
      };
      return unwrap(await client.GET("/api/v1/system/logs", { params: { query }, signal }));
    },
    initialPageParam: null as number | null,
    getNextPageParam: ({ next_cursor }) => (next_cursor === null ? undefined : Number(next_cursor)),
    refetchInterval: 5_000,
  });
}
