"use client";

import { useText } from "@/i18n/use-text";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";

/** A fault of the pages themselves: what it said, and a way on. */
export default function PageBroke({ error, reset }: { error: Error; reset: () => void }) {
  const { state } = useText();
  return (
    <div role="alert">
      <Empty title={state.broken} text={error.message}>
        <Button onClick={reset}>{state.retry}</Button>
      </Empty>
    </div>
  );
}
