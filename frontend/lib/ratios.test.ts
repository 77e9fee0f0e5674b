import { expect, test } from "vitest";
import { formatFigure, formatPercent } from "./ratios";

test("a change shows its sign and a rounded zero shows none", () => {
  expect(formatPercent(0.0487, "always")).toBe("+4.87%");
  expect(formatPercent(-0.0487, "always")).toBe("−4.87%");
  expect(formatPercent(-0.000001, "always")).toBe("0.00%");
});

test("thousands are separated before the point only", () => {
  expect(formatPercent(123.456789, "negative", 4)).toBe("12,345.6789%");
  expect(formatFigure(-1863.251)).toBe("−1,863.25");
});
