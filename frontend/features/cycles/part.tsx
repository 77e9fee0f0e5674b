import type { ReactNode } from "react";

/** One row of a column. */
export function Part({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <div className="min-w-0 border-t border-line py-2">
      {title !== undefined && <h3 className="mb-1 text-small text-ink-2">{title}</h3>}
      {children}
    </div>
  );
}
