"use client";

import { useText } from "@/i18n/use-text";

/** Says that a participant is a fixed rule and no model. */
export function BaselineTag() {
  const { board } = useText();
  return (
    <span
      title={board.baselineText}
      className="self-center border border-dashed border-line-strong px-1 text-small whitespace-nowrap text-ink-2"
    >
      {board.baseline}
    </span>
  );
}
