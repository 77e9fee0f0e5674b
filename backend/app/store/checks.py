"""The books recomputed from their smallest parts. Findings are values: what doesn't follow, whose, expected and found."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
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
        *await _orders(connection),
        *await _refusals(connection),
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
    fills, positions, trades = tables.fills.c, tables.positions.c, tables.trades.c
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for trade_id, purpose, quantity in await connection.execute(select(fills.trade_id, fills.purpose, fills.quantity)):
        sums[trade_id] += quantity if purpose in ENTRIES else -quantity
    columns = (positions.contestant_id, positions.symbol, positions.trade_id, positions.quantity)
    rows = (await connection.execute(select(*columns))).all()
    found = [
        finding
        for contestant, symbol, trade_id, quantity in rows
        for finding in _differing(f"position in {symbol} is the sum of its fills", contestant, sums[trade_id], quantity)
    ]
    held = {trade_id for _, _, trade_id, quantity in rows if quantity > 0}
    for trade_id, contestant, state in await connection.execute(select(trades.id, trades.contestant_id, trades.state)):
        expected = "open" if trade_id in held else "closed"
        if state != expected:
            found.append(Finding(f"trade {trade_id} is open while its position is", contestant, expected, state))
    return found


async def _trades(connection: AsyncConnection) -> list[Finding]:
    fills, trades = tables.fills.c, tables.trades.c
    sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    columns = (fills.trade_id, fills.fee, fills.realised_pnl, fills.insured)
    for trade_id, fee, realised, insured in await connection.execute(select(*columns)):
        sums[trade_id, "fees"] += fee
        sums[trade_id, "gross result"] += realised
        sums[trade_id, "insured loss"] += insured
    found: list[Finding] = []
    totals = (trades.id, trades.contestant_id, trades.fees, trades.gross_pnl, trades.insured, trades.net_pnl)
    for trade_id, contestant, fee, realised, insured, net in await connection.execute(select(*totals)):
        for what, stored in (("fees", fee), ("gross result", realised), ("insured loss", insured)):
            found += _differing(f"{what} of trade {trade_id}: the sum over its fills", contestant, sums[trade_id, what], stored)
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


async def _orders(connection: AsyncConnection) -> list[Finding]:
    """Nothing is carried out twice, and nothing outside the books: an order has one fill, a fill one posting."""
    orders, fills, entries = tables.orders.c, tables.fills.c, tables.ledger_entries.c
    decided = select(orders.decision_id, orders.contestant_id).where(orders.decision_id.is_not(None))
    filled = select(orders.id, orders.contestant_id).where(orders.state == "filled")
    booked = select(fills.id, fills.contestant_id)
    by_decision = Counter((one, who) for one, who in await connection.execute(decided))
    by_order = Counter((await connection.execute(select(fills.order_id))).scalars())
    by_fill = Counter((await connection.execute(select(entries.fill_id, entries.posting).distinct())).scalars())
    found = [
        Finding(f"decision {one} was carried out once", who, "1", str(times)) for (one, who), times in by_decision.items() if times > 1
    ]
    for what, rows, counts in (("order {} has one fill", filled, by_order), ("fill {} has one posting", booked, by_fill)):
        owners = await connection.execute(rows)
        found += [Finding(what.format(one), who, "1", str(counts[one])) for one, who in owners if counts[one] != 1]
    return found


async def _refusals(connection: AsyncConnection) -> list[Finding]:
    orders, decisions = tables.orders, tables.decisions
    carried_out = (
        select(decisions.c.id, decisions.c.contestant_id)
        .join(orders, orders.c.decision_id == decisions.c.id)
        .where(decisions.c.verdict == "refused")
    )
    return [Finding(f"refused decision {one} has no order", who, "0", "1") for one, who in await connection.execute(carried_out)]
