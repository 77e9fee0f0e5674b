"use client";

import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";

/** Explains its child on hover and on focus. The child must be able to take focus. */
export function Explained({ text, children }: { text: string; children: ReactNode }) {
  return (
    <Tooltip.Provider delayDuration={250} skipDelayDuration={200}>
      <Tooltip.Root>
        <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
        <Tooltip.Portal>
          <Tooltip.Content
            sideOffset={6}
            collisionPadding={12}
            className="z-40 max-w-72 bg-ink px-3 py-2 text-small font-normal whitespace-normal text-ground shadow-lg"
          >
            {text}
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </Tooltip.Provider>
  );
}
