import { describe, expect, test } from "vitest";
import { formatAgo, formatCountdown, formatLength, formatMoment, marketNow, wallSeconds, zoneName } from "./time";

describe("moments", () => {
  test("UTC is shown whatever the zone of the machine", () => {
    expect(formatMoment("2026-11-25T08:05:09.123Z", "moment", "utc", "en")).toBe("25 Nov 08:05:09");
    expect(formatMoment("2026-11-25T08:05:09.123Z", "moment", "utc", "zh")).toBe("11月25日 08:05:09");
    expect(formatMoment("2026-11-25T00:05:09Z", "time", "utc", "en")).toBe("00:05:09");
  });

  test("UTC is named as such", () => {
    expect(zoneName("utc", new Date(0))).toBe("UTC");
  });
});

describe("durations", () => {
  test("a countdown shows minutes and seconds, and hours when needed", () => {
    expect(formatCountdown(245)).toBe("4:05");
    expect(formatCountdown(3723)).toBe("1:02:03");
  });

  test("a countdown never runs below zero", () => {
    expect(formatCountdown(-3)).toBe("0:00");
  });

  test("an age is told in the largest unit that fits", () => {
    expect(formatAgo(59.9, "en")).toBe("59 sec ago");
    expect(formatAgo(185, "en")).toBe("3 min ago");
    expect(formatAgo(7200, "zh")).toBe("2小时前");
    expect(formatLength(240, "en")).toMatch(/^4 min/);
    expect(formatLength(3, "en")).toMatch(/^3 sec/);
  });
});

test("market time goes on at its own speed", () => {
  const asked = Date.parse("2026-01-01T00:00:00Z");
  expect(marketNow("2026-01-01T00:00:00Z", 1_000, 3_000, 60)).toBe(asked + 120_000);
  expect(marketNow("2026-01-01T00:00:00Z", 3_000, 1_000, 60)).toBe(asked);
});

test("the chart's clock is the wall clock of the zone", () => {
  expect(wallSeconds(3600, "utc")).toBe(3600);
  const local = new Date(wallSeconds(3600, "local") * 1000);
  expect(local.getUTCHours()).toBe(new Date(3600_000).getHours());
});
