import { expect, test } from "vitest";
import { colorOf, lineStyleOf, shapeOf } from "./marks";

test("a hundred participants have a hundred different marks", () => {
  const marks = Array.from({ length: 100 }, (_, index) => `${colorOf(index)} ${shapeOf(index)}`);
  expect(new Set(marks).size).toBe(100);
});

test("the first five lines differ in style alone", () => {
  expect(new Set([0, 1, 2, 3, 4].map(lineStyleOf)).size).toBe(5);
});
