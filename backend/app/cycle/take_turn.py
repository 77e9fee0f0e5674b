"""One contestant's turn: ask, once more if the reply can't be read and time remains, store the conversation as it went over the wire.

Executing what was decided is a later step. A failure ends here, in this turn: the contestant holds, the others are untouched.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
from app.store.calls import NewCall
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
    further call would fail like this one. `by_operator` marks an order that is not the contestant's own.
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
    asked_twice: bool = False
    by_operator: bool = False


async def take_turn(parts: Parts, table: Table, contestant: Contestant, seat: Seat) -> Asked:
    """Ask a contestant and store the conversation. Raises StoreError when it can't be stored."""
    against = shown(table.scene.snapshot, seat.account, table.scene.rules.max_leverage)
    question = Question(parts, table, contestant, seat)
    asked_at, started = parts.clock.now(), time.perf_counter()
    answer = await question.answer(question.prompt.messages)
    latency_ms = _since(started)
    async with parts.one_at_a_time:
        asked = read_answer(contestant, answer, against, latency_ms)
        row = conversation(table, contestant, question.prompt, question.stands(answer, asked), asked_at)
        made = calls_made(parts, contestant, question.prompt, answer, asked_at)
        prepared = await _prepared(row, made)
    again = _ask_again(table, asked)
    # Stored also before it is asked again: a reply that was paid for is never lost.
    conversation_id = await parts.recorder.record(Entry(table.cycle_id, prepared, None if again else question.closes(asked)))
    asked = replace(asked, conversation_id=conversation_id)
    if again:
        asked_at = parts.clock.now()
        answer = await question.answer(question.once_more(answer, asked))
        asked = replace(read_answer(contestant, answer, against, _since(started)), conversation_id=conversation_id, asked_twice=True)
        made = calls_made(parts, contestant, question.prompt, answer, asked_at, made_before=len(made))
        async with parts.database.writing() as connection:
            await conversations.amend_conversation(connection, conversation_id, question.stands(answer, asked), made)
            await turns.mark_all_answered(connection, table.cycle_id, [question.closes(asked)])
    _say(table.cycle_id, asked, answer)
    return replace(asked, close_only=seat.close_only)


def read_answer(contestant: Contestant, said: Answer | Failure, against: Shown, latency_ms: int | None) -> Asked:
    """Read what came back; the same for a live turn and a recovered one."""
    reading = _read(contestant, said, against)
    if isinstance(said, Failure):
        outcome = "late" if said.kind is FailureKind.TIMEOUT else "failed"
        code = reading.code if reading is not None else said.code
        said_so = " ".join(part for part in (f"{said.kind}:", said.message, said.advice) if part)
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
        return await who.host.ask(messages, _seconds_left(self.table))

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

    def stands(self, answer: Answer | Failure, asked: Asked) -> Answered:
        """How the answer stands, to be stored."""
        verdict = None if asked.reading is None else asked.reading.verdict.value
        return answered(answer, at=self.parts.clock.now(), latency_ms=asked.latency_ms or 0, verdict=verdict, code=asked.code)

    def closes(self, asked: Asked) -> TurnAnswered:
        """The turn as answered."""
        return TurnAnswered(
            contestant_id=self.contestant.id,
            latency_ms=asked.latency_ms or 0,
            answered_at=self.parts.clock.now(),
            verdict=None if asked.reading is None else asked.reading.verdict.value,
            code=asked.code,
        )


async def _prepared(row: NewConversation, made: Sequence[NewCall]) -> PreparedConversation:
    """Compressed: at once where that takes a moment, for a thread holds the interpreter longer than that; a huge answer in a thread."""
    if sum(len(one.received) for one in made) < THREAD_BYTES_MIN:
        return conversations.prepare_conversation(row, made)
    return await asyncio.to_thread(conversations.prepare_conversation, row, made)


def _ask_again(table: Table, asked: Asked) -> bool:
    """Whether a second question may mend the reply, and there is time for one. A baseline would say the same again."""
    if asked.reading is None or asked.contestant.baseline is not None or not worth_asking_again(asked.reading):
        return False
    return _seconds_left(table) >= REASK_SECONDS_MIN


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
