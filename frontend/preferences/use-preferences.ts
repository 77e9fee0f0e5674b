"use client";

/** Preferences as React reads them; other tabs and other components follow a change at once. */

import { useMemo, useSyncExternalStore } from "react";
import type { Language } from "@/lib/time";
import { languageOf, type Preferences, parsePreferences, riseOf, STORAGE_KEY } from "./preferences";

const CHANGED = "tiltyard:preferences";

function subscribe(onChange: () => void): () => void {
  window.addEventListener("storage", onChange);
  window.addEventListener(CHANGED, onChange);
  return () => {
    window.removeEventListener("storage", onChange);
    window.removeEventListener(CHANGED, onChange);
  };
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function browserLanguages(): string {
  return navigator.languages.join(",");
}

export type Chosen = Preferences & { language: Language; riseColor: "green" | "red" };

/** The exported pages are rendered with the defaults; the reader's own choices follow as soon as the page is alive. */
export function usePreferences(): Chosen {
  const text = useSyncExternalStore(subscribe, stored, () => null);
  const browser = useSyncExternalStore(subscribe, browserLanguages, () => "en");
  return useMemo(() => {
    const preferences = parsePreferences(text);
    const language = languageOf(preferences, browser.split(","));
    return { ...preferences, language, riseColor: riseOf(preferences, language) };
  }, [text, browser]);
}

/** Keeps a choice. Where the browser forbids storage the choice is lost with the page, and nothing breaks. */
export function choose(change: Partial<Preferences>): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify({ ...parsePreferences(stored()), ...change }));
  } catch {
    return;
  }
  window.dispatchEvent(new Event(CHANGED));
}
