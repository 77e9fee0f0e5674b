/** What a person does with the pages, in a real browser on a real arena. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { close, launch, onPage, picture, skip } from "./browser.mjs";

/** The first cycle may still be on its way. */
const PATIENCE = { timeout: 90_000 };
/** Three models and two baselines. */
const CONTESTANTS = 5;

const PAGES = { leaderboard: "/", system: "/system", cycles: "/cycles", cycle: "/cycles?id=2" };

const answerOf = async (tab, path) => (await tab.request.get(new URL(path, tab.url()).href)).json();
const state = (tab) => tab.getByTestId("scheduler-state");
const standings = (tab) => tab.locator("main section").first();
const ready = (tab) =>
  tab
    .locator("tbody tr, main ol > li")
    .first()
    .waitFor({ ...PATIENCE, state: "attached" });

describe("journeys", { skip }, () => {
  before(launch);
  after(close);

  test("the system page shows a running scheduler and a connected database", async () => {
    const complaints = await onPage("/system", {}, async (tab) => {
      await tab.locator('[data-testid="scheduler-state"][data-running="true"]').waitFor(PATIENCE);
      assert.equal(await state(tab).textContent(), "Running");
      assert.equal(await tab.getByTestId("database-state").textContent(), "Connected");
      assert.match(await tab.getByRole("timer").textContent(), /^\d+:\d\d(:\d\d)?$/);
    });
    assert.deepEqual(complaints, []);
  });

  test("stop and start change the state and leave the timer running", async () => {
    await onPage("/system", {}, async (tab) => {
      await tab.getByRole("button", { name: "Stop", exact: true }).click();
      await tab.locator('[data-testid="scheduler-state"][data-running="false"]').waitFor(PATIENCE);
      assert.equal(await state(tab).textContent(), "Stopped");
      await tab.getByRole("button", { name: "Start", exact: true }).click();
      await tab.locator('[data-testid="scheduler-state"][data-running="true"]').waitFor(PATIENCE);
    });
  });

  test("close-only is switched on and off again", async () => {
    await onPage("/system", {}, async (tab) => {
      await tab.getByRole("button", { name: "Switch to close-only" }).click();
      await tab.getByTestId("entries-state").getByText("Close-only").waitFor(PATIENCE);
      await tab.getByRole("button", { name: "Allow new positions" }).click();
      await tab.getByTestId("entries-state").getByText("Allowed").waitFor(PATIENCE);
    });
  });

  test("the language is switched in place and kept", async () => {
    await onPage("/system", {}, async (tab) => {
      await state(tab).waitFor(PATIENCE);
      await tab.getByRole("radio", { name: "中文" }).check();
      await tab.getByRole("heading", { name: "系统" }).waitFor();
      assert.equal(await tab.locator("html").getAttribute("lang"), "zh-CN");
      await tab.reload();
      await tab.getByRole("heading", { name: "系统" }).waitFor(PATIENCE);
      assert.equal(await tab.locator("html").getAttribute("data-rise"), "red");
    });
  });

  test("theme and colour of a gain are set before the first paint", async () => {
    await onPage("/", {}, async (tab) => {
      await tab.getByRole("button", { name: "Display" }).click();
      await tab.getByRole("radio", { name: "Dark" }).check();
      await tab.getByRole("radio", { name: "Red" }).check();
      await tab.reload({ waitUntil: "commit" });
      await tab.waitForFunction(() => document.body !== null);
      const root = tab.locator("html");
      assert.equal(await root.getAttribute("data-theme"), "dark");
      assert.equal(await root.getAttribute("data-rise"), "red");
    });
  });

  test("the log shows the chosen level and above, of the chosen contestant", async () => {
    await onPage("/system", {}, async (tab) => {
      const lines = tab.getByTestId("log-lines").locator("> li");
      await lines.first().waitFor(PATIENCE);
      await tab.getByRole("radio", { name: "Warning" }).check();
      await tab.waitForFunction(() => document.querySelector('[data-level="INFO"]') === null);
      await tab.getByRole("radio", { name: "Info" }).check();
      await tab.getByRole("combobox").selectOption({ index: 1 });
      await tab.waitForFunction(() => {
        const shown = [...document.querySelectorAll("[data-level]")];
        return shown.length > 0 && shown.every((line) => line.querySelector("svg") !== null);
      });
    });
  });

  test("the leaderboard shows everybody and draws their equity", async () => {
    const complaints = await onPage("/", {}, async (tab) => {
      await standings(tab).locator("tbody tr").first().waitFor(PATIENCE);
      assert.equal(await standings(tab).locator("tbody tr").count(), CONTESTANTS);
      await tab.locator("figure canvas").first().waitFor(PATIENCE);
      await tab.getByRole("button", { name: "Equity", exact: true }).click();
      assert.equal(await standings(tab).locator('th[aria-sort="descending"]').textContent(), "Equity▼");
    });
    assert.deepEqual(complaints, []);
  });

  test("the curves are there as a table and as CSV", async () => {
    await onPage("/", {}, async (tab) => {
      await tab.locator("figure canvas").first().waitFor(PATIENCE);
      await tab.getByRole("radio", { name: "Table" }).check();
      await tab.getByRole("columnheader", { name: "Time" }).waitFor();
      const [download] = await Promise.all([tab.waitForEvent("download"), tab.getByRole("button", { name: /CSV/ }).click()]);
      assert.equal(download.suggestedFilename(), "tiltyard-equity-all.csv");
    });
  });

  test("a cycle is opened from the leaderboard and shows what was sent and said, to the byte", async () => {
    const complaints = await onPage("/", {}, async (tab) => {
      const link = tab
        .locator("section", { has: tab.getByRole("heading", { name: "Latest decisions" }) })
        .getByRole("link", { name: /^cycle \d+$/ })
        .first();
      await link.waitFor(PATIENCE);
      await link.click();
      await tab.getByRole("heading", { name: /^Cycle \d+$/ }).waitFor(PATIENCE);
      await tab.getByText("System prompt").first().click();
      await tab.getByRole("region", { name: "System prompt" }).getByText("simulated account").waitFor(PATIENCE);
      const column = tab.locator("article").first();
      const id = new URL(tab.url()).searchParams.get("id");
      const name = await column.getAttribute("data-contestant");
      const cycle = await answerOf(tab, `/api/v1/cycles/${id}`);
      const turn = cycle.turns.find((one) => one.contestant_id === name);
      const talk = await answerOf(tab, `/api/v1/conversations/${turn.conversation_id}`);
      const shown = column.getByTestId("raw-reply");
      await shown.scrollIntoViewIfNeeded();
      const more = shown.getByRole("button", { name: /^Show all/ });
      if ((await more.count()) > 0) await more.click();
      assert.equal(await shown.locator("pre").textContent(), talk.reply);
      for (const side of ["sent", "received"]) {
        const href = await column.getByRole("link", { name: new RegExp(`^Raw bytes ${side} in call 1`) }).getAttribute("href");
        const raw = await tab.request.get(new URL(href, tab.url()).href);
        assert.equal(raw.headers()["content-type"], "text/plain; charset=utf-8");
        assert.equal(raw.headers()["x-content-type-options"], "nosniff");
        assert.equal(await raw.text(), talk.calls[0][side]);
      }
    });
    assert.deepEqual(complaints, []);
  });

  test("the list of cycles keeps its filter in the address, and cycles lead to their neighbours", async () => {
    await onPage("/cycles", {}, async (tab) => {
      await tab.locator("tbody tr").first().waitFor(PATIENCE);
      await tab.getByRole("radio", { name: "done", exact: true }).click();
      await tab.waitForURL(/state=done/);
      await tab.reload();
      assert.ok(await tab.getByRole("radio", { name: "done", exact: true }).isChecked());
      await tab.goto(`${new URL(tab.url()).origin}/cycles?id=1`);
      await tab.getByRole("link", { name: /Later/ }).click(PATIENCE);
      await tab.getByRole("heading", { name: "Cycle 2" }).waitFor(PATIENCE);
      await tab.getByRole("link", { name: /Earlier/ }).click();
      await tab.getByRole("heading", { name: "Cycle 1", exact: true }).waitFor(PATIENCE);
    });
  });

  test("a cycle that is not there says so", async () => {
    await onPage("/cycles?id=999999999", {}, async (tab) => {
      await tab.getByText("no cycle 999999999").waitFor(PATIENCE);
    });
  });

  test("a contestant is paused after a question, and asked again", async () => {
    await onPage("/system", {}, async (tab) => {
      await tab.getByRole("button", { name: "Pause Kimi" }).click(PATIENCE);
      await tab.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click();
      await tab.getByRole("button", { name: "Resume Kimi" }).waitFor(PATIENCE);
      await tab.getByRole("button", { name: "Resume Kimi" }).click();
      await tab.getByRole("button", { name: "Pause Kimi" }).waitFor(PATIENCE);
    });
  });

  test("a question is dropped with Escape, and the focus goes back to its button", async () => {
    await onPage("/system", {}, async (tab) => {
      await tab.getByRole("button", { name: "Pause Kimi" }).focus(PATIENCE);
      await tab.keyboard.press("Enter");
      await tab.getByRole("dialog").waitFor();
      await tab.keyboard.press("Escape");
      await tab.getByRole("dialog").waitFor({ state: "detached" });
      await tab.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Pause Kimi");
    });
  });

  for (const [page, path] of Object.entries(PAGES))
    for (const width of [1280, 360])
      for (const [language, locale] of Object.entries({ en: "en-GB", zh: "zh-CN" }))
        for (const colorScheme of ["light", "dark"]) {
          const name = `${page}-${width}-${language}-${colorScheme}`;
          test(`${name} fits its width and complains about nothing`, async () => {
            const complaints = await onPage(path, { locale, colorScheme, viewport: { width, height: 900 } }, async (tab) => {
              await ready(tab);
              if (path === "/") await tab.locator("figure canvas").first().waitFor(PATIENCE);
              assert.equal(await tab.locator("html").getAttribute("lang"), locale === "zh-CN" ? "zh-CN" : "en");
              assert.ok(
                await tab.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth),
                "scrolls sideways",
              );
              await picture(tab, name);
            });
            assert.deepEqual(complaints, []);
          });
        }
});
