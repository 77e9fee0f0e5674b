"""Equity over time: one row a contestant and moment, always wallet plus unrealised profit and loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Float, cast, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.rows import columns_of, records, values_of
from app.store.tables import cycles, equity
from app.store.upsert import insert_missing


@dataclass(frozen=True, slots=True)
class NewEquity:
    """What an account is worth at a moment, USDT; `exposure` is the sum of notionals. Source cycle or watch."""

    contestant_id: str
    season_id: int
    at: datetime
    cycle_id: int | None
    source: str
    equity: Decimal
    wallet: Decimal
    unrealised_pnl: Decimal
    available: Decimal
    exposure: Decimal


@dataclass(frozen=True, slots=True)
class EquityRow:
    """A stored point."""

    contestant_id: str
    at: datetime
    cycle_id: int | None
    equity: Decimal
    wallet: Decimal
    unrealised_pnl: Decimal


IDS_MAX = 5_000
_ALL = select(*columns_of(equity, EquityRow))


async def save_equity(connection: AsyncConnection, rows: Sequence[NewEquity]) -> None:
    """Store points; one that is there already stays."""
    if rows:
        await connection.execute(insert_missing(connection, equity, key=("contestant_id", "at")), values_of(rows))


async def equity_outline(
    connection: AsyncConnection, contestant_id: str, *, start: datetime | None = None, end: datetime | None = None
) -> list[tuple[int, float]]:
    """(id, equity) of a contestant's points, oldest first: enough to choose which ones to show, and cheap for a year of them."""
    statement = select(equity.c.id, cast(equity.c.equity, Float)).where(equity.c.contestant_id == contestant_id)
    if start is not None:
        statement = statement.where(equity.c.at >= start)
    if end is not None:
        statement = statement.where(equity.c.at <= end)
    return [(row_id, value) for row_id, value in await connection.execute(statement.order_by(equity.c.at))]


async def equity_points(connection: AsyncConnection, ids: Sequence[int]) -> list[EquityRow]:
    """The points with these ids, oldest first, exact."""
    found: list[EquityRow] = []
    for first in range(0, len(ids), IDS_MAX):
        statement = _ALL.where(equity.c.id.in_(ids[first : first + IDS_MAX]))
        found += await records(connection, statement, EquityRow)
    return sorted(found, key=lambda row: row.at)


async def prune_between_cycles(connection: AsyncConnection, *, older_than: datetime) -> int:
    """Delete points taken between cycles before a time; how many. Those of the cycles stay for ever."""
    return (await connection.execute(delete(equity).where((equity.c.source == "watch") & (equity.c.at < older_than)))).rowcount


async def cycle_grid(connection: AsyncConnection, season_id: int, *, points: int) -> list[tuple[str, datetime, float]]:
    """(contestant, due time, equity) as written by the last `points` cycles on the clock, oldest first; others don't count.

    Floats, straight from the database: this feeds statistics, and a month of fifty contestants is half a million rows.
    """
    on_the_clock = (cycles.c.season_id == season_id) & cycles.c.kind.not_in(("manual", "operator"))
    ids = select(cycles.c.id).where(on_the_clock).order_by(cycles.c.id.desc()).limit(points)
    statement = (
        select(equity.c.contestant_id, cycles.c.due_at, cast(equity.c.equity, Float))
        .join(cycles, cycles.c.id == equity.c.cycle_id)
        .where(equity.c.cycle_id.in_(ids))
        .order_by(cycles.c.due_at)
    )
    return [(name, due_at, value) for name, due_at, value in await connection.execute(statement)]


async def last_cycle_with_equity(connection: AsyncConnection, season_id: int) -> int:
    """Id of the newest cycle that wrote equity; 0 when none has."""
    return (await connection.execute(select(func.max(equity.c.cycle_id)).where(equity.c.season_id == season_id))).scalar() or 0
