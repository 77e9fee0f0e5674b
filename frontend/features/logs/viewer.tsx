"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useRoster } from "@/api/queries";
import { QueryView } from "@/api/query-view";
import { useText } from "@/i18n/use-text";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { Segmented } from "@/ui/segmented";
import { Sheet } from "@/ui/sheet";
import { Rows } from "@/ui/skeleton";
import { LogLines } from "./lines";
import { type Filter, LEVELS, type Level, logsQuery } from "./queries";

export function LogViewer() {
  const text = useText();
  const [filter, setFilter] = useState<Filter>({ level: "INFO", contestant: null });
  const query = useInfiniteQuery(logsQuery(filter));
  return (
    <Sheet title={text.logs.title} tools={<LogFilter filter={filter} onChange={setFilter} />}>
      <QueryView query={query} what={text.state.what.logs} skeleton={<Rows count={10} height={24} />}>
        {({ pages }) => {
          const lines = pages.flatMap(({ items }) => items);
          if (lines.length === 0) return <Empty title={text.logs.empty} text={text.logs.emptyText} />;
          return <LogLines lines={lines} />;
        }}
      </QueryView>
      <div className="py-3 text-center text-small text-ink-3">
        {query.hasNextPage && (
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchingNextPage ? text.state.loadingMore : text.state.loadMore}
          </Button>
        )}
        {query.data !== undefined && !query.hasNextPage && text.state.end}
      </div>
    </Sheet>
  );
}

function LogFilter({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const { logs } = useText();
  const roster = useRoster();
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Segmented<Level>
        label={logs.level}
        options={LEVELS.map((value) => ({ value, label: logs.levels[value] }))}
        value={filter.level}
        onChange={(level) => onChange({ ...filter, level })}
      />
      <label className="flex items-center gap-2">
        <span className="sr-only">{logs.contestant}</span>
        <select
          className="field"
          value={filter.contestant ?? ""}
          onChange={({ target }) => onChange({ ...filter, contestant: target.value === "" ? null : target.value })}
        >
          <option value="">
            {logs.contestant}: {logs.everybody}
          </option>
          {[...roster.values()].map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
