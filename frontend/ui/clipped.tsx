"use client";

import { useState } from "react";
import { useText } from "@/i18n/use-text";
import { formatDecimal } from "@/lib/money";

const LONG = 400;
const PREVIEW = 280;

/** Somebody's own words in the flow of a page; a long text begins folded and says how long it is. */
export function Clipped({ text }: { text: string }) {
  const { cycles } = useText();
  const [whole, setWhole] = useState(false);
  if (text.length <= LONG) return text;
  return (
    <>
      {whole ? text : `${text.slice(0, PREVIEW)}…`}{" "}
      <button
        type="button"
        aria-expanded={whole}
        onClick={() => setWhole(!whole)}
        className="text-small underline underline-offset-2 hover:text-ink"
      >
        {whole ? cycles.showLess : cycles.showAll(formatDecimal(String(text.length)))}
      </button>
    </>
  );
}
