"use client";

import { Popover as Radix } from "radix-ui";
import type { ReactNode } from "react";

type Props = { trigger: ReactNode; label: string; align?: "start" | "end"; children: ReactNode };

/** A note or a few settings under the button that opens it. `trigger` is a button. */
export function Popover({ trigger, label, align = "end", children }: Props) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          align={align}
          sideOffset={6}
          collisionPadding={12}
          className="z-40 max-w-[calc(100vw-1.5rem)] border border-line-strong bg-surface p-4 shadow-lg"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
