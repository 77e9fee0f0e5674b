import type { ButtonHTMLAttributes } from "react";
import { classes } from "./classes";

const LOOKS = {
  plain: "border-line-strong bg-surface hover:bg-sunken",
  strong: "border-ink bg-ink text-ground hover:opacity-85",
  quiet: "border-transparent hover:bg-sunken",
} as const;

type Props = ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: keyof typeof LOOKS;
  /** Working: it can't be pressed again, and says so. */
  busy?: boolean;
};

export function Button({ look = "plain", busy = false, className, disabled, children, ...rest }: Props) {
  return (
    <button
      type="button"
      disabled={disabled || busy}
      aria-busy={busy}
      className={classes(
        "inline-flex h-8 items-center justify-center gap-1.5 rounded-[2px] border px-3 font-medium whitespace-nowrap disabled:opacity-50",
        LOOKS[look],
        className,
      )}
      {...rest}
    >
      {children}
    </button>
  );
}
