"use client";

import { useEffect, useState } from "react";

/** Milliseconds since the epoch, anew every `everyMs`. Null until the page is alive. */
export function useNow(everyMs: number): number | null {
  const [now, setNow] = useState<number | null>(null);
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
