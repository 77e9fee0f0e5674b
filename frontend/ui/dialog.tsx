"use client";

import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useState } from "react";

type Props = { title: string; description: string; closeLabel: string; onClose: () => void; children: ReactNode };

/** A small window over the page; Escape and a click beside it close it, and the focus goes back to where it was. */
export function Dialog({ title, description, closeLabel, onClose, children }: Props) {
  const [opener] = useState(() => document.activeElement);
  const giveBack = (event: Event) => {
    event.preventDefault();
    if (opener instanceof HTMLElement) opener.focus();
  };
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/50" />
        <Radix.Content
          onCloseAutoFocus={giveBack}
          className="fixed top-[18vh] left-1/2 z-50 w-[min(26rem,calc(100vw-2rem))] -translate-x-1/2 border-t-2 border-ink bg-surface p-5 shadow-xl"
        >
          <div className="flex items-start justify-between gap-4">
            <Radix.Title className="text-figure font-semibold">{title}</Radix.Title>
            <Radix.Close aria-label={closeLabel} className="-m-1 px-2 text-figure text-ink-2 hover:text-ink">
              ×
            </Radix.Close>
          </div>
          <Radix.Description className="mt-2 text-ink-2">{description}</Radix.Description>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
