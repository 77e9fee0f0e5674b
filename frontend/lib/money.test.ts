import { describe, expect, test } from "vitest";
import { compareDecimals, formatDecimal, formatMoney, formatPrice, formatQuantity, MINUS, signOf } from "./money";

/** Small deterministic generator: the same cases on every run. */
function* numbers(count: number, seed = 7) {
  let state = seed;
  for (let index = 0; index < count; index++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    yield state;
  }
}

/** The reference: half-even rounding of `units / 10^scale` to `places`, in integers. */
function reference(units: bigint, scale: number, places: number): string {
  const negative = units < 0n;
  const size = negative ? -units : units;
  const step = 10n ** BigInt(scale - places);
  const [whole, rest] = [size / step, size % step];
  const up = rest * 2n > step || (rest * 2n === step && whole % 2n === 1n);
  const digits = String(up ? whole + 1n : whole).padStart(places + 1, "0");
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return (negative && /[1-9]/.test(text) ? "-" : "") + text;
}

function decimalText(units: bigint, scale: number): string {
  const size = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  return `${units < 0n ? "-" : ""}${size.slice(0, -scale)}.${size.slice(-scale)}`;
}

const plain = (text: string) => text.replaceAll(",", "").replace(MINUS, "-");

describe("amounts", () => {
  test("thousands are separated and cents are shown", () => {
    expect(formatMoney("10000")).toBe("10,000.00");
    expect(formatMoney("1234567.891")).toBe("1,234,567.89");
    expect(formatMoney("999")).toBe("999.00");
  });

  test("a tie goes to the even neighbour", () => {
    expect(formatMoney("0.125")).toBe("0.12");
    expect(formatMoney("0.135")).toBe("0.14");
    expect(formatMoney("0.1250000000000000000001")).toBe("0.13");
  });

  test("a carry runs through all nines", () => {
    expect(formatMoney("999.999")).toBe("1,000.00");
    expect(formatDecimal("9.5", { places: 0 })).toBe("10");
  });

  test("digits beyond a float survive", () => {
    expect(formatDecimal("12345678901234567890.123456789012345678", { places: 18 })).toBe("12,345,678,901,234,567,890.123456789012345678");
  });

  test("a change shows its sign, zero shows none", () => {
    expect(formatMoney("12.5", "always")).toBe("+12.50");
    expect(formatMoney("-12.5", "always")).toBe(`${MINUS}12.50`);
    expect(formatMoney("0.00", "always")).toBe("0.00");
    expect(formatMoney("-0.004", "always")).toBe("0.00");
  });

  test("what is no plain decimal comes back unchanged", () => {
    for (const text of ["", "NaN", "1e5", "1,000", ".", "--1"]) expect(formatMoney(text)).toBe(text);
  });

  test("rounding agrees with integer arithmetic on two thousand amounts", () => {
    const source = numbers(4000);
    for (let index = 0; index < 2000; index++) {
      const size = BigInt(source.next().value ?? 0) * 1000n + BigInt(index % 3 === 0 ? 500 : index);
      const units = index % 2 === 0 ? size : -size;
      const places = Number(source.next().value ?? 0) % 6;
      expect(plain(formatDecimal(decimalText(units, 8), { places }))).toBe(reference(units, 8, places));
    }
  });
});

describe("prices and quantities", () => {
  test("a price has the digits its size needs", () => {
    expect(formatPrice("81324.6")).toBe("81,324.60");
    expect(formatPrice("117.6393971")).toBe("117.64");
    expect(formatPrice("2.252214024")).toBe("2.2522");
    expect(formatPrice("0.1249559893")).toBe("0.12496");
    expect(formatPrice("0.000012345678")).toBe("0.000012346");
  });

  test("a quantity loses only zeros that say nothing", () => {
    expect(formatQuantity("0.154400")).toBe("0.1544");
    expect(formatQuantity("141528.0")).toBe("141,528");
    expect(formatQuantity("100")).toBe("100");
  });
});

describe("order", () => {
  test("the sign of an amount is read from its digits", () => {
    expect(signOf("-0.000000001")).toBe(-1);
    expect(signOf("-0.0")).toBe(0);
    expect(signOf("3")).toBe(1);
    expect(signOf("n/a")).toBeNull();
  });

  test("sorting compares values, not text", () => {
    const sorted = ["10", "9.99", "-1", "0", "-10.5", "9.990001", "-1.0"].sort(compareDecimals);
    expect(sorted).toEqual(["-10.5", "-1", "-1.0", "0", "9.99", "9.990001", "10"]);
  });

  test("comparing something else is refused", () => {
    expect(() => compareDecimals("1", "one")).toThrow("not a decimal: one");
  });
});
