"use client";

import { useId } from "react";
import { classes } from "./classes";

type Option<Value extends string> = { value: Value; label: string; lang?: string };

type Props<Value extends string> = {
  label: string;
  options: readonly Option<Value>[];
  value: Value;
  onChange: (value: Value) => void;
  /** Shows the label beside the choices; otherwise it is read aloud only. */
  labelled?: boolean;
};

/** One of a few, all in view. Real radio buttons underneath: arrows move, one tab stop. */
export function Segmented<Value extends string>({ label, options, value, onChange, labelled = false }: Props<Value>) {
  const name = useId();
  return (
    <fieldset className="flex items-center gap-2">
      <legend className={labelled ? "mb-1 text-small text-ink-2" : "sr-only"}>{label}</legend>
      <div className="flex rounded-[2px] border border-line-strong">
        {options.map((option) => (
          <label
            key={option.value}
            lang={option.lang}
            className={classes(
              "relative flex h-[1.875rem] cursor-pointer items-center px-2.5 max-sm:px-1.5 whitespace-nowrap not-first:border-l not-first:border-line-strong has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus",
              option.value === value ? "bg-ink font-medium text-ground" : "text-ink-2 hover:bg-sunken hover:text-ink",
            )}
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
              className="absolute inset-0 cursor-pointer opacity-0"
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
