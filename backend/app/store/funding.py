"""Funding: what was paid or is owed at each settlement, and the settled rates that it was judged by."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.facts import FundingOwed, FundingPaid, Outcome
from app.engine.funding import Settlement
from app.engine.positions import Account, FundingDue
from app.engine.trades import Side
from app.store.booking import Booking
from app.store.rows import columns_of, inserted, page, records
from app.store.tables import accounts, funding_payments, funding_rates, trades
from app.store.upsert import insert_missing


@dataclass(frozen=True, slots=True)
class FundingRow:
    """One settlement of one holding. `amount` USDT is signed to the contestant; rate, amount and insured are None while it is owed.

    `paid_after` is set where the rate came late: the payment followed what was judged up to that minute.
    """

    id: int
    contestant_id: str
    trade_id: int
    cycle_id: int | None
    symbol: str
    settlement_time: datetime
    side: str
    quantity: Decimal
    mark: Decimal
    rate: Decimal | None
    amount: Decimal | None
    insured: Decimal | None
    posting: int | None
    paid_after: datetime | None


async def list_payments(
    connection: AsyncConnection, *, contestant: str | None = None, symbol: str | None = None, limit: int = 50, cursor: int | None = None
) -> list[FundingRow]:
    """Newest first."""
    statement = select(*columns_of(funding_payments, FundingRow))
    filters = {"contestant_id": contestant, "symbol": symbol}
    return await records(connection, page(statement, funding_payments, filters, limit=limit, cursor=cursor), FundingRow)


async def open_dues(connection: AsyncConnection, which: ColumnElement[bool]) -> dict[str, tuple[FundingDue, ...]]:
    """What is owed until its rate is published, by contestant, in the order it was noted. `which` chooses accounts."""
    p = funding_payments.c
    statement = (
        select(p.contestant_id, p.symbol, p.side, p.quantity, p.mark, p.settlement_time, trades.c.number)
        .join(accounts, accounts.c.contestant_id == p.contestant_id)
        .join(trades, trades.c.id == p.trade_id)
        .where(which & p.rate.is_(None))
        .order_by(p.id)
    )
    owed: dict[str, list[FundingDue]] = defaultdict(list)
    for contestant_id, symbol, side, quantity, mark, at, number in await connection.execute(statement):
        owed[contestant_id].append(FundingDue(symbol, Side(side), quantity, mark, at, number))
    return {name: tuple(dues) for name, dues in owed.items()}


async def write_funding(
    connection: AsyncConnection,
    booking: Booking,
    before: Account,
    outcome: Outcome,
    *,
    trade_ids: Mapping[int, int],
    posting_numbers: Mapping[int, int | None],
    paid_after: datetime | None,
) -> None:
    """Store settlements paid or noted. `trade_ids` by trade number, `posting_numbers` by the place of the fact."""
    noted = {(due.symbol, due.at) for due in before.dues}
    rows: list[dict[str, Any]] = []
    for place, fact in enumerate(outcome.facts):
        if isinstance(fact, FundingOwed):
            rows.append(owed_row(booking, fact, trade_ids[fact.due.trade_number]))
        elif isinstance(fact, FundingPaid):
            row = paid_row(booking, fact, trade_ids[fact.trade_number], posting_numbers[place])
            if (fact.symbol, fact.at) in noted:
                values = {**row, "paid_after": paid_after}
                await connection.execute(update(funding_payments).where(_one(booking.contestant_id, fact.symbol, fact.at)).values(values))
            else:
                rows.append(row)
    await inserted(connection, funding_payments, rows)


def owed_row(booking: Booking, fact: FundingOwed, trade_id: int) -> dict[str, Any]:
    """A settlement whose rate is not known yet, as a row."""
    return {**_held(booking, fact.due, trade_id), "rate": None, "amount": None, "insured": None, "posting": None}


def paid_row(booking: Booking, fact: FundingPaid, trade_id: int, posting_number: int | None) -> dict[str, Any]:
    """A settlement as a row."""
    return {
        **_held(booking, fact, trade_id),
        "rate": fact.rate,
        "amount": fact.amount,
        "insured": fact.insured,
        "posting": posting_number,
    }


async def save_rates(connection: AsyncConnection, settled: Collection[Settlement]) -> None:
    """Store settled rates; those known stay as they are."""
    rows = [{"symbol": one.symbol, "settlement_time": one.at, "rate": one.rate} for one in settled if one.rate is not None]
    if rows:
        await connection.execute(insert_missing(connection, funding_rates, key=("symbol", "settlement_time")), rows)


async def season_payments(connection: AsyncConnection, season_id: int) -> list[FundingRow]:
    """Everything that was paid or is owed in a season, in the order it was noted."""
    mine = select(accounts.c.contestant_id).where(accounts.c.season_id == season_id)
    statement = select(*columns_of(funding_payments, FundingRow)).where(funding_payments.c.contestant_id.in_(mine))
    return await records(connection, statement.order_by(funding_payments.c.id), FundingRow)


async def load_rates(connection: AsyncConnection, symbols: Sequence[str] | None, since: datetime, until: datetime) -> list[Settlement]:
    """Stored settlements with `since` < instant <= `until`, by time and symbol; of all symbols when None are named."""
    r = funding_rates.c
    within = (r.settlement_time > since) & (r.settlement_time <= until)
    if symbols is not None:
        within &= r.symbol.in_(symbols)
    rows = await connection.execute(select(r.symbol, r.settlement_time, r.rate).where(within).order_by(r.settlement_time, r.symbol))
    return [Settlement(symbol, at, rate) for symbol, at, rate in rows]


def _one(contestant_id: str, symbol: str, at: datetime) -> ColumnElement[bool]:
    p = funding_payments.c
    return (p.contestant_id == contestant_id) & (p.symbol == symbol) & (p.settlement_time == at)


def _held(booking: Booking, held: FundingDue | FundingPaid, trade_id: int) -> dict[str, Any]:
    return {
        "contestant_id": booking.contestant_id,
        "trade_id": trade_id,
        "cycle_id": booking.cycle_id,
        "symbol": held.symbol,
        "settlement_time": held.at,
        "side": held.side.value,
        "quantity": held.quantity,
        "mark": held.mark,
    }
