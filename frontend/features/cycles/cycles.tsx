"use client";

import { useSearchParams } from "next/navigation";
import { NotHere } from "@/ui/not-here";
import { CycleList } from "./list";
import { STATES, type State } from "./queries";
import { ShownCycle } from "./shown";

const ID = /^[1-9]\d{0,15}$/;

/** `?id=` shows one cycle, otherwise the list; `?state=` filters it. */
export function Cycles() {
  const wanted = useSearchParams();
  const id = wanted.get("id");
  if (id === null) return <CycleList state={stateOf(wanted.get("state"))} />;
  return ID.test(id) ? <ShownCycle key={id} id={Number(id)} /> : <NotHere />;
}

function stateOf(text: string | null): State | null {
  return STATES.find((state) => state === text) ?? null;
}
