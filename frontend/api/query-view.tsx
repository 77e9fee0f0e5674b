"use client";

/** The four looks of server data: the shape of what comes, the data, stale data with its age, and what failed. */

import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useText, useTimes } from "@/i18n/use-text";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Notice } from "@/ui/notice";
import { ApiError } from "./client";

type Read = Pick<UseQueryResult<unknown>, "error" | "dataUpdatedAt" | "isFetching" | "refetch">;

type Props<Data> = {
  query: Read & { data: Data | undefined };
  /** What is being read, as the error sentence names it. */
  what: string;
  skeleton: ReactNode;
  children: (data: Data) => ReactNode;
};

export function QueryView<Data>({ query, what, skeleton, children }: Props<Data>) {
  const text = useText();
  if (query.data !== undefined) {
    return (
      <>
        {query.error !== null && <Failure query={query} error={query.error} what={what} />}
        <div className={classes("fresh", query.error !== null && "stale")}>{children(query.data)}</div>
      </>
    );
  }
  if (query.error !== null) return <Failure query={query} error={query.error} what={what} />;
  return (
    <div role="status" aria-label={text.state.loading}>
      {skeleton}
    </div>
  );
}

function Failure({ query, error, what }: { query: Read; error: Error; what: string }) {
  const text = useText();
  const { moment } = useTimes();
  const answered = query.dataUpdatedAt > 0;
  return (
    <div role="alert" className="mb-3">
      <Notice tone="bad">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <div className="min-w-0">
            <p className="font-medium">{text.state.failed(what)}</p>
            <p className="text-ink-2">{error instanceof ApiError && error.status > 0 ? error.message : text.state.unreachable}</p>
            <p className="text-ink-2">
              {answered ? text.state.since(moment(new Date(query.dataUpdatedAt).toISOString())) : text.state.neverAnswered}
            </p>
          </div>
          <Button busy={query.isFetching} onClick={() => void query.refetch()}>
            {text.state.retry}
          </Button>
        </div>
      </Notice>
    </div>
  );
}
