"""One contestant's turn: ask, store the answer as it came, read it strictly. Executing it is a later step, at one market for everybody.

A failure ends here, in this turn: the contestant holds, the others are untouched.
"""

import time
from dataclasses import dataclass
from typing import Any

import structlog

from app.agents.briefing import FAMILY, VERSION, Prompt, Refusal, brief
from app.agents.reply import Reply, ReplyRefused, read_reply
from app.cycle.parts import Contestant, Parts
from app.engine.market import Snapshot
from app.engine.rules import Rules
from app.llm.outcome import Answer, Failure, FailureKind
from app.store import conversations, decisions, turns
from app.store.accounts import HeldAccount
from app.store.conversations import NewConversation

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: the stored conversation, and the reply as read. `reading` is None when there was nothing to read."""

    contestant: Contestant
    conversation_id: int
    reading: Reply | ReplyRefused | None
    outcome: str
    detail: str | None
    latency_ms: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """What is the same for everybody in one cycle."""

    cycle_id: int
    snapshot: Snapshot
    market: tuple[dict[str, Any], str]
    rules: Rules
    deadline_seconds: float


async def take_turn(parts: Parts, table: Table, contestant: Contestant, held: HeldAccount) -> Asked:
    """Ask a contestant and store the conversation. Raises StoreError when it can't be stored."""
    started = time.perf_counter()
    prompt = await _prompt(parts, table, contestant, held)
    if contestant.host is None:
        raise ValueError(f"{contestant.id} has no host and must not be asked")
    answer = await contestant.host.ask(prompt.messages, table.deadline_seconds)
    latency_ms = int((time.perf_counter() - started) * 1000)
    row = _conversation(parts, table, contestant, prompt, answer, latency_ms)
    async with parts.database.writing() as connection:
        conversation_id = await conversations.save_conversation(connection, row)
        await turns.mark_answered(connection, table.cycle_id, contestant.id, latency_ms=latency_ms)
    asked = read_answer(contestant, conversation_id, row.reply, row.error_kind, row.error, latency_ms)
    _say(table.cycle_id, asked, answer)
    return asked


def read_answer(
    contestant: Contestant, conversation_id: int, reply: str | None, error_kind: str | None, error: str | None, latency_ms: int | None
) -> Asked:
    """Read a stored answer; the same for a live turn and a recovered one."""
    if error_kind is not None or reply is None:
        outcome = "late" if error_kind == FailureKind.TIMEOUT.value else "failed"
        return Asked(contestant, conversation_id, None, outcome, f"{error_kind}: {error}", latency_ms)
    reading = read_reply(reply)
    if isinstance(reading, ReplyRefused):
        return Asked(contestant, conversation_id, reading, "refused", f"{reading.code}: {reading.message}", latency_ms)
    return Asked(contestant, conversation_id, reading, "held", None, latency_ms)


async def _prompt(parts: Parts, table: Table, contestant: Contestant, held: HeldAccount) -> Prompt:
    async with parts.database.reading() as connection:
        refused = await decisions.refused_in_last_turn(connection, contestant.id, before_cycle=table.cycle_id)
    return brief(
        held.account,
        held.initial,
        table.snapshot,
        table.market,
        table.rules,
        language=contestant.language,
        cycle_number=table.cycle_id,
        refusals=[Refusal(one.action, one.symbol, one.code or "", one.message or "") for one in refused],
    )


def _conversation(
    parts: Parts, table: Table, contestant: Contestant, prompt: Prompt, answer: Answer | Failure, latency_ms: int
) -> NewConversation:
    said = answer.reply
    return NewConversation(
        cycle_id=table.cycle_id,
        contestant_id=contestant.id,
        created_at=parts.clock.now(),
        provider=contestant.provider,
        model=contestant.model,
        family=FAMILY,
        version=VERSION,
        system=prompt.system,
        user=prompt.user,
        reply=said.text or None,
        reasoning=said.reasoning or None,
        finish_reason=said.finish_reason,
        usage=said.usage,
        latency_ms=latency_ms,
        http_status=answer.http_status if isinstance(answer, Failure) else said.http_status,
        error_kind=answer.kind.value if isinstance(answer, Failure) else None,
        error=f"{answer.message} {answer.advice}".strip() if isinstance(answer, Failure) else None,
        request_id=said.request_id,
    )


def _say(cycle_id: int, asked: Asked, answer: Answer | Failure) -> None:
    about = {"cycle_id": cycle_id, "contestant_id": asked.contestant.id, "phase": "ask", "ms": asked.latency_ms}
    if isinstance(answer, Failure):
        log.warning(
            "turn_failed", message=f"{asked.contestant.id} holds: {answer.kind.value}: {answer.message} {answer.advice}".strip(), **about
        )
    elif isinstance(asked.reading, ReplyRefused):
        log.warning("reply_refused", message=f"{asked.contestant.id} holds: reply refused, {asked.detail}", **about)
    else:
        log.info("answered", message=f"{asked.contestant.id} answered", **about)
