"""One contestant's turn: ask, once more if the reply can't be read and time remains, store the conversation as it went over the wire.

Executing what was decided is a later step. A failure ends here, in this turn: the contestant holds, the others are untouched.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import structlog

from app.agents.baselines import decide
from app.agents.reading import Reading, Shown, Spoken, ToolCall
from app.agents.reask import asked_again, worth_asking_again
from app.agents.scene import Seat
from app.agents.template import Prompt
from app.agents.tiltyard_reply import read_tiltyard
from app.cycle.parts import Contestant, Parts
from app.cycle.recorder import Entry
from app.cycle.table import Table, shown
from app.cycle.wire import answered, calls_made, conversation
from app.llm.outcome import Answer, Failure, FailureKind, Reply
from app.store import conversations, turns
from app.store.calls import NewCall, PreparedCalls, prepare_calls
from app.store.conversations import Answered, NewConversation, PreparedConversation
from app.store.turns import TurnAnswered

REASK_SECONDS_MIN = 5.0
"""With less than this left before the deadline nobody is asked again."""
THREAD_BYTES_MIN = 1_000_000
"""An answer from this size on is compressed in a thread."""
PAUSING = frozenset({FailureKind.AUTH, FailureKind.PAYMENT, FailureKind.FORBIDDEN})
"""Failures that every further call would repeat until the operator has done something."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: the stored conversation, and the reply as read. `reading` is None when nothing arrived that could be read.

    `outcome` is late, failed, refused or held so far; `code` and `detail` say why. `pause` is the operator's instruction where every
    further call would fail like this one. `first` is the reply that could not be read, where it was asked once more. `by_operator` marks an
    order that is not the contestant's own.
    """

    contestant: Contestant
    conversation_id: int | None
    reading: Reading | None
    outcome: str
    code: str | None
    detail: str | None
    latency_ms: int | None
    pause: str | None = None
    close_only: bool = False
    first: Reading | None = None
    by_operator: bool = False


async def take_turn(parts: Parts, table: Table, contestant: Contestant, seat: Seat) -> Asked:
    """Ask a contestant and store the conversation. Raises StoreError when it can't be stored."""
    against = shown(table.scene.snapshot, seat.account, table.scene.rules.max_leverage)
    question = Question(parts, table, contestant, seat)
    asked_at, started = parts.clock.now(), time.perf_counter()
    answer = await question.answer(question.prompt.messages)
    # Taken before anything else is waited for: an answer is in time when it came, not when its turn to be read came.
    heard_at, latency_ms = parts.clock.now(), _since(started)
    async with parts.one_at_a_time:
        asked = read_answer(contestant, answer, against, latency_ms)
        made = calls_made(parts, contestant, question.prompt, answer, asked_at)
        row = conversation(table, contestant, question.prompt, question.stands(answer, asked, heard_at), asked_at)
        prepared = await _prepared(row, made)
    again = _ask_again(table, asked, made)
    # Stored also before it is asked again: a reply that was paid for is never lost.
    conversation_id = await parts.recorder.record(Entry(table.cycle_id, prepared, None if again else question.closes(asked, heard_at)))
    asked = replace(asked, conversation_id=conversation_id)
    if again:
        first, asked_at = asked.reading, parts.clock.now()
        answer = await question.answer(question.once_more(answer, asked))
        heard_at, latency_ms = parts.clock.now(), _since(started)
        async with parts.one_at_a_time:
            asked = replace(read_answer(contestant, answer, against, latency_ms), conversation_id=conversation_id, first=first)
            made = calls_made(parts, contestant, question.prompt, answer, asked_at, made_before=len(made))
            kept = await _kept(made)
        async with parts.database.writing() as connection:
            await conversations.amend_conversation(connection, conversation_id, question.stands(answer, asked, heard_at), kept)
            await turns.mark_all_answered(connection, table.cycle_id, [question.closes(asked, heard_at)])
    _say(table.cycle_id, asked, answer)
    return replace(asked, close_only=seat.close_only)


def read_answer(contestant: Contestant, said: Answer | Failure, against: Shown, latency_ms: int | None) -> Asked:
    """Read what came back; the same for a live turn and a recovered one."""
    reading = _read(contestant, said, against)
    if isinstance(said, Failure):
        outcome = "late" if said.kind is FailureKind.TIMEOUT else "failed"
        code = reading.code if reading is not None else said.code
        said_so = f"{said.kind}: {said.sentences}"
        pause = said.advice if said.kind in PAUSING else None
        return Asked(contestant, None, None, outcome, code, said_so, latency_ms, pause)
    if reading is None or not reading.stands:
        detail = None if reading is None else f"{reading.code}: {reading.message}"
        return Asked(contestant, None, reading, "refused", None if reading is None else reading.code, detail, latency_ms)
    return Asked(contestant, None, reading, "held", reading.code, None, latency_ms)


