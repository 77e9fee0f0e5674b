import type { ReactNode } from "react";
import { classes } from "./classes";

const TONES = { warn: "border-warn bg-warn-ground", bad: "border-bad bg-bad-ground" } as const;

/** A sentence that must be seen. */
export function Notice({ tone, children }: { tone: keyof typeof TONES; children: ReactNode }) {
  return <div className={classes("border-l-4 px-3 py-2", TONES[tone])}>{children}</div>;
}
