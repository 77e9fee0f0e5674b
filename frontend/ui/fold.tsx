"use client";

import { type ReactNode, useState } from "react";

type Props = { title: ReactNode; note?: ReactNode; children: ReactNode };

/** A part that opens on demand. What is inside is made only then. */
export function Fold({ title, note, children }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)} className="min-w-0">
      <summary className="py-1 marker:text-ink-3">
        <span className="font-medium">{title}</span> {note !== undefined && <span className="text-small text-ink-3">{note}</span>}
      </summary>
      {open && children}
    </details>
  );
}
