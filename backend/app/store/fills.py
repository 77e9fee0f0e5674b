"""Fills: executions, each belonging to a trade and to the order it answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.facts import Filled
from app.engine.money import plain
from app.store.booking import Booking
from app.store.rows import columns_of, inserted, records
from app.store.tables import fills, orders


@dataclass(frozen=True, slots=True)
class FillRow:
    """One execution; `parts` are [price, quantity] of the levels taken."""

    id: int
    contestant_id: str
    trade_id: int
    order_id: int
    cycle_id: int | None
    symbol: str
    side: str
    purpose: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    realised_pnl: Decimal
    insured: Decimal
    takeover: Decimal
    beyond_depth: bool
    parts: list[list[str]]
    at: datetime


_ALL = select(*columns_of(fills, FillRow))


async def fills_of_trade(connection: AsyncConnection, trade_id: int) -> list[FillRow]:
    """A trade's fills, oldest first."""
    return await records(connection, _ALL.where(fills.c.trade_id == trade_id).order_by(fills.c.id), FillRow)


async def fills_of_decision(connection: AsyncConnection, decision_id: int) -> list[FillRow]:
    """The fills a decision caused, oldest first."""
    mine = select(orders.c.id).where(orders.c.decision_id == decision_id)
    return await records(connection, _ALL.where(fills.c.order_id.in_(mine)).order_by(fills.c.id), FillRow)


async def fills_of_decisions(connection: AsyncConnection, decision_ids: Sequence[int]) -> dict[int, list[FillRow]]:
    """The fills that several decisions caused, oldest first, by decision; those that caused none are absent."""
    found: dict[int, list[FillRow]] = {}
    owners = {
        row.id: row.decision_id
        for row in await connection.execute(select(orders.c.id, orders.c.decision_id).where(orders.c.decision_id.in_(decision_ids)))
    }
    for fill in await records(connection, _ALL.where(fills.c.order_id.in_(list(owners))).order_by(fills.c.id), FillRow):
        found.setdefault(owners[fill.order_id], []).append(fill)
    return found


async def write_fills(
    connection: AsyncConnection, booking: Booking, done: Sequence[tuple[Filled, int]], trade_ids: Mapping[int, int]
) -> list[int]:
    """Store executions, each with the id of its order; `trade_ids` by trade number. Their ids, in order."""
    return await inserted(connection, fills, [fill_row(booking, fact, order_id, trade_ids[fact.trade.number]) for fact, order_id in done])


def fill_row(booking: Booking, fact: Filled, order_id: int, trade_id: int) -> dict[str, Any]:
    """One execution as a row."""
    return {
        "contestant_id": booking.contestant_id,
        "trade_id": trade_id,
        "order_id": order_id,
        "cycle_id": booking.cycle_id,
        "symbol": fact.symbol,
        "side": fact.side.value,
        "purpose": fact.purpose.value,
        "quantity": fact.quantity,
        "price": fact.price,
        "fee": fact.fee,
        "realised_pnl": fact.realised_pnl,
        "insured": fact.insured,
        "takeover": fact.takeover,
        "beyond_depth": fact.beyond_depth,
        "parts": [[plain(part.price), plain(part.quantity)] for part in fact.parts],
        "at": fact.at,
    }
