/** A real browser on a running arena: `BASE_URL=http://127.0.0.1:3000 npm run e2e`. Without either, every journey is skipped and says why. */

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const BASE_URL = process.env.BASE_URL?.replace(/\/$/, "");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const SCREENSHOTS = join(import.meta.dirname, "screenshots");

/** Why nothing can be driven here; false where everything can. */
export const skip =
  (BASE_URL === undefined && "BASE_URL is not set: start the arena and name its address") ||
  (!existsSync(CHROMIUM) && `no browser at ${CHROMIUM}: install chromium or set CHROMIUM`);

let browser = null;

export async function launch() {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-background-networking"] });
}

export async function close() {
  await browser?.close();
}

/** A page of its own for `visit`, which gets the tab; whatever the page complained about comes back. */
export async function onPage(path, options, visit) {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  const tab = await context.newPage();
  const complaints = [];
  tab.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  tab.on("pageerror", (error) => complaints.push(error.message));
  try {
    await tab.goto(BASE_URL + path);
    await visit(tab);
  } finally {
    await context.close();
  }
  return complaints;
}

export async function picture(tab, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await tab.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}
