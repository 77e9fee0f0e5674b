export type Tone = "good" | "warn" | "bad" | "off";

const DRAWN = {
  good: <circle cx="6" cy="6" r="5" className="fill-good" />,
  warn: <path d="M6 .8 11.6 11H.4z" className="fill-warn" />,
  bad: <path d="M3 0h6l3 3v6l-3 3H3L0 9V3z" className="fill-bad" />,
  off: <rect x="1.5" y="1.5" width="9" height="9" className="fill-none stroke-ink-3" strokeWidth="2" />,
} as const;

/** A state at a glance: its shape says the same as its colour. Always stands beside a word. */
export function Lamp({ tone, size = 10 }: { tone: Tone; size?: number }) {
  return (
    <svg viewBox="0 0 12 12" width={size} height={size} aria-hidden="true" className="shrink-0">
      {DRAWN[tone]}
    </svg>
  );
}
