"use client";

import { useLayoutEffect } from "react";
import { usePreferences } from "./use-preferences";

/** Puts language, theme and the colour of a gain on <html> whenever they change, and lets the words be seen. */
export function ApplyPreferences() {
  const { language, theme, riseColor } = usePreferences();
  useLayoutEffect(() => {
    const root = document.documentElement;
    root.lang = language === "zh" ? "zh-CN" : "en";
    root.dataset.theme = theme;
    root.dataset.rise = riseColor;
    delete root.dataset.boot;
  }, [language, theme, riseColor]);
  return null;
}
