/** Moments and durations for people. Never asks what time it is: now is an argument. */

export type Zone = "utc" | "local";
export type Language = "zh" | "en";

export type MomentStyle = "clock" | "time" | "moment" | "minute";

const STYLES: Record<MomentStyle, Intl.DateTimeFormatOptions> = {
  clock: { hour: "2-digit", minute: "2-digit" },
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  moment: { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  minute: { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
};

const LOCALES: Record<Language, string> = { zh: "zh-CN", en: "en-GB" };

/** 24-hour clock in the chosen zone; the zone itself is named once a page, by `zoneName`. */
export function formatMoment(iso: string, style: MomentStyle, zone: Zone, language: Language): string {
  const options: Intl.DateTimeFormatOptions = { ...STYLES[style], hourCycle: "h23" };
  if (zone === "utc") options.timeZone = "UTC";
  return new Intl.DateTimeFormat(LOCALES[language], options).format(new Date(iso)).replace(/,(?= \d\d:)/, "");
}

/** `UTC`, or the local offset at a moment: `UTC+8`, `UTC−3:30`. */
export function zoneName(zone: Zone, at: Date): string {
  if (zone === "utc") return "UTC";
  const minutes = -at.getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const offset = rest === 0 ? `${hours}` : `${hours}:${String(rest).padStart(2, "0")}`;
  return minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "\u2212" : "+"}${offset}`;
}

/** 4:05 or 1:02:03; what is over is 0:00. */
export function formatCountdown(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds));
  const [hours, minutes, rest] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60), left % 60];
  const tail = String(rest).padStart(2, "0");
  return hours === 0 ? `${minutes}:${tail}` : `${hours}:${String(minutes).padStart(2, "0")}:${tail}`;
}

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "3 min ago", in whole units of the largest that fits. */
export function formatAgo(seconds: number, language: Language): string {
  const words = new Intl.RelativeTimeFormat(LOCALES[language], { style: "short", numeric: "always" });
  const past = Math.max(0, seconds);
  for (const [unit, size] of UNITS) {
    if (past >= size) return words.format(-Math.floor(past / size), unit);
  }
  return words.format(-Math.floor(past), "second");
}

/** A length of time in short: 240 s → 4 min. */
export function formatLength(seconds: number, language: Language): string {
  const found = UNITS.find(([, size]) => seconds >= size);
  const [unit, size] = found ?? ["second", 1];
  const value = Math.floor(Math.max(0, seconds) / size);
  return new Intl.NumberFormat(LOCALES[language], { style: "unit", unit, unitDisplay: "short" }).format(value);
}

/**
 * Market time at this moment, in milliseconds since the epoch. The server said `marketTime` when the local clock read
 * `receivedAt`; since then market time went on `speed` times as fast as the clock on the wall.
 */
export function marketNow(marketTime: string, receivedAt: number, now: number, speed: number): number {
  return Date.parse(marketTime) + Math.max(0, now - receivedAt) * speed;
}

/** A time as the chart wants it: the wall clock of the zone, written as if it were UTC. */
export function wallSeconds(seconds: number, zone: Zone): number {
  return zone === "utc" ? seconds : seconds - new Date(seconds * 1000).getTimezoneOffset() * 60;
}
