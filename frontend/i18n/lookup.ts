/** Words for values of open lists: what a newer server may send that this page has no word for is shown as it came. */

import type { Messages } from "./en";

export function wordFor(words: Record<string, string>, value: string): string {
  return Object.hasOwn(words, value) ? (words[value] ?? value) : value;
}

/** What to do about a stored error such as `auth: 401 …` or `NOT_JSON: …`; null where only the text itself can tell. */
export function adviceFor(text: Messages, error: string): string | null {
  const head = /^([A-Za-z_]+): /.exec(error)?.[1] ?? "";
  for (const words of [text.advice, text.codes] as Record<string, string>[]) {
    if (Object.hasOwn(words, head)) return words[head] ?? null;
  }
  return null;
}
