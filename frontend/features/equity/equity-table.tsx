"use client";

import { useText, useTimes } from "@/i18n/use-text";
import { formatMoney } from "@/lib/money";
import { newestTimes, pointAt, secondsOf } from "@/lib/series";
import { Named } from "@/ui/named";
import type { Line } from "./lines";

const ROWS = 50;

/** The curves as figures, newest first. */
export function EquityTable({ lines }: { lines: readonly Line[] }) {
  const { race, state } = useText();
  const { moment } = useTimes();
  const times = newestTimes(
    lines.map(({ points }) => points),
    ROWS,
  );
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className="max-h-[28rem] overflow-auto" tabIndex={0} aria-label={race.title}>
        <table className="ledger">
          <thead className="sticky top-0 bg-ground">
            <tr>
              <th scope="col">{race.time}</th>
              {lines.map((line) => (
                <th key={line.id} scope="col" className="num">
                  <Named name={line.name} index={line.colorIndex} baseline={line.baseline} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {times.map((at) => (
              <tr key={at}>
                <th scope="row" className="font-normal!">
                  {moment(at)}
                </th>
                {lines.map((line) => (
                  <td key={line.id} className="num">
                    {exactly(line, at) ?? state.unknown}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p className="mt-2 text-small text-ink-3">{race.newest(times.length)}</p>
    </>
  );
}

/** Equity at exactly that moment: nothing is carried over from an earlier one. */
function exactly(line: Line, at: string): string | null {
  const point = pointAt(line.points, secondsOf(at));
  return point !== null && secondsOf(point.at) === secondsOf(at) ? formatMoney(point.equity) : null;
}
