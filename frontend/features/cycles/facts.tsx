"use client";

import type { ReactNode } from "react";
import type { CycleDetail } from "@/api/client";
import { wordFor } from "@/i18n/lookup";
import { useText, useTimes } from "@/i18n/use-text";
import { formatFigure } from "@/lib/ratios";
import { Hash } from "@/ui/hash";
import { Notice } from "@/ui/notice";
import { CycleState } from "./list";
import { secondsTaken, spreadOfAsking, steps } from "./timing";

/** When it ran, how it ended, and the hashes by which anyone can check that all were shown and filled at the same market. */
export function CycleFacts({ cycle }: { cycle: CycleDetail }) {
  const { cycles } = useText();
  const { moment, zone } = useTimes();
  return (
    <div>
      {cycle.reason !== null && (
        <Notice tone="warn">
          <strong className="font-medium">{cycles.reason}:</strong> <span className="wrap-anywhere">{cycle.reason}</span>
        </Notice>
      )}
      <dl className="grid grid-cols-2 gap-x-6 sm:grid-cols-3 lg:grid-cols-6">
        <Fact term={cycles.columns.state}>
          <CycleState state={cycle.state} /> <Beside>{wordFor(cycles.kinds, cycle.kind)}</Beside>
        </Fact>
        <Fact term={cycles.due}>
          {moment(cycle.due_at)} <Beside>{zone(new Date(cycle.due_at))}</Beside>
        </Fact>
        <Fact term={cycles.started}>{moment(cycle.started_at)}</Fact>
        <Fact term={cycles.finished}>{cycle.finished_at === null ? cycles.notFinished : moment(cycle.finished_at)}</Fact>
        <Fact term={cycles.snapshot}>
          {cycle.content_hash === null ? cycles.noPrices : <Hash value={cycle.content_hash} title={cycles.snapshotText} />}
        </Fact>
        <Fact term={cycles.books}>
          {cycle.books_hash === null ? cycles.noBooks : <Hash value={cycle.books_hash} title={cycles.booksText} />}
        </Fact>
      </dl>
      <div className="grid gap-x-6 border-b border-line md:grid-cols-2">
        <Timing cycle={cycle} />
        <Steps timings={cycle.timings} />
      </div>
    </div>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className="min-w-0 border-t border-line py-2">
      <dt className="text-small text-ink-2">{term}</dt>
      <dd className="mt-0.5">{children}</dd>
    </div>
  );
}

function Beside({ children }: { children: ReactNode }) {
  return <span className="text-small text-ink-3">{children}</span>;
}

/** Whether all were asked at once, and until when they could answer. */
function Timing({ cycle }: { cycle: CycleDetail }) {
  const { cycles } = useText();
  const { moment } = useTimes();
  const spread = spreadOfAsking(cycle.turns);
  if (spread === null) return null;
  const deadlines = new Set(cycle.turns.map(({ deadline_at: at }) => at).filter((at) => at !== null));
  const [deadline] = deadlines;
  return (
    <div className="border-t border-line py-2">
      <p className="text-small text-ink-2">{cycles.timing}</p>
      <p className="mt-0.5" data-testid="asked-together">
        {spread === 0 ? cycles.askedTogether : cycles.askedWithin(cycles.milliseconds(formatFigure(spread, 0)))}
        {deadlines.size === 1 && deadline !== undefined && ` · ${cycles.deadlineAt(moment(deadline, "time"))}`}
      </p>
    </div>
  );
}

function Steps({ timings }: { timings: CycleDetail["timings"] }) {
  const { cycles } = useText();
  const seconds = secondsTaken(timings);
  if (timings === null || seconds === null) return null;
  return (
    <div className="min-w-0 border-t border-line py-2">
      <p className="text-small text-ink-2">
        {cycles.phases} · {cycles.seconds(formatFigure(seconds, 1))}
      </p>
      <ul className="mt-0.5 flex flex-wrap gap-x-4">
        {steps(timings).map(([name, ms]) => (
          <li key={name} className="whitespace-nowrap">
            <span className="text-small text-ink-2">{cycles.phaseNames[name]}</span> {cycles.milliseconds(formatFigure(ms, 0))}
          </li>
        ))}
      </ul>
    </div>
  );
}
