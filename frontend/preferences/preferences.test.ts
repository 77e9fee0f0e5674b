import { describe, expect, test } from "vitest";
import { bootScript } from "./boot";
import { DEFAULTS, languageOf, parsePreferences, riseOf } from "./preferences";

describe("stored preferences", () => {
  test("nothing, nonsense and unknown values give the defaults", () => {
    for (const text of [null, "", "{", "null", "[]", '{"theme":"pink","zone":7}']) expect(parsePreferences(text)).toEqual(DEFAULTS);
  });

  test("one bad value does not spoil the others", () => {
    expect(parsePreferences('{"theme":"dark","language":"fr"}')).toEqual({ ...DEFAULTS, theme: "dark" });
  });
});

describe("language", () => {
  test("follows the browser until somebody chooses", () => {
    expect(languageOf(DEFAULTS, ["fr-FR", "zh-TW", "en"])).toBe("zh");
    expect(languageOf(DEFAULTS, ["en-US", "zh"])).toBe("en");
    expect(languageOf(DEFAULTS, ["fr"])).toBe("en");
    expect(languageOf({ ...DEFAULTS, language: "en" }, ["zh"])).toBe("en");
  });

  test("decides the colour of a gain until somebody chooses", () => {
    expect(riseOf(DEFAULTS, "zh")).toBe("red");
    expect(riseOf(DEFAULTS, "en")).toBe("green");
    expect(riseOf({ ...DEFAULTS, rise: "green" }, "zh")).toBe("green");
  });
});

describe("the script that runs before the first paint", () => {
  function boot(stored: string | null, languages: string[]) {
    const root = { lang: "", dataset: {} as Record<string, string> };
    const run = new Function("document", "localStorage", "navigator", bootScript);
    run({ documentElement: root }, { getItem: () => stored }, { languages });
    return root;
  }

  test("agrees with the page about language, theme and the colour of a gain", () => {
    for (const language of ["auto", "zh", "en"] as const)
      for (const rise of ["auto", "red", "green"] as const)
        for (const browser of [["zh-CN"], ["en"], ["fr", "zh"], []]) {
          const preferences = { ...DEFAULTS, language, rise, theme: "dark" as const };
          const root = boot(JSON.stringify(preferences), browser);
          const expected = languageOf(preferences, browser);
          expect(root.lang).toBe(expected === "zh" ? "zh-CN" : "en");
          expect(root.dataset).toMatchObject({ theme: "dark", rise: riseOf(preferences, expected) });
        }
  });

  test("hides the prerendered English words from a Chinese reader until the page has taken over", () => {
    expect(boot(null, ["zh-CN"]).dataset.boot).toBe("");
    expect(boot(null, ["en"]).dataset.boot).toBeUndefined();
  });

  test("survives a browser that forbids storage", () => {
    const root = { lang: "", dataset: {} as Record<string, string> };
    const forbidden = {
      getItem: () => {
        throw new Error("denied");
      },
    };
    new Function("document", "localStorage", "navigator", bootScript)({ documentElement: root }, forbidden, { languages: ["en"] });
    expect(root.lang).toBe("en");
  });
});
