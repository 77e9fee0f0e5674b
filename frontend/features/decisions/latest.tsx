"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import type { Decision } from "@/api/client";
import { useRoster } from "@/api/queries";
import { QueryView } from "@/api/query-view";
import { detailsOf, sizeOf } from "@/i18n/asked";
import { wordFor } from "@/i18n/lookup";
import { useText, useTimes } from "@/i18n/use-text";
import { Clipped } from "@/ui/clipped";
import { Empty } from "@/ui/empty";
import { Lamp, type Tone } from "@/ui/lamp";
import { Named } from "@/ui/named";
import { Segmented } from "@/ui/segmented";
import { Sheet } from "@/ui/sheet";
import { Rows } from "@/ui/skeleton";
import { latestDecisionsQuery, VERDICTS, type Verdict } from "./queries";

const SHOWN = 10;
/** Characters of a reason before it is opened. */
const GLANCE = 160;
const TONES: Record<Decision["verdict"], Tone> = { accepted: "good", refused: "bad", held: "off" };

export function LatestDecisions() {
  const text = useText();
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const query = useQuery(latestDecisionsQuery(SHOWN, verdict));
  return (
    <Sheet title={text.decisions.title} tools={<VerdictFilter verdict={verdict} onChange={setVerdict} />}>
      <QueryView query={query} what={text.state.what.decisions} skeleton={<Rows count={5} height={44} />}>
        {(decisions) =>
          decisions.length === 0 ? (
            <Nothing filtered={verdict !== null} />
          ) : (
            <ol className="border-t border-line-strong">
              {decisions.map((decision) => (
                <DecisionItem key={decision.id} decision={decision} />
              ))}
            </ol>
          )
        }
      </QueryView>
    </Sheet>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const { decisions } = useText();
  if (filtered) return <Empty title={decisions.emptyKind} text={decisions.emptyKindText} />;
  return <Empty title={decisions.empty} text={decisions.emptyText} />;
}

function VerdictFilter({ verdict, onChange }: { verdict: Verdict | null; onChange: (verdict: Verdict | null) => void }) {
  const { decisions } = useText();
  return (
    <Segmented<Verdict | "all">
      label={decisions.filter}
      options={[{ value: "all", label: decisions.all }, ...VERDICTS.map((value) => ({ value, label: decisions.verdicts[value] }))]}
      value={verdict ?? "all"}
      onChange={(value) => onChange(value === "all" ? null : value)}
    />
  );
}

function DecisionItem({ decision }: { decision: Decision }) {
  const { decisions } = useText();
  const { moment } = useTimes();
  const who = useRoster().get(decision.contestant_id);
  return (
    <li className="border-b border-line py-2">
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <span className="flex min-w-0 flex-wrap items-baseline gap-x-2.5">
          <Named name={who?.name ?? decision.contestant_id} index={who?.color_index ?? null} baseline={who?.kind === "baseline"} />
          <Asked decision={decision} />
        </span>
        <VerdictWord decision={decision} />
      </div>
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <Why decision={decision} />
        <span className="ml-auto text-small whitespace-nowrap text-ink-3">
          {moment(decision.created_at, "clock")} ·{" "}
          <Link
            href={`/cycles?id=${decision.cycle_id}`}
            title={decisions.toCycle(decision.cycle_id)}
            className="underline decoration-line-strong underline-offset-2 hover:text-ink"
          >
            {decisions.cycle(decision.cycle_id)}
          </Link>
        </span>
      </div>
    </li>
  );
}

function Asked({ decision }: { decision: Decision }) {
  const { decisions } = useText();
  return (
    <span>
      {wordFor(decisions.actions, decision.action)}{" "}
      {decision.symbol !== null && (
        <span translate="no" className="font-medium">
          {decision.symbol}
        </span>
      )}{" "}
      {sizeOf(decision, decisions)}
    </span>
  );
}

function VerdictWord({ decision: { verdict, code } }: { decision: Decision }) {
  const { decisions, codes } = useText();
  const word = code === null ? decisions.verdicts[verdict] : `${decisions.verdicts[verdict]}: ${wordFor(codes, code)}`;
  return (
    <span className="inline-flex items-baseline gap-1.5">
      <Lamp tone={verdict === "held" && code !== null ? "warn" : TONES[verdict]} />
      {word}
    </span>
  );
}

const shortened = (text: string) => (text.length > GLANCE ? `${text.slice(0, GLANCE)}…` : text);

/** The reason in the model's own words; the rest on demand. */
function Why({ decision }: { decision: Decision }) {
  const { decisions, state } = useText();
  const reason = decision.reason ?? decision.summary ?? decision.message;
  const details = detailsOf(decision, decisions, state.unknown);
  if (details.length === 0)
    return (
      reason && (
        <p className="max-w-full wrap-anywhere text-ink-2">
          <Clipped text={reason} />
        </p>
      )
    );
  return (
    <details className="max-w-full text-ink-2">
      <summary className="wrap-anywhere marker:text-ink-3">{reason === null ? decisions.more : shortened(reason)}</summary>
      {reason !== null && shortened(reason) !== reason && <p className="mt-1 wrap-anywhere">{reason}</p>}
      <ul className="mt-1 mb-1 grid gap-0.5 border-l border-line-strong pl-3 text-small">
        {details.map((line) => (
          <li key={line} className="wrap-anywhere">
            <Clipped text={line} />
          </li>
        ))}
      </ul>
    </details>
  );
}
