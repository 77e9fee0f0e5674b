import { describe, expect, test } from "vitest";
import { en } from "./en";
import { adviceFor, wordFor } from "./lookup";
import { zh } from "./zh";

type Leaf = { path: string; value: unknown };

function leaves(tree: object, prefix = ""): Leaf[] {
  return Object.entries(tree).flatMap(([key, value]): Leaf[] =>
    typeof value === "object" && value !== null ? leaves(value, `${prefix}${key}.`) : [{ path: prefix + key, value }],
  );
}

/** The same in both languages on purpose. */
const SHARED = new Set(["state.unknown", "display.zones.utc", "race.csv", "board.interval"]);

const english = leaves(en);
const chinese = new Map(leaves(zh).map(({ path, value }) => [path, value]));

describe("messages", () => {
  test("both languages have the same keys", () => {
    expect([...chinese.keys()].sort()).toEqual(english.map(({ path }) => path).sort());
  });

  test("nothing is empty", () => {
    for (const { path, value } of [...english, ...leaves(zh)]) if (typeof value === "string") expect(value.trim(), path).not.toBe("");
  });

  test("every Chinese text is Chinese", () => {
    for (const { path, value } of leaves(zh)) {
      if (typeof value === "string" && !SHARED.has(path) && !path.startsWith("trades.columns.prices"))
        expect(value, path).toMatch(/\p{Script=Han}/u);
    }
  });

  test("texts with parts take the same parts", () => {
    for (const { path, value } of english) {
      if (typeof value === "function") expect((chinese.get(path) as () => string).length, path).toBe(value.length);
    }
  });
});

describe("words for what the server sends", () => {
  test("an unknown value is shown as it came", () => {
    expect(wordFor(zh.codes, "INSUFFICIENT_MARGIN")).toBe("保证金不足");
    expect(wordFor(zh.codes, "SOMETHING_NEW")).toBe("SOMETHING_NEW");
    expect(wordFor(zh.codes, "constructor")).toBe("constructor");
  });

  test("a stored error tells what to do in the reader's language", () => {
    expect(adviceFor(en, "payment: 402 insufficient balance")).toBe(en.advice.payment);
    expect(adviceFor(zh, "NOT_JSON: Expecting value")).toBe("回复不是 JSON");
    expect(adviceFor(en, "something else")).toBeNull();
  });
});
