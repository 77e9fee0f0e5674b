"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { CycleDetail } from "@/api/client";
import { QueryView } from "@/api/query-view";
import { useText } from "@/i18n/use-text";
import { classes } from "@/ui/classes";
import { Empty } from "@/ui/empty";
import { Sheet } from "@/ui/sheet";
import { Rows } from "@/ui/skeleton";
import { EventList } from "./events";
import { CycleFacts } from "./facts";
import { Prices } from "./prices";
import { cycleQuery } from "./queries";
import { SharedTexts } from "./shared";
import { Turns } from "./turns";

/** One cycle: what everybody saw, thought and answered, and what became of it. */
export function ShownCycle({ id }: { id: number }) {
  const text = useText();
  const query = useQuery(cycleQuery(id));
  return (
    <Sheet title={text.cycles.titleOf(id)} level={1} tools={<Neighbours cycle={query.data} />}>
      <QueryView query={query} what={text.state.what.cycle} skeleton={<Waiting />}>
        {(cycle) => <Whole cycle={cycle} />}
      </QueryView>
    </Sheet>
  );
}

function Waiting() {
  return (
    <>
      <Rows count={2} height={64} />
      <Rows count={6} height={120} />
    </>
  );
}

function Neighbours({ cycle }: { cycle: CycleDetail | undefined }) {
  const { cycles } = useText();
  return (
    <nav aria-label={cycles.title} className="flex flex-wrap items-center gap-2">
      <Step id={cycle?.previous_id ?? null} label={`← ${cycles.previous}`} />
      <Step id={cycle?.next_id ?? null} label={`${cycles.next} →`} />
      <Link href="/cycles" className="px-2 underline decoration-line-strong underline-offset-4">
        {cycles.toAll}
      </Link>
    </nav>
  );
}

const STEP = "inline-flex h-8 items-center rounded-[2px] border px-3 font-medium whitespace-nowrap";

function Step({ id, label }: { id: number | null; label: string }) {
  if (id === null) return <span className={classes(STEP, "border-line text-ink-3 opacity-60")}>{label}</span>;
  return (
    <Link href={`/cycles?id=${id}`} className={classes(STEP, "border-line-strong bg-surface hover:bg-sunken")}>
      {label}
    </Link>
  );
}

function Whole({ cycle }: { cycle: CycleDetail }) {
  const { cycles } = useText();
  return (
    <div className="grid gap-8">
      <CycleFacts cycle={cycle} />
      <Sheet title={cycles.prices}>
        <Prices prices={cycle.prices} />
      </Sheet>
      <SharedTexts turns={cycle.turns} />
      <Sheet title={cycles.turns}>
        {cycle.turns.length === 0 ? <Empty title={cycles.noTurns} text={cycles.noTurnsText} /> : <Turns turns={cycle.turns} />}
      </Sheet>
      {cycle.other_events.length > 0 && (
        <Sheet title={cycles.otherEvents}>
          <EventList events={cycle.other_events} named />
        </Sheet>
      )}
    </div>
  );
}
