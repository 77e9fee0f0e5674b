/**
 * Runs in <head> before anything is painted: sets language, theme and the colour of a gain on <html>, so that nothing flashes.
 * Words in the exported pages are English; for a Chinese reader `data-boot` keeps them invisible until the page has taken over.
 * Plain old JavaScript, because nothing compiles it.
 */

import { STORAGE_KEY } from "./preferences";

export const bootScript = `(function () {
  var root = document.documentElement, stored = {};
  try { stored = JSON.parse(localStorage.getItem(${JSON.stringify(STORAGE_KEY)})) || {}; } catch (denied) {}
  var language = stored.language === "zh" || stored.language === "en" ? stored.language : null;
  var browser = navigator.languages || [];
  for (var i = 0; language === null && i < browser.length; i++) {
    var tag = browser[i].toLowerCase().slice(0, 2);
    if (tag === "zh" || tag === "en") language = tag;
  }
  language = language || "en";
  root.lang = language === "zh" ? "zh-CN" : "en";
  root.dataset.theme = stored.theme === "light" || stored.theme === "dark" ? stored.theme : "system";
  root.dataset.rise = stored.rise === "red" || stored.rise === "green" ? stored.rise : language === "zh" ? "red" : "green";
  if (language !== "en") root.dataset.boot = "";
})();`;
