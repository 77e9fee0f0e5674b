"use client";

/** One figure of a standing each, the same in the table and on the cards. */

import type { Standing } from "@/api/client";
import { wordFor } from "@/i18n/lookup";
import { useText, useTimes } from "@/i18n/use-text";
import { formatMoney, toNumber } from "@/lib/money";
import { formatFigure, formatPercent } from "@/lib/ratios";
import { BaselineTag } from "@/ui/baseline-tag";
import { Change } from "@/ui/change";
import { Lamp, type Tone } from "@/ui/lamp";
import { Named } from "@/ui/named";
import { IntervalBar } from "./interval-bar";
import { RankBar } from "./rank-bar";

type Props = { standing: Standing };

const TONES: Record<string, Tone> = { traded: "good", held: "off", refused: "warn", late: "warn", interrupted: "warn", failed: "bad" };

const signOfNumber = (value: number | null) => (value === null ? null : (Math.sign(value) as -1 | 0 | 1));

export function RankCell({ standing }: Props) {
  const { board } = useText();
  const { rank, rank_best: best, rank_worst: worst } = standing;
  return (
    <span className="flex items-center gap-2">
      <span className="min-w-8 text-right text-big leading-none font-semibold whitespace-nowrap">{rank}</span>
      <RankBar label={board.rankLabel(rank, best, worst)} standing={standing} />
    </span>
  );
}

export function ContestantCell({ standing: { contestant } }: Props) {
  const { board } = useText();
  const baseline = contestant.kind === "baseline";
  return (
    <>
      <span className="text-figure leading-tight">
        <Named
          name={baseline ? board.baselineName(contestant.name) : contestant.name}
          index={contestant.color_index}
          size={13}
          strong
          wrap
        />
      </span>
      <span className="block truncate pl-[1.1875rem] text-small text-ink-3">
        {baseline ? <BaselineTag /> : <span translate="no">{contestant.model}</span>}
      </span>
    </>
  );
}

export function EquityCell({ standing: { equity } }: Props) {
  return <span className="text-figure leading-tight font-semibold">{formatMoney(equity)}</span>;
}

export function ReturnFigure({ standing: { total_return: value } }: Props) {
  const { state } = useText();
  if (value.value === null) return state.unknown;
  return <Change sign={signOfNumber(value.value)}>{formatPercent(value.value, "always")}</Change>;
}

export function ReturnInterval({ standing: { total_return: value }, short = false }: Props & { short?: boolean }) {
  const { board } = useText();
  if (value.low === null || value.high === null) return short ? board.tooEarlyShort : board.tooEarly;
  return board.interval(formatPercent(value.low, "always", 1), formatPercent(value.high, "always", 1));
}

export function ReturnCell({ standing, all }: Props & { all: readonly Standing[] }) {
  return (
    <span className="inline-grid justify-items-end gap-0.5">
      <span className="flex items-center gap-2">
        <IntervalBar standing={standing} all={all} />
        <span className="min-w-16 text-figure leading-tight font-semibold">
          <ReturnFigure standing={standing} />
        </span>
      </span>
      <span className="text-small text-ink-3">
        <ReturnInterval standing={standing} short />
      </span>
    </span>
  );
}

export function DrawdownCell({ standing: { max_drawdown: value } }: Props) {
  const { board, state } = useText();
  if (value.value === null) return state.unknown;
  if (value.low === null || value.high === null) return formatPercent(-Math.abs(value.value));
  return (
    <>
      {formatPercent(-Math.abs(value.value))}
      <span className="block text-small text-ink-3">
        {board.interval(formatPercent(value.low, "negative", 1), formatPercent(value.high, "negative", 1))}
      </span>
    </>
  );
}

/** Without an interval there is too little history for the figure to say anything, so none is shown. */
export function SharpeCell({ standing: { sharpe } }: Props) {
  const { board } = useText();
  if (sharpe.value === null || sharpe.low === null || sharpe.high === null)
    return <span className="text-ink-3">{board.tooEarlyShort}</span>;
  return (
    <>
      {formatFigure(sharpe.value)}
      <span className="block text-small text-ink-3">{board.interval(formatFigure(sharpe.low, 1), formatFigure(sharpe.high, 1))}</span>
    </>
  );
}

export function TradesCell({ standing: { trades, wins } }: Props) {
  const { board } = useText();
  return (
    <>
      {trades}
      {trades > 0 && <span className="block text-small text-ink-3">{board.wins(formatPercent(wins / trades, "negative", 0))}</span>}
    </>
  );
}

export function FeesCell({ standing: { fees, funding } }: Props) {
  const { board } = useText();
  return (
    <>
      {formatMoney(fees)}
      {toNumber(funding) !== 0 && <span className="block text-small text-ink-3">{board.funding(formatMoney(funding, "always"))}</span>}
    </>
  );
}

export function ExposureCell({ standing: { exposure, equity, open_positions: open } }: Props) {
  const { board } = useText();
  if (open === 0) return <span className="text-ink-3">{board.flat}</span>;
  const factor = toNumber(equity) > 0 ? toNumber(exposure) / toNumber(equity) : null;
  return (
    <>
      {formatMoney(exposure)}
      <span className="block text-small text-ink-3">
        {factor !== null && `${board.times(formatFigure(factor, 1))} · `}
        {board.openPositions(open)}
      </span>
    </>
  );
}

/** A US dollar counts as one USDT here, as it does in the figure below it. */
export function ApiCostCell({ standing }: Props) {
  const { board, state, cycles } = useText();
  const { api_cost_usd: cost, equity_net_of_api: net, unpriced_calls: unpriced, contestant } = standing;
  if (contestant.kind === "baseline") return <span className="text-ink-3">{cycles.free}</span>;
  return (
    <>
      {cost === null ? state.unknown : cycles.cost(formatMoney(cost))}
      {net !== null && <span className="block text-small text-ink-3">{board.net(formatMoney(net))}</span>}
      {unpriced > 0 && <span className="block text-small text-warn">{board.unpriced(unpriced)}</span>}
    </>
  );
}

export function ConductCell({ standing: { compliance_rate: asWritten, intervention_rate: interventions } }: Props) {
  const { board, state } = useText();
  if (asWritten === null || interventions === null) return state.unknown;
  return (
    <>
      {formatPercent(asWritten, "negative", 0)}
      <span className="block text-small text-ink-3">{board.interventions(formatPercent(interventions, "negative", 0))}</span>
    </>
  );
}

export function OutcomeCell({ standing }: Props) {
  const { outcomes, health } = useText();
  const { moment } = useTimes();
  const { last_outcome: outcome, last_outcome_at: at, contestant } = standing;
  if (contestant.state !== "active") return <State tone="off" word={health.states[contestant.state]} />;
  if (outcome === null) return <State tone="off" word={outcomes.none} />;
  return (
    <>
      <State tone={TONES[outcome] ?? "off"} word={wordFor(outcomes, outcome)} />
      {at !== null && <span className="block pl-4 text-small text-ink-3">{moment(at, "clock")}</span>}
    </>
  );
}

function State({ tone, word }: { tone: Tone; word: string }) {
  return (
    <span className="inline-flex items-baseline gap-1.5 break-keep">
      <Lamp tone={tone} />
      {word}
    </span>
  );
}
