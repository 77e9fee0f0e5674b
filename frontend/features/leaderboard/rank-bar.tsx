import type { Standing } from "@/api/client";
import { colorOf } from "@/lib/marks";
import { usePlaces } from "./places";

/** From the best to the worst plausible place, best on the left; the solid mark is the place held now. */
export function RankBar({ label, standing }: { label: string; standing: Standing }) {
  const places = usePlaces();
  const { rank, rank_best: best, rank_worst: worst, contestant } = standing;
  const color = colorOf(contestant.color_index);
  const percent = (place: number) => `${(place / places) * 100}%`;
  return (
    <span role="img" aria-label={label} className="relative block h-4 w-20 shrink-0 xl:w-14">
      <span className="absolute inset-x-0 top-1/2 h-px bg-line-strong" />
      {Array.from({ length: places <= 12 ? places + 1 : 0 }, (_, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the ticks of a fixed scale
        <span key={place} className="absolute top-1/2 h-1.5 w-px -translate-y-1/2 bg-line-strong" style={{ left: percent(place) }} />
      ))}
      <span
        className="absolute top-1/2 h-2.5 -translate-y-1/2 border"
        style={{
          left: percent(best - 1),
          width: percent(worst - best + 1),
          borderColor: color,
          background: `color-mix(in oklab, ${color} 22%, var(--surface))`,
        }}
      />
      <span className="absolute top-0 h-4 w-1 -translate-x-1/2" style={{ left: percent(rank - 0.5), background: color }} />
    </span>
  );
}
