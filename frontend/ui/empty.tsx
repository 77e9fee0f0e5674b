import type { ReactNode } from "react";

/** Nothing here yet, and what to do about it. */
export function Empty({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <div className="border border-dashed border-line-strong px-4 py-8 text-center">
      <p className="font-medium">{title}</p>
      <p className="mx-auto mt-1 max-w-prose text-ink-2">{text}</p>
      {children !== undefined && <div className="mt-3">{children}</div>}
    </div>
  );
}
