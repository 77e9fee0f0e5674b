/** Who was sent the same text: told by the hash of it. A baseline is sent nothing; the words stored for it describe its rule. */

import type { Turn } from "@/api/client";

/** One text: its hash, one conversation that holds it, and everybody who was sent it. */
export type Group = { hash: string; template: string | null; conversation: number; contestants: string[] };

type Sent = Pick<Turn, "contestant_id" | "conversation_id" | "template" | "prompt_hash" | "market_hash">;

const BASELINE = "baseline:";

/** Whether a turn was a model's, with a prompt. */
export function isPrompted({ template, prompt_hash }: Pick<Turn, "template" | "prompt_hash">): boolean {
  return prompt_hash !== null && template?.startsWith(BASELINE) !== true;
}

export function systemGroups(turns: readonly Sent[]): Group[] {
  return grouped(turns, ({ prompt_hash }) => prompt_hash);
}

export function marketGroups(turns: readonly Sent[]): Group[] {
  return grouped(turns, ({ market_hash }) => market_hash);
}

function grouped(turns: readonly Sent[], hashOf: (turn: Sent) => string | null): Group[] {
  const found = new Map<string, Group>();
  for (const turn of turns.filter(isPrompted)) {
    const hash = hashOf(turn);
    if (hash === null || turn.conversation_id === null) continue;
    const group = found.get(hash);
    if (group === undefined)
      found.set(hash, { hash, template: turn.template, conversation: turn.conversation_id, contestants: [turn.contestant_id] });
    else group.contestants.push(turn.contestant_id);
  }
  return [...found.values()];
}
