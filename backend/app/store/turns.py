"""Turns: one contestant's part in one cycle, settled exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.rows import columns_of, records
from app.store.tables import turns


@dataclass(frozen=True, slots=True)
class TurnRow:
    """State asked, answered, settling or settled; `outcome` once settled."""

    contestant_id: str
    state: str
    outcome: str | None
    detail: str | None
    latency_ms: int | None


async def start_turns(connection: AsyncConnection, cycle_id: int, contestant_ids: Sequence[str], *, started_at: datetime) -> None:
    """Everybody who is asked in a cycle."""
    if contestant_ids:
        rows = [{"cycle_id": cycle_id, "contestant_id": name, "state": "asked", "started_at": started_at} for name in contestant_ids]
        await connection.execute(insert(turns), rows)


async def mark_answered(connection: AsyncConnection, cycle_id: int, contestant_id: str, *, latency_ms: int) -> None:
    """An answer, or a failure to get one, is stored."""
    await connection.execute(update(turns).where(_mine(cycle_id, contestant_id)).values(state="answered", latency_ms=latency_ms))


async def claim_settlement(connection: AsyncConnection, cycle_id: int, contestant_id: str) -> bool:
    """Whether this turn may be settled now; False when it has been. Counts only if the transaction is committed."""
    open_turn = _mine(cycle_id, contestant_id) & turns.c.state.in_(("asked", "answered"))
    return (await connection.execute(update(turns).where(open_turn).values(state="settling"))).rowcount == 1


async def settle_turn(
    connection: AsyncConnection, cycle_id: int, contestant_id: str, *, outcome: str, detail: str | None, settled_at: datetime
) -> None:
    """Close a turn with its outcome."""
    values = {"state": "settled", "outcome": outcome, "detail": detail, "settled_at": settled_at}
    await connection.execute(update(turns).where(_mine(cycle_id, contestant_id)).values(values))


async def close_open_turns(connection: AsyncConnection, cycle_id: int, *, outcome: str, detail: str, settled_at: datetime) -> int:
    """Close whatever of a cycle is not settled; how many."""
    values = {"state": "settled", "outcome": outcome, "detail": detail, "settled_at": settled_at}
    left = (turns.c.cycle_id == cycle_id) & (turns.c.state != "settled")
    return (await connection.execute(update(turns).where(left).values(values))).rowcount


async def turns_of(connection: AsyncConnection, cycle_id: int) -> list[TurnRow]:
    """All turns of a cycle."""
    statement = select(*columns_of(turns, TurnRow)).where(turns.c.cycle_id == cycle_id).order_by(turns.c.id)
    return await records(connection, statement, TurnRow)


def _mine(cycle_id: int, contestant_id: str) -> ColumnElement[bool]:
    return (turns.c.cycle_id == cycle_id) & (turns.c.contestant_id == contestant_id)
