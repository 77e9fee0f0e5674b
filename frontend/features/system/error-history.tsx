"use client";

import type { SystemStatus } from "@/api/client";
import { useText, useTimes } from "@/i18n/use-text";
import { filledHours, type HourCount } from "@/lib/hours";
import { formatDecimal } from "@/lib/money";
import { Sheet } from "@/ui/sheet";

const HOURS = 24;
const HEIGHT = 88;

/** A bar an hour: errors solid at the bottom, warnings hatched on top. */
export function ErrorHistory({ status }: { status: SystemStatus }) {
  const { system } = useText();
  const hours = filledHours(status.error_history, Date.parse(status.market_time), HOURS);
  const most = Math.max(0, ...hours.map(({ errors, warnings }) => errors + warnings));
  const count = status.error_count;
  return (
    <Sheet
      title={system.errors}
      note={<span data-testid="error-count">{count === 0 ? system.noErrors : system.errorsTotal(formatDecimal(String(count)))}</span>}
    >
      <figure>
        <Bars hours={hours} most={most} />
        <div className="mt-1 flex justify-between pr-8 text-small text-ink-3" aria-hidden="true">
          <span>{system.hoursAgo(HOURS)}</span>
          <span>{system.hoursAgo(HOURS / 2)}</span>
          <span>{system.hoursAgo(0)}</span>
        </div>
        <figcaption className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-small text-ink-2">
          <span className="inline-flex items-center gap-1.5">
            <span className="size-2.5 bg-bad" /> {system.errorsOne}
          </span>
          <span className="inline-flex items-center gap-1.5">
            <span className="hatched size-2.5" /> {system.warningsOne}
          </span>
        </figcaption>
      </figure>
    </Sheet>
  );
}

function Bars({ hours, most }: { hours: readonly HourCount[]; most: number }) {
  const { system } = useText();
  const { moment } = useTimes();
  const total = (key: "errors" | "warnings") => hours.reduce((sum, hour) => sum + hour[key], 0);
  return (
    <div role="img" aria-label={system.errorHistoryLabel(total("errors"), total("warnings"))} className="relative">
      {most > 0 && (
        <span className="absolute -top-1 right-0 text-small text-ink-3" aria-hidden="true">
          {most}
        </span>
      )}
      <div className="flex items-end gap-[3px] pr-8" style={{ height: HEIGHT }}>
        {hours.map((hour) => (
          <span
            key={hour.at}
            title={`${moment(hour.at, "minute")} · ${hour.errors} ${system.errorsOne} · ${hour.warnings} ${system.warningsOne}`}
            className="flex h-full min-w-0 flex-1 flex-col justify-end border-b-2 border-line-strong"
          >
            <span className="hatched block" style={{ height: share(hour.warnings, most) }} />
            <span className="block bg-bad" style={{ height: share(hour.errors, most) }} />
          </span>
        ))}
      </div>
    </div>
  );
}

/** Whatever happened at all is at least two pixels high. */
function share(count: number, most: number): string {
  return count === 0 ? "0" : `max(2px, ${(count / most) * 100}%)`;
}
