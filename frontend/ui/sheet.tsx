import { type ReactNode, useId } from "react";

type Props = { title: string; level?: 1 | 2; note?: ReactNode; tools?: ReactNode; children: ReactNode };

/** A titled part of a page: strong rule, title, a note beside it, tools at the end of the line. */
export function Sheet({ title, level = 2, note, tools, children }: Props) {
  const id = useId();
  const Title = level === 1 ? "h1" : "h2";
  return (
    <section aria-labelledby={id} className="sheet min-w-0 pt-2.5">
      <div className="mb-2.5 flex min-h-8 flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <div className="flex min-w-0 flex-wrap items-baseline gap-x-3 gap-y-0.5">
          <Title id={id} className="text-figure font-semibold">
            {title}
          </Title>
          {note !== undefined && <div className="text-small text-ink-2">{note}</div>}
        </div>
        {tools}
      </div>
      {children}
    </section>
  );
}
