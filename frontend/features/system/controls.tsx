"use client";

/** What the operator can do with one contestant. Whatever changes the contest asks first. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useChange } from "@/api/admin";
import type { ContestantHealth, Position } from "@/api/client";
import { modelsQuery } from "@/api/queries";
import { useText } from "@/i18n/use-text";
import { formatQuantity } from "@/lib/money";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { closeChange, contestantChanges } from "./changes";

type Asking = "pause" | "entriesStop" | "close";

export function Controls({ one }: { one: ContestantHealth }) {
  const { health, system } = useText();
  const change = useChange(contestantChanges(one.id));
  const [asking, setAsking] = useState<Asking | null>(null);
  const positions = usePositions(one.id);
  const busy = change.busy !== null;
  const plays = one.state === "active" || one.state === "paused";
  return (
    <div className="grid gap-1 md:justify-items-end">
      <div className="flex flex-wrap gap-2 md:justify-end lg:flex-nowrap">
        {plays && <PauseButton one={one} busy={busy} onPause={() => setAsking("pause")} onResume={() => change.run("resume")} />}
        {plays && (
          <EntriesButton
            one={one}
            busy={busy}
            onStop={() => setAsking("entriesStop")}
            onResume={() => change.run("contestantEntriesResume")}
          />
        )}
        {positions.length > 0 && (
          <Button onClick={() => setAsking("close")} aria-label={`${health.close}: ${one.name}`}>
            {health.close}
          </Button>
        )}
      </div>
      <span aria-live="polite" className="block max-w-48 text-small whitespace-normal text-bad">
        {change.error?.message}
        {change.error === null && change.done !== null && <span className="sr-only">{system.done[change.done]}</span>}
      </span>
      {asking === "pause" && <Confirm what="pause" one={one} onYes={() => change.run("pause")} onClose={() => setAsking(null)} />}
      {asking === "entriesStop" && (
        <Confirm what="entriesStop" one={one} onYes={() => change.run("contestantEntriesStop")} onClose={() => setAsking(null)} />
      )}
      {asking === "close" && <ClosePositions one={one} positions={positions} onClose={() => setAsking(null)} />}
    </div>
  );
}

function usePositions(id: string): readonly Position[] {
  const { data } = useQuery(modelsQuery);
  return data?.find(({ contestant }) => contestant.id === id)?.positions ?? [];
}

type PauseProps = { one: ContestantHealth; busy: boolean; onPause: () => void; onResume: () => void };

function PauseButton({ one, busy, onPause, onResume }: PauseProps) {
  const { health } = useText();
  const name = one.state === "active" ? "pause" : "resume";
  return (
    <Button busy={busy} onClick={name === "pause" ? onPause : onResume} aria-label={`${health[name]} ${one.name}`}>
      {health[name]}
    </Button>
  );
}

type EntriesProps = { one: ContestantHealth; busy: boolean; onStop: () => void; onResume: () => void };

function EntriesButton({ one, busy, onStop, onResume }: EntriesProps) {
  const { health } = useText();
  const name = one.close_only ? "allowEntries" : "closeOnly";
  return (
    <Button busy={busy} onClick={one.close_only ? onResume : onStop} aria-label={`${health[name]}: ${one.name}`}>
      {health[name]}
    </Button>
  );
}

type ConfirmProps = { what: "pause" | "entriesStop"; one: ContestantHealth; onYes: () => void; onClose: () => void };

function Confirm({ what, one, onYes, onClose }: ConfirmProps) {
  const { health } = useText();
  const { confirm } = health;
  const yes = () => {
    onYes();
    onClose();
  };
  return (
    <Dialog title={confirm[what](one.name)} description={confirm[`${what}Text`]} closeLabel={health.cancel} onClose={onClose}>
      <Answers onClose={onClose}>
        <Button look="strong" onClick={yes}>
          {what === "pause" ? health.pause : health.closeOnly}
        </Button>
      </Answers>
    </Dialog>
  );
}

function Answers({ onClose, children }: { onClose: () => void; children?: ReactNode }) {
  const { health } = useText();
  return (
    <div className="mt-4 flex justify-end gap-2">
      <Button onClick={onClose}>{health.cancel}</Button>
      {children}
    </div>
  );
}

type CloseProps = { one: ContestantHealth; positions: readonly Position[]; onClose: () => void };

function ClosePositions({ one, positions, onClose }: CloseProps) {
  const { health } = useText();
  return (
    <Dialog title={health.confirm.close(one.name)} description={health.confirm.closeText} closeLabel={health.cancel} onClose={onClose}>
      <ul className="mt-4 grid gap-2">
        {positions.map((position) => (
          <ClosePosition key={position.symbol} position={position} />
        ))}
      </ul>
      <Answers onClose={onClose} />
    </Dialog>
  );
}

function ClosePosition({ position }: { position: Position }) {
  const { health, system, trades } = useText();
  const change = useChange(closeChange(position.contestant_id, position.symbol));
  const side = trades.sides[position.side];
  return (
    <li className="border-t border-line pt-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span>
          {side} {formatQuantity(position.quantity)} <span translate="no">{position.symbol}</span>
        </span>
        <Button look="strong" busy={change.busy !== null} onClick={() => change.run("closed")}>
          {health.closeOne(position.symbol, side)}
        </Button>
      </div>
      <p aria-live="polite" className="text-small text-bad">
        {change.error?.message}
        {change.error === null && change.done !== null && <span className="text-ink-2">{system.done.closed}</span>}
      </p>
    </li>
  );
}
