"use client";

/** The curves on a canvas. Draws what it is given: no smoothing, nothing across a gap. */

import { useEffect, useRef, useState } from "react";
import type { Trade } from "@/api/client";
import { useText } from "@/i18n/use-text";
import { usePreferences } from "@/preferences/use-preferences";
import { Canvas, type Drawing } from "./canvas";
import { Legend } from "./legend";
import type { Line } from "./lines";
import type { Range } from "./queries";

type Props = {
  lines: readonly Line[];
  steps: { step: number; gap: number };
  capital: number;
  trades: readonly Trade[];
  range: Range;
  logarithmic: boolean;
  height: number;
};

export default function Chart({ lines, steps, capital, trades, range, logarithmic, height }: Props) {
  const { race, site } = useText();
  const { language, zone, theme } = usePreferences();
  const dark = useDarkSystem();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<Canvas | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);

  useEffect(() => {
    if (box.current === null) return;
    const made = new Canvas(box.current, setHovered);
    canvas.current = made;
    return () => made.remove();
  }, []);

  const drawing: Drawing = { lines, steps, capital, trades, logarithmic, zone, language, startLabel: race.start };
  useEffect(() => canvas.current?.draw(drawing));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new range starts in full view
  useEffect(() => canvas.current?.showAll(), [range]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read from the page, which the theme has changed
  useEffect(() => canvas.current?.recolor(), [theme, dark]);

  const names = lines.map(({ name }) => name).join(", ");
  return (
    <figure>
      <Legend lines={lines} capital={capital} hovered={hovered} />
      <div ref={box} role="img" aria-label={race.chartLabel(names)} className="border-b border-line" style={{ height }} />
      <figcaption className="mt-1 text-right text-small text-ink-3">
        <a className="hover:text-ink" href="https://www.tradingview.com/lightweight-charts/" rel="noreferrer" target="_blank">
          {site.chartCredit}
        </a>
      </figcaption>
    </figure>
  );
}

function useDarkSystem(): boolean {
  const [dark, setDark] = useState(false);
  useEffect(() => {
    const query = window.matchMedia("(prefers-color-scheme: dark)");
    const follow = () => setDark(query.matches);
    follow();
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return dark;
}
