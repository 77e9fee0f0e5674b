"use client";

import Link from "next/link";
import { useText } from "@/i18n/use-text";
import { Empty } from "./empty";

export function NotHere() {
  const { state } = useText();
  return (
    <Empty title={state.notFound} text={state.notFoundText}>
      <Link href="/" className="underline underline-offset-2">
        {state.toLeaderboard}
      </Link>
    </Empty>
  );
}
