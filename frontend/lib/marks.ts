/** What tells participants apart besides colour: a shape and a line style for each colour index, the same on every page. */

export const COLORS = 10;

export const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "pentagon", "down", "hexagon", "ring", "bar"] as const;
export type Shape = (typeof SHAPES)[number];

/** Solid, dashed, dotted, large dashed, sparse dotted: the five styles the chart draws. */
export const LINE_STYLES = [0, 2, 1, 3, 4] as const;
export type LineStyle = (typeof LINE_STYLES)[number];

export function colorOf(index: number): string {
  return `var(--mark-${((index % COLORS) + COLORS) % COLORS})`;
}

/** After ten colours the shapes shift by one, so that no pair of colour and shape comes twice in a hundred. */
export function shapeOf(index: number): Shape {
  return SHAPES[(index + Math.floor(index / COLORS)) % SHAPES.length] ?? "circle";
}

export function lineStyleOf(index: number): LineStyle {
  return LINE_STYLES[(index + Math.floor(index / LINE_STYLES.length)) % LINE_STYLES.length] ?? 0;
}
