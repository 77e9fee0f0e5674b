"use client";

import { useMemo } from "react";
import { formatAgo, formatLength, formatMoment, type MomentStyle, zoneName } from "@/lib/time";
import { usePreferences } from "@/preferences/use-preferences";
import { en, type Messages } from "./en";
import { zh } from "./zh";

const MESSAGES: Record<"en" | "zh", Messages> = { en, zh };

/** The words of the reader's language. */
export function useText(): Messages {
  return MESSAGES[usePreferences().language];
}

export type Times = {
  moment: (iso: string, style?: MomentStyle) => string;
  ago: (seconds: number) => string;
  length: (seconds: number) => string;
  zone: (at: Date) => string;
};

/** Times in the reader's language and zone. */
export function useTimes(): Times {
  const { language, zone } = usePreferences();
  return useMemo(
    () => ({
      moment: (iso, style = "moment") => formatMoment(iso, style, zone, language),
      ago: (seconds) => formatAgo(seconds, language),
      length: (seconds) => formatLength(seconds, language),
      zone: (at) => zoneName(zone, at),
    }),
    [language, zone],
  );
}
