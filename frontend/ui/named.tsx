import { useText } from "@/i18n/use-text";
import { BaselineTag } from "./baseline-tag";
import { classes } from "./classes";
import { Mark } from "./mark";

type Props = { name: string; index: number | null; size?: number; strong?: boolean; baseline?: boolean; wrap?: boolean };

/** A participant's name behind its mark; a baseline is named as one. A long name is cut off, or goes on below with `wrap`. */
export function Named({ name, index, size = 12, strong = false, baseline = false, wrap = false }: Props) {
  const { board } = useText();
  return (
    <span className="inline-flex max-w-full min-w-0 flex-wrap items-baseline gap-x-1.5">
      <span className="inline-flex max-w-full min-w-0 items-baseline gap-1.5">
        {index !== null && <Mark index={index} size={size} top={wrap} />}
        <span className={classes(wrap ? "wrap-break-word" : "truncate", strong ? "font-semibold" : "font-medium")}>
          {baseline ? board.baselineName(name) : name}
        </span>
      </span>
      {baseline && <BaselineTag />}
    </span>
  );
}
