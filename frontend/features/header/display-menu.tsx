"use client";

import { useText } from "@/i18n/use-text";
import type { Zone } from "@/lib/time";
import type { Theme } from "@/preferences/preferences";
import { choose, usePreferences } from "@/preferences/use-preferences";
import { Button } from "@/ui/button";
import { Popover } from "@/ui/popover";
import { Segmented } from "@/ui/segmented";

function options<Value extends string>(words: Record<Value, string>, order: readonly Value[]) {
  return order.map((value) => ({ value, label: words[value] }));
}

function Sliders() {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.5">
      <path d="M1 4h7m5 0h2M1 12h2m5 0h7" />
      <circle cx="10.5" cy="4" r="2.2" />
      <circle cx="5.5" cy="12" r="2.2" />
    </svg>
  );
}

/** Theme, time zone, and which colour a gain has. */
export function DisplayMenu() {
  const { display } = useText();
  const { theme, zone, riseColor } = usePreferences();
  return (
    <Popover
      label={display.open}
      trigger={
        <Button className="max-sm:w-9 max-sm:px-0">
          <Sliders />
          <span className="max-sm:sr-only">{display.open}</span>
        </Button>
      }
    >
      <div className="grid gap-4">
        <Segmented<Theme>
          labelled
          label={display.theme}
          options={options(display.themes, ["system", "light", "dark"])}
          value={theme}
          onChange={(value) => choose({ theme: value })}
        />
        <Segmented<Zone>
          labelled
          label={display.zone}
          options={options(display.zones, ["utc", "local"])}
          value={zone}
          onChange={(value) => choose({ zone: value })}
        />
        <Segmented<"green" | "red">
          labelled
          label={display.rise}
          options={options(display.rises, ["green", "red"])}
          value={riseColor}
          onChange={(value) => choose({ rise: value })}
        />
      </div>
    </Popover>
  );
}
