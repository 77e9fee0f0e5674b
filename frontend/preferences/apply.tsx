"use client";

import { useLayoutEffect, useSyncExternalStore } from "react";
import { usePreferences } from "./use-preferences";

const never = () => () => {};

/** Puts language, theme and the colour of a gain on <html> whenever they change, and lets the words be seen. */
export function ApplyPreferences() {
  const { language, theme, riseColor } = usePreferences();
  const alive = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  useLayoutEffect(() => {
    // While React takes over the exported page it still sees the defaults: what the boot script has set is truer.
    if (!alive) return;
    const root = document.documentElement;
    root.lang = language === "zh" ? "zh-CN" : "en";
    root.dataset.theme = theme;
    root.dataset.rise = riseColor;
    delete root.dataset.boot;
  }, [alive, language, theme, riseColor]);
  return null;
}
