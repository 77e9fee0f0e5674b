"""Equity over time: one row a contestant and moment, always wallet plus unrealised profit and loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Float, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.rows import columns_of, records, values_of
from app.store.tables import equity
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


_ALL = select(*columns_of(equity, EquityRow))


async def save_equity(connection: AsyncConnection, rows: Sequence[NewEquity]) -> None:
    """Store points; one that is there already stays."""
    if rows:
        await connection.execute(insert_missing(connection, equity, key=("contestant_id", "at")), values_of(rows))


async def equity_series(
    connection: AsyncConnection, contestant_id: str, *, start: datetime | None = None, end: datetime | None = None
) -> list[EquityRow]:
    """A contestant's points, oldest first."""
    statement = _ALL.where(equity.c.contestant_id == contestant_id)
    if start is not None:
        statement = statement.where(equity.c.at >= start)
    if end is not None:
        statement = statement.where(equity.c.at <= end)
    return await records(connection, statement.order_by(equity.c.at), EquityRow)


async def cycle_grid(connection: AsyncConnection, season_id: int, *, points: int) -> list[tuple[str, float]]:
    """(contestant, equity) as written by the last `points` cycles, oldest first: one regular grid for everybody.

    Floats, straight from the database: this feeds statistics, and a month of fifty contestants is half a million rows.
    """
    mine = (equity.c.season_id == season_id) & equity.c.cycle_id.is_not(None)
    ids = select(equity.c.cycle_id).where(mine).group_by(equity.c.cycle_id).order_by(equity.c.cycle_id.desc()).limit(points)
    statement = (
        select(equity.c.contestant_id, cast(equity.c.equity, Float)).where(mine & equity.c.cycle_id.in_(ids)).order_by(equity.c.cycle_id)
    )
    return [(name, value) for name, value in await connection.execute(statement)]


async def last_cycle_with_equity(connection: AsyncConnection, season_id: int) -> int:
    """Id of the newest cycle that wrote equity; 0 when none has."""
    return (await connection.execute(select(func.max(equity.c.cycle_id)).where(equity.c.season_id == season_id))).scalar() or 0
