"use client";

import { useCallback, useState } from "react";

const AHEAD = "600px";

/** Whether an element has ever come near the view: what is far away need not be loaded yet. Give `watch` to the element as its ref. */
export function useSeen(): { seen: boolean; watch: (element: Element | null) => (() => void) | undefined } {
  const [seen, setSeen] = useState(false);
  const watch = useCallback((element: Element | null) => {
    if (element === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        setSeen(true);
        observer.disconnect();
      },
      { rootMargin: AHEAD },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { seen, watch };
}
