"""Prices: one row a symbol and cycle, sound or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.market import Quote
from app.store.rows import columns_of, records
from app.store.tables import cycles, market_prices


@dataclass(frozen=True, slots=True)
class NewPrice:
    """What the venue said of a symbol; `quote` is None when it said nothing."""

    cycle_id: int
    symbol: str
    quote: Quote | None
    venue: str
    taken_at: datetime
    usable: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One stored price."""

    cycle_id: int
    symbol: str
    price: Decimal | None
    mark: Decimal | None
    index_price: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    funding_rate: Decimal | None
    next_funding_time: datetime | None
    open_interest: Decimal | None
    high_24h: Decimal | None
    low_24h: Decimal | None
    change_24h: Decimal | None
    volume_24h_usdt: Decimal | None
    venue: str
    venue_time: datetime | None
    taken_at: datetime
    usable: bool
    reason: str | None


DIGITS_MAX = 60
"""A number longer than this is no price of anything."""

LOOK_BACK_ROWS = 10_000
"""How far back an accepted price still is a measure for today's: weeks of cycles."""

_ALL = select(*columns_of(market_prices, PriceRow))


async def save_prices(connection: AsyncConnection, rows: Sequence[NewPrice]) -> None:
    """Store the prices of a cycle."""
    if not rows:
        return
    await connection.execute(insert(market_prices), [_values(row) for row in rows])


async def latest_prices(connection: AsyncConnection) -> list[PriceRow]:
    """All symbols of the newest cycle that saw the market."""
    newest = select(func.max(market_prices.c.cycle_id)).scalar_subquery()
    return await records(connection, _ALL.where(market_prices.c.cycle_id == newest).order_by(market_prices.c.id), PriceRow)


async def prices_of_cycle(connection: AsyncConnection, cycle_id: int) -> list[PriceRow]:
    """All symbols of one cycle."""
    return await records(connection, _ALL.where(market_prices.c.cycle_id == cycle_id).order_by(market_prices.c.id), PriceRow)


async def last_accepted_quotes(connection: AsyncConnection) -> dict[str, Quote]:
    """The newest sound price of each symbol within the last LOOK_BACK_ROWS, as a quote."""
    oldest = select(func.max(market_prices.c.id) - LOOK_BACK_ROWS).scalar_subquery()
    recent = market_prices.c.usable & (market_prices.c.id > oldest)
    newest = select(func.max(market_prices.c.id)).where(recent).group_by(market_prices.c.symbol)
    rows = await records(connection, _ALL.where(market_prices.c.id.in_(newest)), PriceRow)
    return {row.symbol: quote for row in rows if (quote := _quote(row)) is not None}


async def open_interest_means(connection: AsyncConnection, since: datetime) -> dict[str, Decimal]:
    """Mean open interest (base coin) of each symbol over the sound samples of the cycles due from a time on; absent without a sample."""
    p = market_prices.c
    recent = select(cycles.c.id).where(cycles.c.due_at >= since)
    samples: dict[str, list[Decimal]] = {}
    sound = p.usable & p.open_interest.is_not(None) & p.cycle_id.in_(recent)
    for symbol, value in await connection.execute(select(p.symbol, p.open_interest).where(sound)):
        samples.setdefault(symbol, []).append(value)
    return {symbol: sum(values, Decimal(0)) / len(values) for symbol, values in samples.items()}


def _quote(row: PriceRow) -> Quote | None:
    if row.price is None or row.mark is None or row.venue_time is None:
        return None
    return Quote(
        symbol=row.symbol,
        time=row.venue_time,
        last=row.price,
        mark=row.mark,
        index=row.index_price,
        bid=row.bid,
        ask=row.ask,
        funding_rate=row.funding_rate,
        next_funding_time=row.next_funding_time,
        open_interest=row.open_interest,
        high_24h=row.high_24h,
        low_24h=row.low_24h,
        change_24h=row.change_24h,
        volume_24h_usdt=row.volume_24h_usdt,
    )


def _values(row: NewPrice) -> dict[str, Any]:
    quote = row.quote
    about = {
        "cycle_id": row.cycle_id,
        "symbol": row.symbol,
        "venue": row.venue,
        "taken_at": row.taken_at,
        "usable": row.usable,
        "reason": row.reason,
    }
    said = {
        "price": quote and quote.last,
        "mark": quote and quote.mark,
        "index_price": quote and quote.index,
        "bid": quote and quote.bid,
        "ask": quote and quote.ask,
        "funding_rate": quote and quote.funding_rate,
        "next_funding_time": quote and quote.next_funding_time,
        "open_interest": quote and quote.open_interest,
        "high_24h": quote and quote.high_24h,
        "low_24h": quote and quote.low_24h,
        "change_24h": quote and quote.change_24h,
        "volume_24h_usdt": quote and quote.volume_24h_usdt,
        "venue_time": quote and quote.time,
    }
    return {**about, **{name: _storable(value) for name, value in said.items()}}


def _storable(value: Any) -> Any:
    """An absurd price is worth keeping, but NaN or a number of a thousand digits is none: stored as missing, its reason beside it."""
    if not isinstance(value, Decimal):
        return value
    return value if value.is_finite() and abs(value.adjusted()) <= DIGITS_MAX else None
