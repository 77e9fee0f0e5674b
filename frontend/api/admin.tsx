"use client";

/** Changes the operator makes. When the arena asks for its admin token, a dialog asks the operator, and the change is tried again. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { createContext, type FormEvent, type ReactNode, use, useCallback, useMemo, useState } from "react";
import { useText } from "@/i18n/use-text";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { ApiError } from "./client";
import { adminToken, keepAdminToken } from "./token";

const UNAUTHORIZED = 401;

type Ask = (wrong: boolean) => Promise<boolean>;
type Question = { wrong: boolean; answer: (given: boolean) => void };

const AskContext = createContext<Ask>(async () => false);

export function AdminProvider({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const ask = useCallback<Ask>(
    (wrong) =>
      new Promise((resolve) => {
        setQuestion({ wrong, answer: resolve });
      }),
    [],
  );
  const answer = (given: boolean) => {
    question?.answer(given);
    setQuestion(null);
  };
  return (
    <AskContext value={ask}>
      {children}
      {question !== null && <TokenDialog wrong={question.wrong} onAnswer={answer} />}
    </AskContext>
  );
}

function TokenDialog({ wrong, onAnswer }: { wrong: boolean; onAnswer: (given: boolean) => void }) {
  const text = useText();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token") ?? "").trim();
    if (token === "") return;
    keepAdminToken(token);
    onAnswer(true);
  };
  return (
    <Dialog title={text.admin.title} description={text.admin.text} closeLabel={text.admin.cancel} onClose={() => onAnswer(false)}>
      <form onSubmit={submit} className="mt-4 grid gap-3">
        {wrong && (
          <p role="alert" className="text-bad">
            {text.admin.wrong}
          </p>
        )}
        <label className="grid gap-1">
          <span className="text-small text-ink-2">{text.admin.label}</span>
          <input name="token" type="password" autoComplete="off" required className="field w-full" />
        </label>
        <div className="flex justify-end gap-2">
          <Button onClick={() => onAnswer(false)}>{text.admin.cancel}</Button>
          <Button type="submit" look="strong">
            {text.admin.send}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

async function withToken<Data>(ask: Ask, change: () => Promise<Data>): Promise<Data> {
  for (;;) {
    try {
      return await change();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== UNAUTHORIZED) throw error;
      const wrong = adminToken() !== null;
      keepAdminToken(null);
      if (!(await ask(wrong))) throw error;
    }
  }
}

/** A change of the arena's state; everything shown is read again afterwards. */
export function useChange<Name extends string>(changes: Record<Name, () => Promise<unknown>>) {
  const ask = use(AskContext);
  const queries = useQueryClient();
  const { mutate, isPending, variables, error, isSuccess } = useMutation<unknown, Error, Name>({
    mutationFn: (name) => withToken(ask, changes[name]),
    onSettled: () => queries.invalidateQueries(),
  });
  return useMemo(
    () => ({ run: mutate, busy: isPending ? (variables ?? null) : null, done: isSuccess ? (variables ?? null) : null, error }),
    [mutate, isPending, variables, isSuccess, error],
  );
}
