import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

/** What a folder may import from inside the project. Routes (`app`) may import everything and are imported by nobody. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  lib: ["lib"],
  preferences: ["preferences", "lib"],
  i18n: ["i18n", "preferences", "lib"],
  ui: ["ui", "i18n", "preferences", "lib"],
  api: ["api", "ui", "i18n", "preferences", "lib"],
  features: ["api", "ui", "i18n", "preferences", "lib"],
};

type Import = { file: string; from: string };

function importsOf(folder: string): Import[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .flatMap((name) => {
      const file = `${folder}/${name}`;
      const source = readFileSync(join(ROOT, file), "utf8");
      return [...source.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map((found) => ({ file, from: found[1] ?? "" }));
    });
}

const imports = Object.keys(MAY_IMPORT).flatMap(importsOf);

test("each folder imports only what stands below it", () => {
  const wrong = imports
    .filter(({ from }) => from.startsWith("@/"))
    .filter(({ file, from }) => !MAY_IMPORT[file.split("/")[0] ?? ""]?.includes(from.split("/")[1] ?? ""));
  expect(wrong).toEqual([]);
});

test("neighbours are named by one dot: no file climbs out of its folder", () => {
  expect(imports.filter(({ from }) => from.startsWith(".."))).toEqual([]);
});

test("lib is pure: it imports no library", () => {
  const foreign = imports.filter(({ file, from }) => file.startsWith("lib/") && !file.includes(".test.") && !/^(@\/lib|\.\/)/.test(from));
  expect(foreign).toEqual([]);
});
