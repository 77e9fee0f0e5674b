import { describe, expect, test } from "vitest";
import { distinct, newestTimes, type Point, pointAt, secondsOf, usualStep, withGaps, withLatest } from "./series";

const point = (minute: number, equity = "10000"): Point => ({ at: new Date(minute * 60_000).toISOString(), equity });

describe("order", () => {
  test("points come out oldest first, the later of two in one second wins", () => {
    const series = distinct([point(5, "2"), point(0, "1"), point(5, "3")]);
    expect(series.map(({ equity }) => equity)).toEqual(["1", "3"]);
  });

  test("the newest value is appended only when it is newer", () => {
    expect(withLatest([point(0)], point(5))).toHaveLength(2);
    expect(withLatest([point(5)], point(5))).toHaveLength(1);
    expect(withLatest([], point(5))).toHaveLength(1);
    expect(withLatest([point(0)], null)).toHaveLength(1);
  });
});

describe("gaps", () => {
  test("neighbours within three intervals stay joined", () => {
    const slots = withGaps([point(0), point(5), point(20)], 300, 900);
    expect(slots.every((slot) => slot.point !== null && !slot.endsRun)).toBe(true);
  });

  test("a longer silence ends the line and leaves free slots", () => {
    const slots = withGaps([point(0), point(30), point(35)], 300, 900);
    expect(slots.map((slot) => slot.point !== null)).toEqual([true, false, false, false, false, false, true, true]);
    expect(slots.map((slot) => slot.endsRun)).toEqual([true, false, false, false, false, false, false, false]);
  });

  test("times keep rising strictly through a silence of a year", () => {
    const slots = withGaps([point(0), point(525_600)], 300, 900);
    expect(slots.length).toBeLessThanOrEqual(62);
    expect(slots.every((slot, index) => index === 0 || slot.seconds > (slots[index - 1]?.seconds ?? 0))).toBe(true);
  });

  test("a thinned series is not taken for one full of gaps", () => {
    expect(usualStep([point(0), point(60), point(120)], 300)).toBe(3600);
    expect(usualStep([point(0)], 300)).toBe(300);
  });
});

describe("lookups", () => {
  const series = [point(0, "1"), point(5, "2"), point(10, "3")];

  test("a time between two points gets the earlier one", () => {
    expect(pointAt(series, secondsOf(point(7).at))?.equity).toBe("2");
    expect(pointAt(series, secondsOf(point(10).at))?.equity).toBe("3");
  });

  test("nothing is known before the first point", () => {
    expect(pointAt(series, -1)).toBeNull();
    expect(pointAt([], 0)).toBeNull();
  });

  test("the newest times of all series come first", () => {
    expect(newestTimes([series, [point(7)]], 2).map(secondsOf)).toEqual([600, 420]);
  });
});
