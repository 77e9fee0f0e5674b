"""Fills: executions, each belonging to a trade and to the order it answered."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.rows import columns_of, records
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
