"""Cycles: each due time is claimed once, and every cycle ends in a state that says what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.database import AlreadyClaimedError
from app.store.rows import columns_of, first, page, records
from app.store.tables import cycles
from app.store.upsert import insert_missing


@dataclass(frozen=True, slots=True)
class CycleRow:
    """One cycle. `phase` is the last step completed; `books_hash` names the stored market of its fill.

    At `watched_at` open positions were judged by the prices of its snapshot, after all bars up to `watched_until`; by `rules` from then on.
    """

    id: int
    due_at: datetime
    kind: str
    state: str
    phase: str
    started_at: datetime
    finished_at: datetime | None
    reason: str | None
    books_hash: str | None
    watched_at: datetime | None
    watched_until: datetime | None
    rules: dict[str, Any] | None
    timings: dict[str, float] | None
    pid: int


_ALL = select(*columns_of(cycles, CycleRow))


async def claim_cycle(connection: AsyncConnection, *, due_at: datetime, kind: str, started_at: datetime, season_id: int, pid: int) -> int:
    """Take the cycle due at a time; its id. Raises AlreadyClaimedError when somebody has it."""
    row = {
        "due_at": due_at,
        "kind": kind,
        "state": "running",
        "phase": "claimed",
        "started_at": started_at,
        "season_id": season_id,
        "pid": pid,
    }
    statement = insert_missing(connection, cycles, key=("due_at",)).values(row).returning(cycles.c.id)
    cycle_id = (await connection.execute(statement)).scalar()
    if cycle_id is None:
        raise AlreadyClaimedError(f"the cycle due {due_at} has been claimed")
    return int(cycle_id)


async def set_phase(connection: AsyncConnection, cycle_id: int, phase: str) -> None:
    """Note a completed step."""
    await connection.execute(update(cycles).where(cycles.c.id == cycle_id).values(phase=phase))


async def set_watched(
    connection: AsyncConnection, cycle_id: int, *, watched_at: datetime, watched_until: datetime, rules: Mapping[str, Any]
) -> None:
    """Note when positions were judged by the cycle's snapshot, and by which rules they are judged from then on."""
    values = {"watched_at": watched_at, "watched_until": watched_until, "rules": dict(rules)}
    await connection.execute(update(cycles).where(cycles.c.id == cycle_id).values(values))


async def set_booked(connection: AsyncConnection, cycle_id: int, *, books_hash: str) -> None:
    """Note the stored market of the fill: from here on the cycle can be finished from what is stored."""
    await connection.execute(update(cycles).where(cycles.c.id == cycle_id).values(phase="booked", books_hash=books_hash))


async def finish_cycle(
    connection: AsyncConnection,
    cycle_id: int,
    *,
    state: str,
    reason: str | None,
    finished_at: datetime,
    timings: Mapping[str, float] | None,
) -> None:
    """Close a cycle as done, skipped or interrupted."""
    values = {"state": state, "reason": reason, "finished_at": finished_at, "timings": dict(timings) if timings is not None else None}
    if state == "done":
        values["phase"] = "reported"
    await connection.execute(update(cycles).where(cycles.c.id == cycle_id).values(values))


async def running_cycles(connection: AsyncConnection) -> list[CycleRow]:
    """Cycles nobody has closed, oldest first."""
    return await records(connection, _ALL.where(cycles.c.state == "running").order_by(cycles.c.id), CycleRow)


async def cycle_in_progress(connection: AsyncConnection) -> CycleRow | None:
    """The newest cycle nobody has closed."""
    return await first(connection, _ALL.where(cycles.c.state == "running").order_by(cycles.c.id.desc()), CycleRow)


async def latest_finished(connection: AsyncConnection) -> CycleRow | None:
    """The cycle closed last."""
    return await first(connection, _ALL.where(cycles.c.finished_at.is_not(None)).order_by(cycles.c.id.desc()), CycleRow)


async def latest_watched(connection: AsyncConnection, season_id: int) -> CycleRow | None:
    """The newest cycle that judged open positions by its snapshot."""
    watched = (cycles.c.season_id == season_id) & cycles.c.watched_at.is_not(None)
    return await first(connection, _ALL.where(watched).order_by(cycles.c.id.desc()), CycleRow)


async def season_cycles(connection: AsyncConnection, season_id: int, *, after: int = 0, limit: int) -> list[CycleRow]:
    """A season's cycles after one, oldest first."""
    mine = (cycles.c.season_id == season_id) & (cycles.c.id > after)
    return await records(connection, _ALL.where(mine).order_by(cycles.c.id).limit(limit), CycleRow)


async def count_cycles(connection: AsyncConnection, season_id: int) -> int:
    """How many cycles a season has."""
    return (await connection.execute(select(func.count()).where(cycles.c.season_id == season_id))).scalar_one()


async def get_cycle(connection: AsyncConnection, cycle_id: int) -> CycleRow | None:
    """One cycle."""
    return await first(connection, _ALL.where(cycles.c.id == cycle_id), CycleRow)


async def neighbours(connection: AsyncConnection, cycle_id: int) -> tuple[int | None, int | None]:
    """Ids of the cycles before and after one, None at the ends."""
    before = select(func.max(cycles.c.id)).where(cycles.c.id < cycle_id)
    after = select(func.min(cycles.c.id)).where(cycles.c.id > cycle_id)
    return (await connection.execute(before)).scalar(), (await connection.execute(after)).scalar()


async def list_cycles(
    connection: AsyncConnection, *, state: str | None = None, limit: int = 50, cursor: int | None = None
) -> list[CycleRow]:
    """Newest first."""
    return await records(connection, page(_ALL, cycles, {"state": state}, limit=limit, cursor=cursor), CycleRow)
