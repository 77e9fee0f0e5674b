"use client";

import { useQuery } from "@tanstack/react-query";
import { useChange } from "@/api/admin";
import type { SystemStatus } from "@/api/client";
import { statusQuery } from "@/api/queries";
import { QueryView } from "@/api/query-view";
import { useText, useTimes } from "@/i18n/use-text";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { Sheet } from "@/ui/sheet";
import { Rows } from "@/ui/skeleton";
import { CHANGES, type ChangeName } from "./changes";
import { Contestants } from "./contestants";
import { Dashboard } from "./dashboard";
import { ErrorHistory } from "./error-history";
import { Facts } from "./facts";
import { Market } from "./market";

export type Change = ReturnType<typeof useChange<ChangeName>>;
export type Known = { status: SystemStatus; receivedAt: number };

/** The state of the arena, and its switches. */
export function SystemBoard() {
  const text = useText();
  const query = useQuery(statusQuery);
  return (
    <QueryView query={query} what={text.state.what.status} skeleton={<BoardSkeleton />}>
      {(known) => <Board known={known} busy={query.isFetching} onRefresh={() => void query.refetch()} />}
    </QueryView>
  );
}

function BoardSkeleton() {
  const { system } = useText();
  return (
    <Sheet title={system.title} level={1}>
      <Rows count={1} height={136} />
      <Rows count={4} height={56} />
    </Sheet>
  );
}

function Board({ known, busy, onRefresh }: { known: Known; busy: boolean; onRefresh: () => void }) {
  const { system } = useText();
  const { moment, zone } = useTimes();
  const change = useChange(CHANGES);
  const { status, receivedAt } = known;
  const refreshed = new Date(receivedAt);
  return (
    <div className="grid gap-8">
      <Sheet
        title={system.title}
        level={1}
        tools={
          <div className="flex items-center gap-3">
            <span className="text-small text-ink-3">
              {system.refreshed(moment(refreshed.toISOString(), "time"))} {zone(refreshed)}
            </span>
            <Button onClick={onRefresh} aria-busy={busy}>
              {system.refresh}
            </Button>
          </div>
        }
      >
        <Said change={change} />
        {status.market === null && <Starting />}
        <Dashboard known={known} change={change} />
        <Facts known={known} change={change} />
      </Sheet>
      <div className="grid gap-8 lg:grid-cols-2">
        <ErrorHistory status={status} />
        <Market status={status} />
      </div>
      <Contestants status={status} />
    </div>
  );
}

/** What became of the last press of a button; read aloud when it changes. */
function Said({ change }: { change: Change }) {
  const { system } = useText();
  return (
    <div aria-live="polite">
      {change.error !== null && (
        <div className="mb-3">
          <Notice tone="bad">
            <strong className="font-medium">{system.actionFailed}</strong> <span>{change.error.message}</span>
          </Notice>
        </div>
      )}
      {change.error === null && change.done !== null && <p className="sr-only">{system.done[change.done]}</p>}
    </div>
  );
}

function Starting() {
  const { system } = useText();
  return (
    <div className="mb-3" role="status">
      <Notice tone="warn">
        <strong className="font-medium">{system.starting}</strong> <span className="text-ink-2">{system.startingText}</span>
      </Notice>
    </div>
  );
}
