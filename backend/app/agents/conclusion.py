"""What a reading comes to: the actions that stand, those that don't, the verdict and the weightiest code. Shared by every prompt family."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.agents.codes import Code
from app.agents.conflicts import Conflict
from app.agents.decision import Decision
from app.agents.findings import ActionRefusedError, Findings, WholeRejectedError, excerpt
from app.agents.quoting import quoted
from app.agents.reading import Note, NoteKind, Reading, RefusedAction, Verdict
from app.agents.strict_json import Doubled

ASKED_FIELDS_MAX = 16
SAID_CHARACTERS_MAX = 40
_CHANGES = frozenset({NoteKind.REPAIR, NoteKind.CLAMP})


@dataclass(frozen=True, slots=True)
class ActionRead:
    """An action that could be read, and the object that stands of it."""

    decision: Decision
    kept: Mapping[str, Any]
    where: str


@dataclass(frozen=True, slots=True)
class Beyond:
    """Stands for the `count` actions beyond the most that are read: refused as one."""

    count: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A reply's actions, still unread, and how what stands of them is put together again."""

    items: tuple[Any, ...]
    assembled: Callable[[Sequence[ActionRead]], Mapping[str, Any]]
    summary: str = ""


@dataclass(frozen=True, slots=True)
class ActionRefused:
    """An action that could not, and the note that says so."""

    refused: RefusedAction
    note: Note


def rejected(found: WholeRejectedError) -> Reading:
    """The reading of a reply that can't be read at all."""
    return Reading(Verdict.REJECT_WHOLE, found.code.value, found.message)


def bounded(items: Sequence[Any], most: int) -> tuple[Any, ...]:
    """The first `most` actions, and one that stands for all others."""
    return tuple(items) if len(items) <= most else (*items[:most], Beyond(len(items) - most))


def refuse_unfit(item: Any, what: str) -> None:
    """Raise ActionRefusedError for an action that is no plain object. `what` is the family's word for an action."""
    if isinstance(item, Beyond):
        raise ActionRefusedError(Code.TOO_MANY_ACTIONS, f"{item.count} more than a reply may hold: they were not read")
    if isinstance(item, Doubled):
        raise ActionRefusedError(Code.DUPLICATE_KEY, f"the key {item.key[:40]!r} stands twice in one {what}")
    if not isinstance(item, dict):
        raise ActionRefusedError(Code.ACTION_NOT_AN_OBJECT, f"the {what} must be an object")


def refused(found: ActionRefusedError, item: Any, position: int, path: str, names: tuple[str, str] = ("action", "symbol")) -> ActionRefused:
    """A refused action with what was written of it. `path` is where it stands, `names` are the family's keys for action and symbol."""
    written = item.rest if isinstance(item, Doubled) else item if isinstance(item, dict) else {}
    action, symbol = (written.get(name) for name in names)
    asked = {excerpt(key): excerpt(value) for key, value in list(written.items())[:ASKED_FIELDS_MAX]}
    where = path if found.field_name is None else f"{path}.{found.field_name}"
    before = None if found.written is None else excerpt(found.written)
    message = found.message if before is None else f"{found.message} (written: {_said(found.written, before)})"
    return ActionRefused(
        RefusedAction(
            position=position,
            action=excerpt(action) if isinstance(action, str) else "",
            symbol=excerpt(symbol) if isinstance(symbol, str) else None,
            code=found.code.value,
            message=message,
            asked=asked,
        ),
        Note(NoteKind.REFUSAL, found.code.value, where, position, before, None, message),
    )


def _said(written: object, short: str) -> str:
    """What was written, for a message that its author gets to see again: a text stands in quotes, so that it can't pose as ours."""
    return quoted(short, SAID_CHARACTERS_MAX) if isinstance(written, str) else short


def conclude_reading(
    whole: Whole, actions: Sequence[ActionRead | ActionRefused], clashes: Sequence[Conflict], findings: Findings
) -> Reading:
    """Put a reading together. Notes of actions that don't stand are left out: nothing came of what they changed."""
    standing, refusals = _parted(actions, {position: (code, message) for position, code, message in clashes})
    gone = {one.refused.position for one in refusals}
    notes = [note for note in findings.notes if note.position not in gone]
    verdict, code = _weightiest([*(one.note for one in refusals), *notes], empty=not whole.items)
    if verdict is Verdict.ACCEPT and not any(one.decision.order for one in standing):
        verdict = Verdict.ACCEPT_AS_HOLD
    return Reading(
        verdict,
        code,
        message="; ".join(one.refused.message for one in refusals),
        summary=whole.summary,
        decisions=tuple(one.decision for one in standing),
        refused=tuple(one.refused for one in refusals),
        notes=(*notes, *(one.note for one in refusals)),
        document=whole.assembled(standing) if standing or not refusals else None,
    )


def _parted(
    actions: Sequence[ActionRead | ActionRefused], clashes: Mapping[int, tuple[Code, str]]
) -> tuple[list[ActionRead], list[ActionRefused]]:
    standing: list[ActionRead] = []
    refusals: list[ActionRefused] = []
    for one in actions:
        if isinstance(one, ActionRefused):
            refusals.append(one)
        elif one.decision.position in clashes:
            code, message = clashes[one.decision.position]
            refusals.append(_clashing(one, code, message))
        else:
            standing.append(one)
    return standing, refusals


def _clashing(one: ActionRead, code: Code, message: str) -> ActionRefused:
    decision = one.decision
    asked = {key: excerpt(value) for key, value in one.kept.items()}
    return ActionRefused(
        RefusedAction(decision.position, decision.action.value, decision.symbol, code.value, message, asked),
        Note(NoteKind.REFUSAL, code.value, one.where, decision.position, None, None, message),
    )


def _weightiest(notes: Sequence[Note], *, empty: bool) -> tuple[Verdict, str]:
    """A refusal outweighs a change, a change outweighs a remark; of equals the first one counts."""
    refusals = [note.code for note in notes if note.kind is NoteKind.REFUSAL]
    if refusals:
        return Verdict.REJECT_ACTION, refusals[0]
    changes = [note.code for note in notes if note.kind in _CHANGES]
    if changes:
        return Verdict.REPAIR, changes[0]
    nothing = Code.OK_EMPTY if empty else Code.OK
    return Verdict.ACCEPT, next((note.code for note in notes), nothing.value)
