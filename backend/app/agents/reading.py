"""What reading a reply ends in, as values: decisions that stand, those refused, and a note for every change made to get there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.agents.decision import Decision
from app.engine.trades import Side

DECLARED_TOOL = "submit_decision"
"""The one tool name whose arguments are read as a reply."""


class Verdict(StrEnum):
    """What became of a reply as a whole."""

    ACCEPT = "accept"
    ACCEPT_AS_HOLD = "accept_as_hold"
    REPAIR = "repair"
    REJECT_ACTION = "reject_action"
    REJECT_WHOLE = "reject_whole"


class NoteKind(StrEnum):
    """What a note tells of. A remark changes nothing; the others count as interventions."""

    REPAIR = "repair"
    CLAMP = "clamp"
    REFUSAL = "refusal"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that a host sent instead of, or beside, text. `arguments` is JSON text, as it came."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a model said, as it arrived. `finish_reason` None means that the line broke before the end."""

    text: str
    finish_reason: str | None = "stop"
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the contestant was shown, as far as its reply is read against it: prices and spreads in USDT, `asked_at` the snapshot's time."""

    asked_at: datetime
    marks: Mapping[str, Decimal]
    ticks: Mapping[str, Decimal]
    max_leverage: int
    held: Mapping[str, Side] = field(default_factory=dict)
    spreads: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def universe(self) -> tuple[str, ...]:
        """Every symbol of the contest, tradable now or not."""
        return tuple(self.ticks)


@dataclass(frozen=True, slots=True)
class Note:
    """One change, refusal or remark. `where` is a path like `actions[0].leverage` or `reply`; `position` the action's place, None for the
    reply as a whole; `before` and `after` are short texts, None where there is none.
    """

    kind: NoteKind
    code: str
    where: str
    position: int | None
    before: str | None
    after: str | None
    message: str


@dataclass(frozen=True, slots=True)
class RefusedAction:
    """An action that reading refused; action and symbol as they were written, shortened. `asked` is what could be understood of it."""

    position: int
    action: str
    symbol: str | None
    code: str
    message: str
    asked: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply as read. REJECT_WHOLE has no decisions: the contestant holds, the turn counts as a failure. `document` is what
    stands after repairs (JSON, numbers Decimal), None when no action of a REJECT_ACTION stands. `code` names the weightiest thing
    that was found.
    """

    verdict: Verdict
    code: str
    message: str = ""
    summary: str = ""
    decisions: tuple[Decision, ...] = ()
    refused: tuple[RefusedAction, ...] = ()
    notes: tuple[Note, ...] = ()
    document: Mapping[str, Any] | None = None

    @property
    def stands(self) -> bool:
        """Whether the reply was read at all."""
        return self.verdict is not Verdict.REJECT_WHOLE
