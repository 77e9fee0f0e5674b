/** The page's colours as the canvas needs them: computed, not as variables. */

import { colorOf } from "@/lib/marks";

export type Ink = { text: string; line: string; label: string; marks: (index: number) => string };

/** What a CSS colour comes to where `box` stands. A canvas knows neither variables nor light-dark(). */
function computed(box: HTMLElement, color: string): string {
  const probe = box.ownerDocument.createElement("span");
  probe.style.color = color;
  box.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

export function readInk(box: HTMLElement): Ink {
  return {
    text: computed(box, "var(--ink-2)"),
    line: computed(box, "var(--line)"),
    label: computed(box, "var(--ink)"),
    marks: (index) => computed(box, colorOf(index)),
  };
}
