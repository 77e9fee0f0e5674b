import { expect, test } from "vitest";
import { scaleOf } from "./scale";

test("the scale holds zero, every value and every interval", () => {
  const scale = scaleOf([
    { value: 0.05, low: -0.1, high: 0.2 },
    { value: 0.3, low: null, high: null },
  ]);
  expect(scale).toEqual([-0.1, 0.3]);
});

test("a scale without spread is still wide enough to draw on", () => {
  const [low, high] = scaleOf([{ value: 0, low: null, high: null }]);
  expect(high - low).toBeCloseTo(0.01);
  expect(scaleOf([])).toEqual([-0.005, 0.005]);
});
