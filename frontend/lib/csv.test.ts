import { expect, test } from "vitest";
import { toCsv } from "./csv";

test("amounts are written digit for digit", () => {
  expect(toCsv(["at", "equity"], [["2026-01-01T00:00:00Z", "10084.82236128000000000000000"]])).toBe(
    "at,equity\r\n2026-01-01T00:00:00Z,10084.82236128000000000000000\r\n",
  );
});

test("commas, quotes and line ends are quoted", () => {
  expect(toCsv(["a"], [['say "1,2"\n']])).toBe('a\r\n"say ""1,2""\n"\r\n');
});
