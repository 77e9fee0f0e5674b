"""What the arena did to a contestant's decisions, as events: every repair, clamp, refusal, partial fill, late answer and forced exit, with
before and after. Nothing is decided here; nothing that changes an account goes without one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.agents.explain import refusal_code
from app.agents.reading import Note
from app.cycle.take_turn import Asked
from app.engine.facts import Fact, Filled, OrderRefused
from app.engine.instruments import Instrument
from app.engine.orders import RefusalCode, Refused
from app.engine.trades import Purpose, Side
from app.store.contestant_events import NewEvent

FORCED = frozenset({Purpose.LIQUIDATION})
"""Exits that neither the contestant nor its levels asked for."""
COST_CEILING = "COST_CEILING"
"""The contestant was not asked: its money for the day is spent."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose events these are and where they belong. `ids` are the stored decisions by their place in the reply."""

    contestant: str
    cycle_id: int | None
    conversation_id: int | None
    at: datetime
    ids: Mapping[int, int]

    def event(self, kind: str, code: str, subject: str, message: str, *, place: int | None = None) -> NewEvent:
        """An event of this turn; `place` is the action it is about."""
        return NewEvent(
            at=self.at,
            contestant_id=self.contestant,
            cycle_id=self.cycle_id,
            conversation_id=self.conversation_id,
            decision_id=None if place is None else self.ids.get(place),
            trade_id=None,
            kind=kind,
            code=code,
            subject=subject,
            before=None,
            after=None,
            message=message,
        )


def of_reading(turn: Turn, asked: Asked) -> Iterator[NewEvent]:
    """What happened on the way from asking to decisions."""
    if asked.first is not None:
        message = f"the first reply could not be read, it was asked once more: {asked.first.message}"
        yield turn.event("reask", asked.first.code, "reply", message)
    kind = "cost_ceiling" if asked.code == COST_CEILING else asked.outcome if asked.outcome in {"late", "failed"} else None
    if kind is not None:
        yield turn.event(kind, asked.code or kind.upper(), "reply", asked.detail or "no usable answer")
    reading = asked.reading
    if reading is None:
        return
    noted = {(note.position, note.code) for note in reading.notes}
    if not reading.stands and (None, reading.code) not in noted:
        yield turn.event("refusal", reading.code, "reply", reading.message)
    yield from (_noted(turn, note) for note in reading.notes)
    for action in reading.refused:
        if (action.position, action.code) not in noted:
            yield turn.event("refusal", action.code, f"actions[{action.position}]", action.message, place=action.position)


Named = Mapping[int, tuple[str, Refused]]
"""The exchange's refusals by place in the reply, each with its name in the reply contract."""


def of_operator(turn: Turn, code: str, refused: Named, facts: Sequence[Fact]) -> Iterator[NewEvent]:
    """What came of an order of the operator's. None of it is the contestant's doing, so a refusal is no more than a remark."""
    for place, (name, why) in refused.items():
        yield turn.event("remark", name, f"actions[{place}]", f"the operator's close was not carried out: {why.message}", place=place)
    for fact in facts:
        if isinstance(fact, Filled):
            event = turn.event("forced_exit", code, fact.symbol, "closed by the operator", place=0)
            yield replace(event, before=f"{fact.quantity:f}", after="0")


def of_exchange(turn: Turn, refused: Named, places: Sequence[int], facts: Sequence[Fact]) -> Iterator[NewEvent]:
    """What the exchange refused or carried out otherwise than asked. `places` are those of the orders in the reply."""
    for place, (code, why) in refused.items():
        if why.code is RefusalCode.INTERRUPTED:
            continue  # the arena's failing, not the contestant's
        event = turn.event("refusal", code, f"actions[{place}]", why.message, place=place)
        needed = None if why.needed is None else f"{why.needed:f}"
        available = None if why.available is None else f"{why.available:f}"
        yield replace(event, before=needed, after=available)
    for fact in facts:
        if isinstance(fact, Filled) and fact.beyond_depth and fact.order is not None:
            message = "the order book was not deep enough: the rest was filled beyond its last level"
            yield turn.event("partial", "BEYOND_DEPTH", fact.symbol, message, place=places[fact.order])


def of_exits(contestant: str, facts: Sequence[Fact], cycle_id: int | None) -> Iterator[NewEvent]:
    """Forced exits among what the market did to an account."""
    for fact in facts:
        if isinstance(fact, Filled) and fact.purpose in FORCED:
            event = Turn(contestant, cycle_id, None, fact.at, {}).event(
                "forced_exit", fact.purpose.name, fact.symbol, f"{fact.side} {fact.quantity:f} {fact.symbol} was liquidated"
            )
            yield replace(event, before=f"{fact.quantity:f}", after="0")


def remarks(turn: Turn, notes: Sequence[Note]) -> Iterator[NewEvent]:
    """Remarks on what is now held."""
    return (_noted(turn, note) for note in notes)


def named(
    asked: Asked, facts: Sequence[Fact], places: Sequence[int], held: Mapping[str, Side], instruments: Mapping[str, Instrument]
) -> dict[int, tuple[str, Refused]]:
    """The exchange's refusals by place in the reply, each under its name in the reply contract. `held` are the sides held before."""
    decisions = {one.position: one for one in asked.reading.decisions} if asked.reading is not None else {}
    found: dict[int, tuple[str, Refused]] = {}
    for fact in facts:
        if isinstance(fact, OrderRefused):
            decision = decisions[places[fact.order]]
            symbol = decision.symbol or ""
            smallest = instruments[symbol].min_notional if symbol in instruments else None
            found[decision.position] = (refusal_code(decision, fact.refused, held.get(symbol), min_notional=smallest), fact.refused)
    return found


def _noted(turn: Turn, note: Note) -> NewEvent:
    event = turn.event(note.kind.value, note.code, note.where, note.message, place=note.position)
    return replace(event, before=note.before, after=note.after)
