"use client";

import { useText } from "@/i18n/use-text";
import type { Language } from "@/lib/time";
import { choose, usePreferences } from "@/preferences/use-preferences";
import { Segmented } from "@/ui/segmented";

/** Each language is named in itself, so that it can be found by who reads only that one. */
const LANGUAGES: readonly { value: Language; label: string; lang: string }[] = [
  { value: "zh", label: "中文", lang: "zh-CN" },
  { value: "en", label: "EN", lang: "en" },
];

export function LanguageSwitch() {
  const text = useText();
  const { language } = usePreferences();
  return <Segmented label={text.display.language} options={LANGUAGES} value={language} onChange={(value) => choose({ language: value })} />;
}
