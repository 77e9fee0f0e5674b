import { BaselineTag } from "./baseline-tag";
import { Mark } from "./mark";

type Props = { name: string; index: number | null; size?: number; strong?: boolean; baseline?: boolean };

/** A participant's name behind its mark; a baseline is named as one. */
export function Named({ name, index, size = 12, strong = false, baseline = false }: Props) {
  return (
    <span className="inline-flex max-w-full min-w-0 flex-wrap items-baseline gap-x-1.5">
      <span className="inline-flex max-w-full min-w-0 items-baseline gap-1.5">
        {index !== null && <Mark index={index} size={size} />}
        <span className={strong ? "truncate font-semibold" : "truncate font-medium"}>{name}</span>
      </span>
      {baseline && <BaselineTag />}
    </span>
  );
}
