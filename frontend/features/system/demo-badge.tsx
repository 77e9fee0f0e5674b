"use client";

import { useQuery } from "@tanstack/react-query";
import { statusQuery } from "@/api/queries";
import { useText } from "@/i18n/use-text";
import { Popover } from "@/ui/popover";

/** Says on every page that what is shown is no real model's result; a press says why and what to do. */
export function DemoBadge() {
  const { demo } = useText();
  const { data } = useQuery(statusQuery);
  if (data?.status.mode !== "demo") return null;
  return (
    <Popover
      align="start"
      label={demo.title}
      trigger={
        <button type="button" className="bg-demo-ground px-2 py-0.5 text-small font-bold tracking-wide text-demo-ink">
          {demo.badge} <span aria-hidden="true">?</span>
        </button>
      }
    >
      <p className="font-semibold">{demo.title}</p>
      <p className="mt-1 max-w-72 text-ink-2">{demo.text}</p>
    </Popover>
  );
}
