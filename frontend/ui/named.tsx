import { Mark } from "./mark";

type Props = { name: string; index: number | null; size?: number; strong?: boolean };

/** A participant's name behind its mark. */
export function Named({ name, index, size = 12, strong = false }: Props) {
  return (
    <span className="inline-flex min-w-0 items-baseline gap-1.5">
      {index !== null && <Mark index={index} size={size} />}
      <span className={strong ? "truncate font-semibold" : "truncate font-medium"}>{name}</span>
    </span>
  );
}
