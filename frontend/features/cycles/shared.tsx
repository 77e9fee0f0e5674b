"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Conversation, Turn } from "@/api/client";
import { useRoster } from "@/api/queries";
import { QueryView } from "@/api/query-view";
import { useText } from "@/i18n/use-text";
import { formatDecimal } from "@/lib/money";
import { Fold } from "@/ui/fold";
import { Hash } from "@/ui/hash";
import { Sheet } from "@/ui/sheet";
import { Rows } from "@/ui/skeleton";
import { Verbatim } from "@/ui/verbatim";
import { type Group, isPrompted, marketGroups, systemGroups } from "./groups";
import { conversationQuery } from "./queries";

/** The texts that several contestants were sent, each shown once with the names of those who got it. */
export function SharedTexts({ turns }: { turns: readonly Turn[] }) {
  const { cycles } = useText();
  const [systems, markets] = [systemGroups(turns), marketGroups(turns)];
  if (systems.length === 0) return null;
  const asked = turns.filter(isPrompted).length;
  return (
    <Sheet title={cycles.shared} note={cycles.sharedNote}>
      <ul className="grid">
        {systems.map((group) => (
          <Shared key={group.hash} group={group} title={cycles.system} everybody={asked} textOf={systemText} />
        ))}
        {markets.map((group) => (
          <Shared key={group.hash} group={group} title={cycles.market} everybody={asked} textOf={(talk) => talk.market ?? ""} />
        ))}
      </ul>
    </Sheet>
  );
}

const systemText = ({ messages }: Conversation) => messages.find(({ role }) => role === "system")?.content ?? "";

type Props = { group: Group; title: string; everybody: number; textOf: (talk: Conversation) => string };

function Shared({ group, title, everybody, textOf }: Props) {
  const text = useText();
  const query = useQuery(conversationQuery(group.conversation));
  const length = query.data && text.cycles.characters(formatDecimal(String(textOf(query.data).length)));
  return (
    <li className="border-t border-line py-1">
      <Fold title={title} note={<Note group={group} length={length} everybody={everybody} />}>
        <QueryView query={query} what={text.state.what.conversation} skeleton={<Rows count={1} height={160} />}>
          {(talk) => <Verbatim text={textOf(talk)} label={title} />}
        </QueryView>
      </Fold>
    </li>
  );
}

function Note({ group, length, everybody }: { group: Group; length: string | undefined; everybody: number }): ReactNode {
  const { cycles } = useText();
  const roster = useRoster();
  const all = group.contestants.length === everybody;
  return (
    <>
      {[length, group.template].filter(Boolean).join(" · ")} · <Hash value={group.hash} /> ·{" "}
      {all ? cycles.everybody : group.contestants.map((id) => roster.get(id)?.name ?? id).join(", ")}
    </>
  );
}
