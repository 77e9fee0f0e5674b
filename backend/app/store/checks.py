"""The books recomputed from their smallest parts. Findings are values: what doesn't follow, whose, expected and found."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store import tables

ENTRIES = ("open", "add")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that doesn't add up."""

    what: str
    contestant: str | None
    expected: str
    found: str


async def check_books(connection: AsyncConnection) -> list[Finding]:
    """Everything that differs; empty when the books are right."""
    return [
        *await _ledger(connection),
        *await _balances(connection),
        *await _positions(connection),
        *await _trades(connection),
        *await _equity(connection),
        *await _turns(connection),
    ]


def _differing(what: str, contestant: str | None, expected: Decimal, found: Decimal) -> Iterator[Finding]:
    if expected != found:
        yield Finding(what, contestant, format(expected, "f"), format(found, "f"))


async def _ledger(connection: AsyncConnection) -> list[Finding]:
    entries = tables.ledger_entries.c
    sums: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for contestant, posting, amount in await connection.execute(select(entries.contestant_id, entries.posting, entries.amount)):
        sums[contestant, posting] += amount
    found = [
        finding
        for (contestant, posting), total in sums.items()
        for finding in _differing(f"posting {posting} sums to zero", contestant, ZERO, total)
    ]
    return [*found, *_differing("the ledger sums to zero", None, ZERO, sum(sums.values(), ZERO))]


async def _balances(connection: AsyncConnection) -> list[Finding]:
    entries, accounts, positions = tables.ledger_entries.c, tables.accounts.c, tables.positions.c
    sums: dict[tuple[str, str, str | None], Decimal] = defaultdict(Decimal)
    columns = (entries.contestant_id, entries.account, entries.symbol, entries.amount)
    for contestant, account, symbol, amount in await connection.execute(select(*columns)):
        sums[contestant, account, symbol] += amount
    found: list[Finding] = []
    for contestant, available in await connection.execute(select(accounts.contestant_id, accounts.available)):
        found += _differing("free balance follows from the ledger", contestant, sums[contestant, "available", None], available)
    margins = {
        (contestant, symbol): margin
        for contestant, symbol, margin in await connection.execute(select(positions.contestant_id, positions.symbol, positions.margin))
    }
    for contestant, symbol in {*margins, *((who, what) for who, account, what in sums if account == "margin" and what is not None)}:
        expected = sums.get((contestant, "margin", symbol), ZERO)
        found += _differing(f"margin of {symbol} follows from the ledger", contestant, expected, margins.get((contestant, symbol), ZERO))
    return found


async def _positions(connection: AsyncConnection) -> list[Finding]:
    fills, positions = tables.fills.c, tables.positions.c
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for trade_id, purpose, quantity in await connection.execute(select(fills.trade_id, fills.purpose, fills.quantity)):
        sums[trade_id] += quantity if purpose in ENTRIES else -quantity
    columns = (positions.contestant_id, positions.symbol, positions.trade_id, positions.quantity)
    return [
        finding
        for contestant, symbol, trade_id, quantity in await connection.execute(select(*columns))
        for finding in _differing(f"position in {symbol} is the sum of its fills", contestant, sums[trade_id], quantity)
    ]


async def _trades(connection: AsyncConnection) -> list[Finding]:
    fills, trades = tables.fills.c, tables.trades.c
    fees: dict[int, Decimal] = defaultdict(Decimal)
    gross: dict[int, Decimal] = defaultdict(Decimal)
    for trade_id, fee, realised in await connection.execute(select(fills.trade_id, fills.fee, fills.realised_pnl)):
        fees[trade_id] += fee
        gross[trade_id] += realised
    found: list[Finding] = []
    columns = (trades.id, trades.contestant_id, trades.fees, trades.gross_pnl, trades.insured, trades.net_pnl)
    for trade_id, contestant, fee, realised, insured, net in await connection.execute(select(*columns)):
        found += _differing(f"fees of trade {trade_id} are those of its fills", contestant, fees[trade_id], fee)
        found += _differing(f"gross result of trade {trade_id} is that of its fills", contestant, gross[trade_id], realised)
        found += _differing(f"net result of trade {trade_id} is gross less fees", contestant, realised - fee + insured, net)
    return found


async def _equity(connection: AsyncConnection) -> list[Finding]:
    equity = tables.equity.c
    columns = (equity.contestant_id, equity.at, equity.equity, equity.wallet, equity.unrealised_pnl)
    return [
        finding
        for contestant, at, total, wallet, unrealised in await connection.execute(select(*columns))
        for finding in _differing(f"equity at {at:%Y-%m-%d %H:%M:%S} is wallet plus unrealised", contestant, wallet + unrealised, total)
    ]


async def _turns(connection: AsyncConnection) -> list[Finding]:
    decisions, orders = tables.decisions.c, tables.orders.c
    doubled = (
        select(orders.decision_id, func.count())
        .where(orders.decision_id.is_not(None))
        .group_by(orders.decision_id)
        .having(func.count() > 1)
    )
    found = [
        Finding(f"decision {decision} was carried out once", None, "1", str(count)) for decision, count in await connection.execute(doubled)
    ]
    late = (
        select(decisions.id)
        .join(orders_table := tables.orders, orders_table.c.decision_id == decisions.id)
        .where(decisions.verdict == "refused")
    )
    return [*found, *(Finding(f"refused decision {one} has no order", None, "0", "1") for (one,) in await connection.execute(late))]
