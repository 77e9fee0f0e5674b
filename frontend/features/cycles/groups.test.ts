import { expect, test } from "vitest";
import { marketGroups, systemGroups } from "./groups";

const turn = (id: string, conversation: number | null, prompt: string | null, market: string | null, template = "tiltyard@1") => ({
  contestant_id: id,
  conversation_id: conversation,
  template,
  prompt_hash: prompt,
  market_hash: market,
});

test("a text sent to several is one group with all their names", () => {
  const turns = [turn("a", 1, "en", "m"), turn("b", 2, "zh", "m"), turn("c", 3, "en", "m")];
  expect(systemGroups(turns).map(({ hash, contestants }) => [hash, contestants])).toEqual([
    ["en", ["a", "c"]],
    ["zh", ["b"]],
  ]);
  expect(marketGroups(turns)).toHaveLength(1);
});

test("who was sent nothing is in no group", () => {
  expect(systemGroups([turn("old", null, null, null), turn("cash", 4, "rule", null, "baseline:cash")])).toEqual([]);
});
