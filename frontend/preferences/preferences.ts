/** What a reader chooses for this browser. Pure: reading and writing the storage is next door. */

import type { Language, Zone } from "@/lib/time";

export type Theme = "system" | "light" | "dark";
export type Rise = "auto" | "green" | "red";

export type Preferences = {
  language: Language | "auto";
  theme: Theme;
  zone: Zone;
  /** The colour of a gain; `auto` is red for Chinese and green for English. */
  rise: Rise;
};

export const STORAGE_KEY = "tiltyard.preferences";

export const DEFAULTS: Preferences = { language: "auto", theme: "system", zone: "utc", rise: "auto" };

const ALLOWED: { [Key in keyof Preferences]: readonly Preferences[Key][] } = {
  language: ["auto", "zh", "en"],
  theme: ["system", "light", "dark"],
  zone: ["utc", "local"],
  rise: ["auto", "green", "red"],
};

function chosen<Key extends keyof Preferences>(stored: Record<string, unknown>, key: Key): Preferences[Key] {
  return ALLOWED[key].find((value) => value === stored[key]) ?? DEFAULTS[key];
}

/** Stored text as preferences; whatever is missing or unknown takes its default. */
export function parsePreferences(text: string | null): Preferences {
  const stored = parseObject(text);
  return {
    language: chosen(stored, "language"),
    theme: chosen(stored, "theme"),
    zone: chosen(stored, "zone"),
    rise: chosen(stored, "rise"),
  };
}

function parseObject(text: string | null): Record<string, unknown> {
  if (text === null) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** The first of the browser's languages that is spoken here; English otherwise. */
export function languageOf(preferences: Preferences, browser: readonly string[]): Language {
  if (preferences.language !== "auto") return preferences.language;
  const known = browser.map((tag) => tag.toLowerCase().slice(0, 2)).find((tag) => tag === "zh" || tag === "en");
  return known === "zh" ? "zh" : "en";
}

export function riseOf(preferences: Preferences, language: Language): "green" | "red" {
  if (preferences.rise !== "auto") return preferences.rise;
  return language === "zh" ? "red" : "green";
}
