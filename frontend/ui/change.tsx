import type { ReactNode } from "react";

const COLORS = { [-1]: "text-fall", 0: "text-ink-2", 1: "text-rise" } as const;

/** A figure in the reader's colour of gain or loss. The text itself carries the sign. */
export function Change({ sign, children }: { sign: -1 | 0 | 1 | null; children: ReactNode }) {
  return <span className={sign === null ? undefined : COLORS[sign]}>{children}</span>;
}
