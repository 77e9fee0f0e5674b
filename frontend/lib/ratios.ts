/** Ratios as the API sends them (0.05 is 5 %): statistics, floats by nature, never money. */

import { MINUS } from "./money";

function formatted(value: number, places: number, always: boolean): string {
  const [whole = "", fraction = ""] = Math.abs(value).toFixed(places).split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction === "" ? "" : `.${fraction}`);
  if (!/[1-9]/.test(text)) return text;
  if (value < 0) return MINUS + text;
  return always ? `+${text}` : text;
}

/** 0.0487 is 4.87%; `always` shows the plus of a gain. */
export function formatPercent(ratio: number, sign: "negative" | "always" = "negative", places = 2): string {
  return `${formatted(ratio * 100, places, sign === "always")}%`;
}

/** A bare figure such as a Sharpe ratio. */
export function formatFigure(value: number, places = 2): string {
  return formatted(value, places, false);
}
