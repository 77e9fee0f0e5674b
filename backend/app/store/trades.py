"""Trades: round trips from flat to flat, open or closed."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.rows import columns_of, first, page, records
from app.store.tables import trades


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One round trip; `opened_by` and `closed_by` are decisions, None for an exit the market triggered."""

    id: int
    contestant_id: str
    number: int
    symbol: str
    side: str
    leverage: int
    state: str
    opened_at: datetime
    closed_at: datetime | None
    entry_quantity: Decimal
    entry_price: Decimal
    exit_quantity: Decimal
    exit_price: Decimal | None
    gross_pnl: Decimal
    fees: Decimal
    insured: Decimal
    net_pnl: Decimal
    exit_reason: str | None
    opened_by: int | None
    closed_by: int | None


@dataclass(frozen=True, slots=True)
class TradeTotals:
    """A contestant's trades in numbers; fees in USDT over open and closed ones."""

    closed: int
    wins: int
    fees: Decimal


_ALL = select(*columns_of(trades, TradeRow))


async def list_trades(
    connection: AsyncConnection,
    *,
    contestant: str | None = None,
    symbol: str | None = None,
    state: str | None = None,
    limit: int = 50,
    cursor: int | None = None,
) -> list[TradeRow]:
    """Newest first."""
    filters = {"contestant_id": contestant, "symbol": symbol, "state": state}
    return await records(connection, page(_ALL, trades, filters, limit=limit, cursor=cursor), TradeRow)


async def get_trade(connection: AsyncConnection, trade_id: int) -> TradeRow | None:
    """One trade."""
    return await first(connection, _ALL.where(trades.c.id == trade_id), TradeRow)


async def totals(connection: AsyncConnection, season_id: int) -> dict[str, TradeTotals]:
    """Totals by contestant. Summed here, exactly: SQLite would sum text as floats."""
    t = trades.c
    rows = (await connection.execute(select(t.contestant_id, t.state, t.net_pnl, t.fees).where(t.season_id == season_id))).all()
    mine: dict[str, list[tuple[str, Decimal, Decimal]]] = defaultdict(list)
    for contestant_id, state, net_pnl, fees in rows:
        mine[contestant_id].append((state, net_pnl, fees))
    return {
        name: TradeTotals(
            closed=sum(state == "closed" for state, _, _ in found),
            wins=sum(state == "closed" and net_pnl > 0 for state, net_pnl, _ in found),
            fees=sum((fees for _, _, fees in found), Decimal(0)),
        )
        for name, found in mine.items()
    }
