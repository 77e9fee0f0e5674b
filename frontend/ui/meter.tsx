type Props = { label: string; from: number; to: number | null; limit: number | null; color: string };

const percent = (share: number) => `${Math.min(1, Math.max(0, share)) * 100}%`;

/** A stretch of time on a scale of 0 to 1, and the line it must not cross. An open one runs to the end, hatched. */
export function Meter({ label, from, to, limit, color }: Props) {
  return (
    <span role="img" aria-label={label} title={label} className="relative block h-4">
      <span className="absolute inset-x-0 top-1/2 h-px bg-line-strong" />
      <span
        className={to === null ? "hatched absolute top-1 h-2" : "absolute top-1 h-2"}
        style={{
          left: percent(from),
          width: `max(2px, calc(${percent(to ?? 1)} - ${percent(from)}))`,
          ...(to === null ? {} : { background: color }),
        }}
      />
      {limit !== null && <span className="absolute top-0 h-4 w-0.5 -translate-x-1/2 bg-ink" style={{ left: percent(limit) }} />}
    </span>
  );
}
