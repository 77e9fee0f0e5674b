"use client";

/**
 * Listens to the arena's events and has the answers they touch read again. A hidden page lets go of its connection
 * (browsers allow few per host); a lost one comes back quietly, and polling goes on meanwhile.
 */

import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { KEYS, type Key } from "./queries";

const TOUCHED: Record<string, readonly Key[]> = {
  cycle: [KEYS.status, KEYS.leaderboard, KEYS.equity, KEYS.logs, KEYS.cycles],
  decision: [KEYS.decisions, KEYS.models],
  trade: [KEYS.trades, KEYS.leaderboard],
  price: [KEYS.leaderboard],
  status: [KEYS.status, KEYS.models, KEYS.logs],
};

/** At most so often is an answer read again, however fast the market's clock runs. Whole series are the dear ones. */
const PAUSE_MS: Record<Key, number> = {
  status: 1_000,
  leaderboard: 1_000,
  trades: 1_000,
  decisions: 1_000,
  logs: 2_000,
  models: 5_000,
  equity: 5_000,
  cycles: 2_000,
  conversations: 60_000,
};

const RECONNECT_MS = 5_000;

/** Reads an answer again at once, or when its pause is over. Returns a stop. */
function refresher(queries: QueryClient) {
  const waiting = new Map<Key, ReturnType<typeof setTimeout>>();
  const lastAt = new Map<Key, number>();
  const read = (key: Key) => {
    if (queries.isFetching({ queryKey: [key] }) > 0) {
      // What is on its way may be older than the event, and cutting it off again and again would never let it arrive.
      waiting.set(key, setTimeout(read, PAUSE_MS[key], key));
      return;
    }
    waiting.delete(key);
    lastAt.set(key, performance.now());
    void queries.invalidateQueries({ queryKey: [key] });
  };
  return {
    touch(key: Key) {
      if (waiting.has(key)) return;
      const wait = (lastAt.get(key) ?? Number.NEGATIVE_INFINITY) + PAUSE_MS[key] - performance.now();
      waiting.set(key, setTimeout(read, Math.max(0, wait), key));
    },
    stop() {
      for (const timer of waiting.values()) clearTimeout(timer);
    },
  };
}

function listen(onEvent: (name: string) => void): () => void {
  let source: EventSource | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  const connect = () => {
    source = new EventSource("/api/v1/events");
    for (const name of Object.keys(TOUCHED)) source.addEventListener(name, () => onEvent(name));
    source.onerror = () => {
      // The browser retries a cut connection by itself, but gives up on an error status.
      if (source?.readyState === EventSource.CLOSED) again = setTimeout(connect, RECONNECT_MS);
    };
  };
  connect();
  return () => {
    clearTimeout(again);
    source?.close();
  };
}

export function useLiveUpdates(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const { touch, stop } = refresher(queries);
    const onEvent = (name: string) => {
      for (const key of TOUCHED[name] ?? []) touch(key);
    };
    let close: (() => void) | null = null;
    const follow = () => {
      if (document.hidden) {
        close?.();
        close = null;
      } else if (close === null) {
        close = listen(onEvent);
      }
    };
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      close?.();
      stop();
    };
  }, [queries]);
}
