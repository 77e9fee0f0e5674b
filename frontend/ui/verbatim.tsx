"use client";

import { useState } from "react";
import { useText } from "@/i18n/use-text";
import { formatDecimal } from "@/lib/money";

const LONG = 1_200;
const PREVIEW = 700;

/** Text exactly as it is, whatever it holds: never a page, never shortened without saying so. A long one begins folded when `fold` is set. */
export function Verbatim({ text, label, fold = false }: { text: string; label: string; fold?: boolean }) {
  const { cycles } = useText();
  const [whole, setWhole] = useState(false);
  const long = fold && text.length > LONG;
  const shown = long && !whole ? `${text.slice(0, PREVIEW)}…` : text;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section tabIndex={0} aria-label={label} className="max-h-[32rem] overflow-auto bg-sunken p-2">
        <pre translate="no" className="font-mono text-small whitespace-pre-wrap wrap-anywhere">
          {shown}
        </pre>
      </section>
      {long && (
        <button
          type="button"
          aria-expanded={whole}
          onClick={() => setWhole(!whole)}
          className="mt-1 text-small text-ink-2 underline underline-offset-2 hover:text-ink"
        >
          {whole ? cycles.showLess : cycles.showAll(formatDecimal(String(text.length)))}
        </button>
      )}
    </>
  );
}
