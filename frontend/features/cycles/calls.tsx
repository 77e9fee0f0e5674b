"use client";

import type { UseQueryResult } from "@tanstack/react-query";
import type { Call, Conversation, Turn } from "@/api/client";
import { QueryView } from "@/api/query-view";
import { wordFor } from "@/i18n/lookup";
import { useText } from "@/i18n/use-text";
import { formatFigure } from "@/lib/ratios";
import { Rows } from "@/ui/skeleton";
import { Part } from "./part";
import { Spent } from "./turn-time";

type Props = { turn: Turn; talk: UseQueryResult<Conversation>; who: string };

/** Each HTTP attempt, with the bytes that went over the wire one click away. */
export function Calls({ turn, talk, who }: Props) {
  const text = useText();
  return (
    <Part title={`${text.cycles.calls} · ${text.cycles.rawBytes}`}>
      {turn.conversation_id === null || turn.calls === 0 ? (
        <p className="text-ink-3">{text.cycles.noCalls}</p>
      ) : (
        <QueryView query={talk} what={text.state.what.conversation} skeleton={<Rows count={1} height={40} />}>
          {({ id, calls }) => (
            <ol className="grid gap-1.5">
              {calls.map((call) => (
                <Item key={call.number} conversation={id} call={call} who={who} />
              ))}
            </ol>
          )}
        </QueryView>
      )}
    </Part>
  );
}

function Item({ conversation, call, who }: { conversation: number; call: Call; who: string }) {
  const { cycles } = useText();
  const base = `/api/v1/conversations/${conversation}/calls/${call.number}`;
  const tokens = { input: call.input_tokens, cached: call.cached_tokens, output: call.output_tokens, reasoning: call.reasoning_tokens };
  return (
    <li>
      <p className="flex flex-wrap items-baseline gap-x-3">
        <span className="font-medium">{cycles.call(call.number)}</span>
        <Raw href={`${base}/sent`} label={cycles.rawSent(call.number, who)} word={cycles.sent} />
        <Raw href={`${base}/received`} label={cycles.rawReceived(call.number, who)} word={cycles.received} />
      </p>
      <p className="text-small text-ink-2">
        {[
          wordFor(cycles.purposes, call.purpose),
          call.http_status === null ? cycles.noStatus : cycles.status(call.http_status),
          cycles.seconds(formatFigure(call.ended_ms / 1000, 2)),
        ].join(" · ")}{" "}
        · <Spent tokens={tokens} cost={call.cost_usd} />
      </p>
      {call.error !== null && <p className="text-small wrap-anywhere text-bad">{call.error}</p>}
    </li>
  );
}

function Raw({ href, label, word }: { href: string; label: string; word: string }) {
  return (
    <a href={href} target="_blank" rel="noreferrer" aria-label={label} className="underline underline-offset-2 hover:text-ink">
      {word} <span aria-hidden="true">↗</span>
    </a>
  );
}
