import type { Standing } from "@/api/client";
import { colorOf } from "@/lib/marks";
import { scaleOf } from "./scale";

const [WIDTH, HEIGHT, EDGE] = [64, 14, 4];

/** Return and its interval on one scale for all rows: whisker, mark, and a line where nothing was gained or lost. */
export function IntervalBar({ standing, all }: { standing: Standing; all: readonly Standing[] }) {
  const { value, low, high } = standing.total_return;
  if (value === null) return null;
  const [from, to] = scaleOf(all.map((one) => one.total_return));
  const x = (ratio: number) => EDGE + ((ratio - from) / (to - from)) * (WIDTH - 2 * EDGE);
  const color = colorOf(standing.contestant.color_index);
  return (
    <svg width={WIDTH} height={HEIGHT} aria-hidden="true" className="max-xl:hidden">
      <path d={`M${x(0)} 0V${HEIGHT}`} className="stroke-line-strong" strokeDasharray="2 2" />
      {low !== null && high !== null && (
        <path d={`M${x(low)} 7H${x(high)}M${x(low)} 4v6M${x(high)} 4v6`} stroke={color} strokeWidth="1.5" />
      )}
      <circle cx={x(value)} cy="7" r="3.5" fill={color} />
    </svg>
  );
}
