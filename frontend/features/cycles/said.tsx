"use client";

/** What a contestant was shown for itself, what it thought, what it answered, and how that was read. */

import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Conversation, Turn } from "@/api/client";
import { QueryView } from "@/api/query-view";
import { wordFor } from "@/i18n/lookup";
import { useText } from "@/i18n/use-text";
import { formatDecimal } from "@/lib/money";
import { Fold } from "@/ui/fold";
import { Lamp, type Tone } from "@/ui/lamp";
import { Rows } from "@/ui/skeleton";
import { Verbatim } from "@/ui/verbatim";
import { Part } from "./part";
import { OUTCOMES } from "./turn-head";

type Props = { turn: Turn; talk: UseQueryResult<Conversation>; baseline: boolean };

const VERDICTS: Record<string, Tone> = {
  accept: "good",
  accept_as_hold: "good",
  repair: "warn",
  reject_action: "warn",
  reject_whole: "bad",
};

export function Said({ turn, talk, baseline }: Props) {
  const { cycles, state } = useText();
  return (
    <>
      <Part title={cycles.saw}>
        {baseline && <p className="text-ink-2">{cycles.rule}</p>}
        <Loaded turn={turn} talk={talk} show={baseline ? Rule : Saw} />
      </Part>
      <Part title={cycles.thought}>
        {baseline ? <p className="text-ink-3">{state.unknown}</p> : <Loaded turn={turn} talk={talk} show={Thought} />}
      </Part>
      <Part title={cycles.answered}>
        <Loaded turn={turn} talk={talk} show={Answered} />
        <Verdict turn={turn} />
      </Part>
    </>
  );
}

type Show = (props: { talk: Conversation }) => ReactNode;

/** The conversation once it is there. */
function Loaded({ turn, talk, show: Shown }: { turn: Turn; talk: Props["talk"]; show: Show }) {
  const text = useText();
  if (turn.conversation_id === null) return <p className="text-ink-3">{text.cycles.noConversation}</p>;
  return (
    <QueryView query={talk} what={text.state.what.conversation} skeleton={<Rows count={1} height={28} />}>
      {(found) => <Shown talk={found} />}
    </QueryView>
  );
}

function useLength(): (text: string) => string {
  const { cycles } = useText();
  return (text) => cycles.characters(formatDecimal(String(text.length)));
}

/** The part of the prompt that only this contestant saw; what all saw stands above the columns. */
function Saw({ talk }: { talk: Conversation }) {
  const { cycles } = useText();
  const length = useLength();
  const user = talk.messages.find(({ role }) => role === "user")?.content ?? "";
  const shared = talk.market !== null && user.startsWith(talk.market);
  const own = shared ? user.slice(talk.market?.length) : user;
  const title = shared ? cycles.account : cycles.user;
  return (
    <Fold title={title} note={length(own)}>
      <Verbatim text={own} label={title} />
    </Fold>
  );
}

/** What the rule is, in the reader's language; the record of one that this page doesn't know speaks for itself. */
function Rule({ talk }: { talk: Conversation }) {
  const { cycles } = useText();
  const known: Record<string, string> = cycles.baselineRules;
  return <p className="wrap-anywhere text-ink-2">{known[talk.model] ?? talk.messages[0]?.content}</p>;
}

function Thought({ talk }: { talk: Conversation }) {
  const { cycles } = useText();
  const length = useLength();
  if (!talk.reasoning) return <p className="text-ink-3">{cycles.noThought}</p>;
  return (
    <Fold title={cycles.thought} note={length(talk.reasoning)}>
      <Verbatim text={talk.reasoning} label={cycles.thought} />
    </Fold>
  );
}

function Answered({ talk }: { talk: Conversation }) {
  const { cycles } = useText();
  const [tool] = talk.tool_calls;
  const said = talk.reply || (tool && `${tool.name}(${tool.arguments})`);
  if (!said) return <p className="text-ink-3">{talk.error ?? cycles.noReply}</p>;
  return (
    <div data-testid="raw-reply">
      <Verbatim text={said} label={cycles.answered} fold />
    </div>
  );
}

/** The details of a code stand with its event below; a turn without either says what happened in its own words. */
function Verdict({ turn: { verdict, code, detail, outcome } }: { turn: Turn }) {
  const { cycles, codes, outcomes } = useText();
  if (verdict === null && code === null) return detail && <p className="mt-1 text-small wrap-anywhere text-ink-2">{detail}</p>;
  return (
    <p className="mt-1.5">
      <span className="inline-flex items-baseline gap-1.5">
        <Lamp tone={VERDICTS[verdict ?? ""] ?? OUTCOMES[outcome ?? ""] ?? "off"} />
        <span className="font-medium">{verdict === null ? wordFor(outcomes, outcome ?? "none") : wordFor(cycles.verdicts, verdict)}</span>
      </span>
      {code !== null && code !== "OK" && (
        <>
          {": "}
          {wordFor(codes, code)}{" "}
          <code translate="no" className="text-small text-ink-3">
            {code}
          </code>
        </>
      )}
    </p>
  );
}
