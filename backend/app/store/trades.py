"""Trades: round trips from flat to flat, open or closed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.facts import Filled
from app.store.booking import Booking
from app.store.rows import columns_of, first, inserted, page, records
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


async def write_trades(connection: AsyncConnection, booking: Booking, done: Sequence[Filled], known: Mapping[int, int]) -> dict[int, int]:
    """Store what fills made of their trades; `known` are the ids of stored ones by number. All ids by number, new ones included."""
    firsts = {fact.trade.number: fact for fact in reversed(done)}
    lasts = {fact.trade.number: fact for fact in done}
    for number in lasts.keys() & known.keys():
        await connection.execute(update(trades).where(trades.c.id == known[number]).values(_changes(booking, lasts[number])))
    fresh = sorted(lasts.keys() - known.keys())
    ids = await inserted(connection, trades, [_opening(booking, firsts[number], lasts[number]) for number in fresh])
    return {**known, **dict(zip(fresh, ids, strict=True))}


def _opening(booking: Booking, opened: Filled, last: Filled) -> dict[str, Any]:
    trade = last.trade
    return {
        "contestant_id": booking.contestant_id,
        "season_id": booking.season_id,
        "number": trade.number,
        "symbol": trade.symbol,
        "side": trade.side.value,
        "leverage": trade.leverage,
        "opened_at": trade.opened_at,
        "opened_by": booking.decision_of(opened),
        **_changes(booking, last),
    }


def _changes(booking: Booking, last: Filled) -> dict[str, Any]:
    trade = last.trade
    return {
        "state": "open" if trade.closed_at is None else "closed",
        "closed_at": trade.closed_at,
        "closed_by": None if trade.closed_at is None else booking.decision_of(last),
        "entry_quantity": trade.entry_quantity,
        "entry_price": trade.entry_price,
        "exit_quantity": trade.exit_quantity,
        "exit_price": trade.exit_price,
        "gross_pnl": trade.gross_pnl,
        "fees": trade.fees,
        "insured": trade.insured,
        "net_pnl": trade.net_pnl,
        "exit_reason": trade.exit_reason.value if trade.exit_reason else None,
    }
