"""One-minute bars that positions were judged on, kept so that the judgement can be made again. The first version of a bar stays."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.market import Candle
from app.store.tables import last_minutes, mark_minutes
from app.store.upsert import insert_missing

VOLUME = Decimal(0)
"""Nothing is judged by volume, and it isn't kept."""


async def save_marks(connection: AsyncConnection, bars: Mapping[str, Sequence[Candle]]) -> None:
    """Store mark bars; those known stay as they are."""
    await _save(connection, mark_minutes, bars)


async def save_lasts(connection: AsyncConnection, bars: Mapping[str, Sequence[Candle]]) -> None:
    """The same of last prices."""
    await _save(connection, last_minutes, bars)


async def load_marks(
    connection: AsyncConnection, symbols: Sequence[str] | None, since: datetime, until: datetime
) -> dict[str, tuple[Candle, ...]]:
    """Stored mark bars with `since` <= open time < `until`, oldest first, by symbol; of all symbols when None are named."""
    return await _load(connection, mark_minutes, symbols, since, until)


async def load_lasts(
    connection: AsyncConnection, symbols: Sequence[str] | None, since: datetime, until: datetime
) -> dict[str, tuple[Candle, ...]]:
    """The same of last prices."""
    return await _load(connection, last_minutes, symbols, since, until)


async def _save(connection: AsyncConnection, table: Table, bars: Mapping[str, Sequence[Candle]]) -> None:
    rows = [
        {"symbol": symbol, "open_time": bar.open_time, "open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
        for symbol, series in bars.items()
        for bar in series
    ]
    if rows:
        await connection.execute(insert_missing(connection, table, key=("symbol", "open_time")), rows)


async def _load(
    connection: AsyncConnection, table: Table, symbols: Sequence[str] | None, since: datetime, until: datetime
) -> dict[str, tuple[Candle, ...]]:
    t = table.c
    within = (t.open_time >= since) & (t.open_time < until)
    if symbols is not None:
        within &= t.symbol.in_(symbols)
    found: dict[str, list[Candle]] = defaultdict(list)
    columns = (t.symbol, t.open_time, t.open, t.high, t.low, t.close)
    for symbol, opened, opening, high, low, close in await connection.execute(select(*columns).where(within).order_by(t.open_time)):
        found[symbol].append(Candle(opened, opening, high, low, close, VOLUME))
    return {symbol: tuple(found[symbol]) for symbol in (found if symbols is None else symbols)}
