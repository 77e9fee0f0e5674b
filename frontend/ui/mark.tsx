import type { JSX } from "react";
import { colorOf, type Shape, shapeOf } from "@/lib/marks";
import { classes } from "./classes";

const DRAWN: Record<Shape, JSX.Element> = {
  circle: <circle cx="8" cy="8" r="6.5" />,
  square: <rect x="2" y="2" width="12" height="12" />,
  triangle: <path d="M8 1.2 15 14H1z" />,
  diamond: <path d="M8 .8 15.2 8 8 15.2.8 8z" />,
  cross: <path d="M5.5 1h5v4.5H15v5h-4.5V15h-5v-4.5H1v-5h4.5z" />,
  pentagon: <path d="M8 1 15.2 6.3 12.4 14.7H3.6L.8 6.3z" />,
  down: <path d="M1 2h14L8 14.8z" />,
  hexagon: <path d="M4.5 1.7h7L15.2 8l-3.7 6.3h-7L.8 8z" />,
  ring: <path fillRule="evenodd" d="M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1m0 4a3 3 0 1 1 0 6 3 3 0 0 1 0-6" />,
  bar: <path d="M1 2h14v4.5H1zM1 9.5h14V14H1z" />,
};

/** The fixed colour and shape of a participant. Always stands beside a name: at the first line of one that may have several with `top`. */
export function Mark({ index, size = 12, top = false }: { index: number; size?: number; top?: boolean }) {
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      fill={colorOf(index)}
      aria-hidden="true"
      className={classes("shrink-0", top ? "mt-1 self-start" : "self-center")}
    >
      {DRAWN[shapeOf(index)]}
    </svg>
  );
}
