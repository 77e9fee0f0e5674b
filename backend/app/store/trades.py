"""Trades: round trips from flat to flat, open or closed."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.facts import Filled, FundingPaid, Outcome, fills
from app.engine.trades import Trade
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
    funding: Decimal
    net_pnl: Decimal
    exit_reason: str | None
    opened_by: int | None
    closed_by: int | None


@dataclass(frozen=True, slots=True)
class TradeTotals:
    """A contestant's trades in numbers; fees and funding (signed to the contestant) in USDT over open and closed ones."""

    closed: int
    wins: int
    fees: Decimal
    funding: Decimal


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
    columns = (t.contestant_id, t.state, t.net_pnl, t.fees, t.funding)
    mine: dict[str, list[tuple[str, Decimal, Decimal, Decimal]]] = defaultdict(list)
    for contestant_id, *values in (await connection.execute(select(*columns).where(t.season_id == season_id))).all():
        mine[contestant_id].append(tuple(values))
    return {
        name: TradeTotals(
            closed=sum(state == "closed" for state, *_ in found),
            wins=sum(state == "closed" and net_pnl > 0 for state, net_pnl, *_ in found),
            fees=sum((fees for *_, fees, _ in found), Decimal(0)),
            funding=sum((funding for *_, funding in found), Decimal(0)),
        )
        for name, found in mine.items()
    }


async def ids_by_number(connection: AsyncConnection, contestant_id: str, season_id: int, numbers: Collection[int]) -> dict[int, int]:
    """Ids of a contestant's stored trades by their numbers."""
    if not numbers:
        return {}
    mine = (trades.c.contestant_id == contestant_id) & (trades.c.season_id == season_id) & trades.c.number.in_(numbers)
    rows = await connection.execute(select(trades.c.number, trades.c.id).where(mine))
    return {row.number: row.id for row in rows}


async def write_trades(connection: AsyncConnection, booking: Booking, outcome: Outcome, known: Mapping[int, int]) -> dict[int, int]:
    """Store what fills and funding made of their trades; `known` are the ids of stored ones by number. All ids by number, new ones too."""
    done = fills(outcome.facts)
    firsts = {fact.trade.number: fact for fact in reversed(done)}
    lasts = {fact.trade.number: fact for fact in done}
    after = trades_after(outcome)
    for number in after.keys() & known.keys():
        changes = trade_changes(booking, after[number], lasts.get(number))
        await connection.execute(update(trades).where(trades.c.id == known[number]).values(changes))
    fresh = sorted(after.keys() - known.keys())
    rows = [{**trade_opening(booking, firsts[number]), **trade_changes(booking, after[number], lasts[number])} for number in fresh]
    ids = await inserted(connection, trades, rows)
    for fact in outcome.facts:
        if isinstance(fact, FundingPaid) and fact.trade_number not in after:
            await _fund_closed(connection, known[fact.trade_number], fact)
    return {**known, **dict(zip(fresh, ids, strict=True))}


def trades_after(outcome: Outcome) -> dict[int, Trade]:
    """The trades an outcome touched, as it left them, by number. A trade closed before it is not among them."""
    held = {position.trade.number: position.trade for position in outcome.account.positions.values()}
    found: dict[int, Trade] = {}
    for fact in outcome.facts:
        if isinstance(fact, Filled):
            found[fact.trade.number] = fact.trade
        elif isinstance(fact, FundingPaid) and fact.trade_number in found:
            found[fact.trade_number] = found[fact.trade_number].funded(fact.amount, fact.insured)
        elif isinstance(fact, FundingPaid) and fact.trade_number in held:
            found[fact.trade_number] = held[fact.trade_number]
    return {number: held.get(number, trade) for number, trade in found.items()}


async def _fund_closed(connection: AsyncConnection, trade_id: int, paid: FundingPaid) -> None:
    """A rate that was published after the trade was closed still belongs to it."""
    t = trades.c
    funding, insured, net = (await connection.execute(select(t.funding, t.insured, t.net_pnl).where(t.id == trade_id))).one()
    values = {"funding": funding + paid.amount, "insured": insured + paid.insured, "net_pnl": net + paid.amount + paid.insured}
    await connection.execute(update(trades).where(t.id == trade_id).values(values))


def trade_opening(booking: Booking, opened: Filled) -> dict[str, Any]:
    """What a trade's first fill says of it, as a row's values."""
    trade = opened.trade
    return {
        "contestant_id": booking.contestant_id,
        "season_id": booking.season_id,
        "number": trade.number,
        "symbol": trade.symbol,
        "side": trade.side.value,
        "leverage": trade.leverage,
        "opened_at": trade.opened_at,
        "opened_by": booking.decision_of(opened),
    }


def trade_changes(booking: Booking, trade: Trade, last: Filled | None) -> dict[str, Any]:
    """What changes of a trade, as a row's values; `last` is its last fill now, None without one."""
    return {
        "state": "open" if trade.closed_at is None else "closed",
        "closed_at": trade.closed_at,
        "closed_by": None if trade.closed_at is None or last is None else booking.decision_of(last),
        "entry_quantity": trade.entry_quantity,
        "entry_price": trade.entry_price,
        "exit_quantity": trade.exit_quantity,
        "exit_price": trade.exit_price,
        "gross_pnl": trade.gross_pnl,
        "fees": trade.fees,
        "insured": trade.insured,
        "funding": trade.funding,
        "net_pnl": trade.net_pnl,
        "exit_reason": trade.exit_reason.value if trade.exit_reason else None,
    }
