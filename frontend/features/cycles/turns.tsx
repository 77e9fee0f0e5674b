"use client";

/** One column a contestant, its parts in line with everybody else's; on a phone one card after another. */

import { useQuery } from "@tanstack/react-query";
import type { Turn } from "@/api/client";
import { useRoster } from "@/api/queries";
import { useText } from "@/i18n/use-text";
import { colorOf } from "@/lib/marks";
import { useSeen } from "@/ui/use-seen";
import { Became } from "./became";
import { Calls } from "./calls";
import { conversationQuery } from "./queries";
import { Said } from "./said";
import { type Scale, scaleOf } from "./timing";
import { TurnHead } from "./turn-head";
import { TurnTime } from "./turn-time";

export function Turns({ turns }: { turns: readonly Turn[] }) {
  const { cycles } = useText();
  const scale = scaleOf(turns);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section tabIndex={0} aria-label={cycles.turnsLabel} className="turns">
      {turns.map((turn) => (
        <Column key={turn.contestant_id} turn={turn} scale={scale} />
      ))}
    </section>
  );
}

function Column({ turn, scale }: { turn: Turn; scale: Scale | null }) {
  const { seen, watch } = useSeen();
  const who = useRoster().get(turn.contestant_id);
  const talk = useQuery({ ...conversationQuery(turn.conversation_id ?? 0), enabled: seen && turn.conversation_id !== null });
  const name = who?.name ?? turn.contestant_id;
  const color = who === undefined ? "var(--line-strong)" : colorOf(who.color_index);
  return (
    <article ref={watch} aria-label={name} className="turn" style={{ borderTopColor: color }} data-contestant={turn.contestant_id}>
      <TurnHead turn={turn} who={who} />
      <TurnTime turn={turn} scale={scale} color={color} baseline={who?.kind === "baseline"} />
      <Said turn={turn} talk={talk} baseline={who?.kind === "baseline"} />
      <Became turn={turn} />
      <Calls turn={turn} talk={talk} who={name} />
    </article>
  );
}
