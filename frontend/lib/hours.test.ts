import { expect, test } from "vitest";
import { filledHours } from "./hours";

test("hours without a line in the log count zero", () => {
  const now = Date.parse("2026-11-25T08:30:00Z");
  const day = filledHours([{ at: "2026-11-25T07:00:00.000Z", errors: 2, warnings: 1 }], now, 3);
  expect(day.map(({ errors }) => errors)).toEqual([0, 2, 0]);
  expect(day.map(({ at }) => at.slice(11, 16))).toEqual(["06:00", "07:00", "08:00"]);
});

test("counts older than the window are left out", () => {
  const now = Date.parse("2026-11-25T08:30:00Z");
  const day = filledHours([{ at: "2026-11-20T07:00:00.000Z", errors: 9, warnings: 9 }], now, 24);
  expect(day).toHaveLength(24);
  expect(day.some(({ errors }) => errors > 0)).toBe(false);
});
