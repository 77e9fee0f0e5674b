"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { AdminProvider } from "./admin";
import { ApiError } from "./client";
import { useLiveUpdates } from "./live";

const CLIENT_ERRORS_FROM = 400;
const SERVER_ERRORS_FROM = 500;

function worthRetrying(failures: number, error: Error): boolean {
  const refused = error instanceof ApiError && error.status >= CLIENT_ERRORS_FROM && error.status < SERVER_ERRORS_FROM;
  return !refused && failures < 1;
}

function LiveUpdates() {
  useLiveUpdates();
  return null;
}

/** Server state for the pages below: one cache, kept fresh by events. */
export function ServerState({ children }: { children: ReactNode }) {
  const [queries] = useState(
    () =>
      new QueryClient({
        defaultOptions: { queries: { retry: worthRetrying, retryDelay: 1_000, staleTime: 2_000, networkMode: "always" } },
      }),
  );
  return (
    <QueryClientProvider client={queries}>
      <AdminProvider>
        <LiveUpdates />
        {children}
      </AdminProvider>
    </QueryClientProvider>
  );
}
