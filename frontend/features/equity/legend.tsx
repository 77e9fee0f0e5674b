"use client";

import { useText, useTimes } from "@/i18n/use-text";
import { formatMoney, toNumber } from "@/lib/money";
import { formatPercent } from "@/lib/ratios";
import { pointAt } from "@/lib/series";
import { Change } from "@/ui/change";
import { Named } from "@/ui/named";
import type { Line } from "./lines";

type Props = { lines: readonly Line[]; capital: number; hovered: number | null };

/** Values under the pointer, or the newest ones. */
export function Legend({ lines, capital, hovered }: Props) {
  const { race, state } = useText();
  const { moment } = useTimes();
  return (
    <div className="flex flex-wrap items-baseline justify-between gap-x-5 pb-2">
      <ul className="flex flex-wrap items-baseline gap-x-6 gap-y-1 max-sm:basis-full">
        {lines.map((line) => {
          const point = pointAt(line.points, hovered ?? Number.POSITIVE_INFINITY);
          return (
            <li key={line.id} className="flex min-w-0 items-baseline gap-2 max-sm:basis-full">
              <Named name={line.name} index={line.colorIndex} baseline={line.baseline} />
              {point === null ? state.unknown : <Value equity={point.equity} capital={capital} />}
            </li>
          );
        })}
      </ul>
      <span className="text-small text-ink-2">{hovered === null ? race.now : moment(new Date(hovered * 1000).toISOString())}</span>
    </div>
  );
}

function Value({ equity, capital }: { equity: string; capital: number }) {
  const gained = toNumber(equity) / capital - 1;
  return (
    <>
      <span className="min-w-18 text-right max-sm:ml-auto">{formatMoney(equity)}</span>
      <span className="min-w-14 text-right text-small">
        <Change sign={Math.sign(gained) as -1 | 0 | 1}>{formatPercent(gained, "always")}</Change>
      </span>
    </>
  );
}
