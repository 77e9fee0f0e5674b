/**
 * Exact decimals as the API sends them: strings in, strings out. Nothing here turns an amount into a float,
 * except `toNumber`, which is for drawing only.
 */

export const MINUS = "\u2212";

type Decimal = { negative: boolean; whole: string; fraction: string };

export type DecimalFormat = {
  /** Digits after the point; left out: as many as there are. */
  places?: number;
  /** `always` puts a plus before a gain too. Zero never has a sign. */
  sign?: "negative" | "always";
};

const PLAIN = /^([+-]?)(\d+)(?:\.(\d+))?$/;

function parse(text: string): Decimal | null {
  const found = PLAIN.exec(text.trim());
  if (found === null) return null;
  const whole = (found[2] ?? "").replace(/^0+(?=\d)/, "");
  return { negative: found[1] === "-", whole, fraction: found[3] ?? "" };
}

function isZero({ whole, fraction }: Decimal): boolean {
  return !/[1-9]/.test(whole + fraction);
}

/** Half-even, as the books round: a tie goes to the even neighbour. */
function roundsUp(kept: string, dropped: string): boolean {
  const first = dropped.charAt(0);
  if (first !== "5") return first > "5";
  const exactTie = !/[1-9]/.test(dropped.slice(1));
  return !exactTie || Number(kept.at(-1)) % 2 === 1;
}

function increment(digits: string): string {
  const nines = /9*$/.exec(digits)?.[0].length ?? 0;
  const head = digits.slice(0, digits.length - nines);
  const last = head === "" ? "1" : head.slice(0, -1) + String(Number(head.at(-1)) + 1);
  return last + "0".repeat(nines);
}

function rounded(value: Decimal, places: number): Decimal {
  const kept = value.whole + value.fraction.slice(0, places).padEnd(places, "0");
  const dropped = value.fraction.slice(places);
  const digits = dropped !== "" && roundsUp(kept, dropped) ? increment(kept) : kept;
  const cut = digits.length - places;
  return { negative: value.negative, whole: digits.slice(0, cut), fraction: digits.slice(cut) };
}

function grouped(whole: string): string {
  return whole.replace(/\B(?=(\d{3})+$)/g, ",");
}

function signText(value: Decimal, sign: "negative" | "always"): string {
  if (isZero(value)) return "";
  if (value.negative) return MINUS;
  return sign === "always" ? "+" : "";
}

/** An amount for people: thousands separated, rounded half-even. What is no plain decimal comes back unchanged. */
export function formatDecimal(text: string, { places, sign = "negative" }: DecimalFormat = {}): string {
  const exact = parse(text);
  if (exact === null) return text;
  const value = places === undefined ? exact : rounded(exact, places);
  const fraction = value.fraction === "" ? "" : `.${value.fraction}`;
  return signText(value, sign) + grouped(value.whole) + fraction;
}

/** USDT with cents. */
export function formatMoney(text: string, sign: "negative" | "always" = "negative"): string {
  return formatDecimal(text, { places: 2, sign });
}

/** A price with as many digits as its size needs: 81,324.60 · 117.64 · 2.2523 · 0.12496. */
export function formatPrice(text: string): string {
  const value = parse(text);
  if (value === null) return text;
  if (value.whole.length >= 3) return formatDecimal(text, { places: 2 });
  if (value.whole !== "0") return formatDecimal(text, { places: 4 });
  const leadingZeros = /^0*/.exec(value.fraction)?.[0].length ?? 0;
  return formatDecimal(text, { places: Math.min(leadingZeros + 5, 12) });
}

/** A quantity as exact as it is, without trailing zeros: 0.1544 · 68.2 · 141,528. */
export function formatQuantity(text: string): string {
  return formatDecimal(text.includes(".") ? text.replace(/\.?0+$/, "") : text);
}

/** −1, 0 or 1; null for what is no plain decimal. */
export function signOf(text: string): -1 | 0 | 1 | null {
  const value = parse(text);
  if (value === null) return null;
  if (isZero(value)) return 0;
  return value.negative ? -1 : 1;
}

function compareSizes(a: Decimal, b: Decimal): number {
  if (a.whole.length !== b.whole.length) return a.whole.length - b.whole.length;
  const length = Math.max(a.fraction.length, b.fraction.length);
  const left = a.whole + a.fraction.padEnd(length, "0");
  const right = b.whole + b.fraction.padEnd(length, "0");
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** For sorting: below zero when `a` is smaller. Throws on what is no plain decimal. */
export function compareDecimals(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (left === null || right === null) throw new Error(`not a decimal: ${left === null ? a : b}`);
  const [signA, signB] = [signOf(a) ?? 0, signOf(b) ?? 0];
  if (signA !== signB) return signA - signB;
  return signA < 0 ? compareSizes(right, left) : compareSizes(left, right);
}

/** For drawing only: a pixel needs no more than a float. */
export function toNumber(text: string): number {
  return Number(text);
}
