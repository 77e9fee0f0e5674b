import { client, unwrap } from "@/api/client";

/** What the operator can change about the arena as a whole. */
export const CHANGES = {
  start: async () => unwrap(await client.POST("/api/v1/system/scheduler/start")),
  stop: async () => unwrap(await client.POST("/api/v1/system/scheduler/stop")),
  runNow: async () => unwrap(await client.POST("/api/v1/system/scheduler/run-now")),
  entriesStop: async () => unwrap(await client.POST("/api/v1/system/entries/stop")),
  entriesResume: async () => unwrap(await client.POST("/api/v1/system/entries/resume")),
};

export type ChangeName = keyof typeof CHANGES;

/** What the operator can change about one contestant. */
export function contestantChanges(id: string) {
  const params = { path: { contestant_id: id } };
  return {
    pause: async () => unwrap(await client.POST("/api/v1/models/{contestant_id}/pause", { params })),
    resume: async () => unwrap(await client.POST("/api/v1/models/{contestant_id}/resume", { params })),
    contestantEntriesStop: async () => unwrap(await client.POST("/api/v1/models/{contestant_id}/entries/stop", { params })),
    contestantEntriesResume: async () => unwrap(await client.POST("/api/v1/models/{contestant_id}/entries/resume", { params })),
  };
}

/** Closing one position of one contestant. */
export function closeChange(id: string, symbol: string) {
  const params = { path: { contestant_id: id, symbol } };
  return { closed: async () => unwrap(await client.POST("/api/v1/models/{contestant_id}/positions/{symbol}/close", { params })) };
}
