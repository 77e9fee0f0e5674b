import { describe, expect, test } from "vitest";
import { place, scaleOf, secondsTaken, spreadOfAsking } from "./timing";

const at = (second: number) => new Date(second * 1000).toISOString();
const turn = (asked: number, answered: number | null, deadline: number) => ({
  asked_at: at(asked),
  answered_at: answered === null ? null : at(answered),
  deadline_at: at(deadline),
});
const unknown = { asked_at: null, answered_at: null, deadline_at: null };

test("the time taken is that of the steps by the clock", () => {
  expect(secondsTaken({ see: 300, see_cpu: 90, ask: 1_700, loop_blocked_max: 50 })).toBe(2);
  expect(secondsTaken(null)).toBeNull();
});

describe("the common scale", () => {
  test("begins with the first question and holds the deadline and the latest answer", () => {
    const scale = scaleOf([turn(10, 12, 20), turn(11, 25, 20), unknown]);
    expect(scale?.begin).toBe(10_000);
    expect(scale && place(at(25), scale)).toBeCloseTo(1 / 1.03);
    expect(scale && place(at(10), scale)).toBe(0);
  });

  test("is none for turns without times", () => {
    expect(scaleOf([unknown])).toBeNull();
    expect(spreadOfAsking([unknown])).toBeNull();
  });

  test("tells how far apart the questions were", () => {
    expect(spreadOfAsking([turn(10, null, 20), turn(10.004, 12, 20)])).toBe(4);
  });
});