@dataclass(frozen=True, slots=True)
class Question:
    """What one contestant is asked in one cycle."""

    parts: Parts
    table: Table
    contestant: Contestant
    seat: Seat

    @property
    def prompt(self) -> Prompt:
        """What it is sent."""
        return self.table.prompts[self.contestant.id]

    async def answer(self, messages: Sequence[Mapping[str, str]]) -> Answer | Failure:
        """What the contestant says to messages, within what is left of the deadline."""
        who = self.contestant
        if who.baseline is not None:
            return Answer(Reply(decide(who.baseline, self.table.scene, self.seat, who.seed), finish_reason="stop"))
        if who.host is None:
            raise ValueError(f"{who.id} has no host and must not be asked")
        answer = await who.host.ask(messages, _seconds_left(self.table))
        return answer if _seconds_left(self.table) > 0 else _too_late(answer, self.parts.deadline_seconds)

    def once_more(self, answer: Answer | Failure, asked: Asked) -> list[dict[str, str]]:
        """The messages of the second question."""
        who = self.contestant
        log.info(
            "asked_again",
            message=f"{who.id} is asked once more: {asked.detail}",
            contestant_id=who.id,
            cycle_id=self.table.cycle_id,
            phase="ask",
        )
        if asked.reading is None:
            raise ValueError("nothing that was said is at fault")
        return asked_again(self.prompt.messages, answer.reply.text, asked.reading, who.language)

    def stands(self, answer: Answer | Failure, asked: Asked, heard_at: datetime) -> Answered:
        """How the answer stands, to be stored."""
        verdict = None if asked.reading is None else asked.reading.verdict.value
        return answered(answer, at=heard_at, latency_ms=asked.latency_ms or 0, verdict=verdict, code=asked.code)

    def closes(self, asked: Asked, heard_at: datetime) -> TurnAnswered:
        """The turn as answered."""
        return TurnAnswered(
            contestant_id=self.contestant.id,
            latency_ms=asked.latency_ms or 0,
            answered_at=heard_at,
            verdict=None if asked.reading is None else asked.reading.verdict.value,
            code=asked.code,
        )


async def _prepared(row: NewConversation, made: Sequence[NewCall]) -> PreparedConversation:
    """Compressed: at once where that takes a moment, for a thread holds the interpreter longer than that; a huge answer in a thread."""
    if _is_small(made):
        return conversations.prepare_conversation(row, made)
    return await asyncio.to_thread(conversations.prepare_conversation, row, made)


async def _kept(made: Sequence[NewCall]) -> PreparedCalls:
    """The calls of a second question, compressed in the same way."""
    return prepare_calls(made) if _is_small(made) else await asyncio.to_thread(prepare_calls, made)


def _is_small(made: Sequence[NewCall]) -> bool:
    return sum(len(one.received) for one in made) < THREAD_BYTES_MIN


def _ask_again(table: Table, asked: Asked, made: Sequence[NewCall]) -> bool:
    """Whether a second question may mend the reply, and there are time and money for one. A baseline would say the same again."""
    if asked.reading is None or asked.contestant.baseline is not None or not worth_asking_again(asked.reading):
        return False
    left = table.usd_left.get(asked.contestant.id)
    if left is not None and sum((one.cost_usd or Decimal(0) for one in made), Decimal(0)) >= left:
        return False
    return _seconds_left(table) >= REASK_SECONDS_MIN


def _too_late(said: Answer | Failure, seconds: float) -> Answer | Failure:
    """An answer that came after the deadline never trades, whatever the host that gave it thought of the time."""
    if isinstance(said, Failure):
        return said
    message = f"the reply was complete only after the {seconds:g} seconds had passed"
    return Failure(
        FailureKind.TIMEOUT,
        message,
        "nothing of it was traded",
        http_status=said.reply.http_status,
        reply=said.reply,
        latency_ms=said.latency_ms,
        calls=said.calls,
        queued_ms=said.queued_ms,
    )


def _since(started: float) -> int:
    return int((time.perf_counter() - started) * 1000)


def _seconds_left(table: Table) -> float:
    return max(0.0, table.deadline - asyncio.get_running_loop().time())


def _read(contestant: Contestant, said: Answer | Failure, against: Shown) -> Reading | None:
    """The reading of what arrived; None where nothing did, or where reading it would say nothing new."""
    if isinstance(said, Failure) and said.kind is not FailureKind.TRUNCATED:
        return None
    reply = said.reply
    spoken = Spoken(reply.text, reply.finish_reason, tuple(ToolCall(one.name, one.arguments) for one in reply.tool_calls))
    read = read_tiltyard if contestant.baseline is not None else contestant.template.read
    return read(spoken, against)


def _say(cycle_id: int, asked: Asked, answer: Answer | Failure) -> None:
    about = {"cycle_id": cycle_id, "contestant_id": asked.contestant.id, "phase": "ask", "ms": asked.latency_ms}
    if isinstance(answer, Failure):
        log.warning("turn_failed", message=f"{asked.contestant.id} holds: {asked.detail}", **about)
    elif asked.outcome == "refused":
        log.warning("reply_refused", message=f"{asked.contestant.id} holds: reply refused, {asked.detail}", **about)
    else:
        log.info("answered", message=f"{asked.contestant.id} answered", **about)
