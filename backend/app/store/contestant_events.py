"""Events of contestants: every change, refusal and remark about what one asked for, with before and after, and what was done about it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.rows import columns_of, page, records, values_of
from app.store.tables import contestant_events, turns
from app.store.totals import ConductTotals, add_to_totals, conduct_of, counts

__all__ = ["ConductTotals", "EventKind", "EventRow", "NewEvent", "counts", "save_events"]


class EventKind(StrEnum):
    """What happened."""

    REPAIR = "repair"
    CLAMP = "clamp"
    REFUSAL = "refusal"
    REMARK = "remark"
    PARTIAL = "partial"
    LATE = "late"
    FAILED = "failed"
    FORCED_EXIT = "forced_exit"
    CLOSE_ONLY = "close_only"
    PAUSED = "paused"
    RESUMED = "resumed"
    COST_CEILING = "cost_ceiling"
    REASK = "reask"


SUMMED = {"repair": "repairs", "clamp": "clamps", "refusal": "refusals"}
"""Kinds that are counted one by one, and the names of their sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to store. `subject` is what it is about: a path into the reply, or a symbol; `before` and `after` are short texts."""

    at: datetime
    contestant_id: str
    kind: EventKind | str
    code: str
    subject: str
    message: str
    before: str | None = None
    after: str | None = None
    cycle_id: int | None = None
    conversation_id: int | None = None
    decision_id: int | None = None
    trade_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow(NewEvent):
    """A stored event."""

    id: int


_ALL = select(*columns_of(contestant_events, EventRow))


async def save_events(connection: AsyncConnection, new: Sequence[NewEvent]) -> None:
    """Store events, and add them to their contestants' sums."""
    if not new:
        return
    mine: dict[str, list[NewEvent]] = defaultdict(list)
    for event in new:
        mine[event.contestant_id].append(event)
    for name, events in mine.items():
        changes: Counter[str] = Counter(SUMMED[event.kind] for event in events if event.kind in SUMMED)
        for cycle_id in {event.cycle_id for event in events if event.cycle_id is not None}:
            changes.update(await _afterwards(connection, name, cycle_id, events))
        await add_to_totals(connection, name, changes)
    rows = values_of(new)
    await connection.execute(insert(contestant_events), [{**row, "kind": str(row["kind"])} for row in rows])


async def kinds_of_turn(connection: AsyncConnection, cycle_id: int, contestant_id: str) -> frozenset[str]:
    """The kinds of events a contestant has in a cycle."""
    e = contestant_events.c
    mine = (e.cycle_id == cycle_id) & (e.contestant_id == contestant_id)
    return frozenset((await connection.execute(select(e.kind).where(mine).distinct())).scalars())


async def kinds_of_cycle(connection: AsyncConnection, cycle_id: int) -> dict[str, frozenset[str]]:
    """The kinds of events that contestants have in a cycle, by contestant; absent without any."""
    e = contestant_events.c
    found: dict[str, set[str]] = defaultdict(set)
    for name, kind in await connection.execute(select(e.contestant_id, e.kind).where(e.cycle_id == cycle_id).distinct()):
        found[name].add(kind)
    return {name: frozenset(kinds) for name, kinds in found.items()}


async def events_of_cycle(connection: AsyncConnection, cycle_id: int) -> list[EventRow]:
    """All events of a cycle, oldest first."""
    return await records(connection, _ALL.where(contestant_events.c.cycle_id == cycle_id).order_by(contestant_events.c.id), EventRow)


async def list_events(
    connection: AsyncConnection, *, contestant: str | None = None, kind: str | None = None, limit: int = 50, cursor: int | None = None
) -> list[EventRow]:
    """Newest first."""
    filters = {"contestant_id": contestant, "kind": kind}
    return await records(connection, page(_ALL, contestant_events, filters, limit=limit, cursor=cursor), EventRow)


async def _afterwards(connection: AsyncConnection, name: str, cycle_id: int, events: Sequence[NewEvent]) -> Mapping[str, int]:
    """What events change in the sums when their turn has been counted already, as an exit forced after the settlement has."""
    mine = (turns.c.cycle_id == cycle_id) & (turns.c.contestant_id == name) & (turns.c.state == "settled") & turns.c.asked_at.is_not(None)
    outcome = (await connection.execute(select(turns.c.outcome).where(mine))).scalar()
    if outcome is None:
        return {}
    before = await kinds_of_turn(connection, cycle_id, name)
    after = before | {str(event.kind) for event in events if event.cycle_id == cycle_id}
    was, now = conduct_of(outcome, before), conduct_of(outcome, after)
    return {key: now[key] - was[key] for key in now}
