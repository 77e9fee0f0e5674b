"""The books recomputed from their smallest parts. Findings are values: what doesn't follow, whose, expected and found."""

from collections import Counter, defaultdict
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.rules import MarginMode
from app.store import tables
from app.store.findings import Finding, differing
from app.store.funding_checks import check_funding
from app.store.owner_checks import check_owners
from app.store.turn_checks import check_turns

__all__ = ["Finding", "check_books"]

ENTRIES = ("open", "add")
OTHER_SIDES = ("fees", "pnl", "funding", "insurance")
ZERO = Decimal(0)


async def check_books(connection: AsyncConnection) -> list[Finding]:
    """Everything that differs; empty when the books are right."""
    return [
        *await _ledger(connection),
        *await _balances(connection),
        *await _positions(connection),
        *await _trades(connection),
        *await _counterparts(connection),
        *await _below_zero(connection),
        *await check_funding(connection),
        *await check_owners(connection),
        *await _equity(connection),
        *await _orders(connection),
        *await _refusals(connection),
        *await check_turns(connection),
    ]


async def _ledger(connection: AsyncConnection) -> list[Finding]:
    entries = tables.ledger_entries.c
    sums: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for contestant, posting, amount in await connection.execute(select(entries.contestant_id, entries.posting, entries.amount)):
        sums[contestant, posting] += amount
    found = [
        finding
        for (contestant, posting), total in sums.items()
        for finding in differing(f"posting {posting} sums to zero", contestant, ZERO, total)
    ]
    return [*found, *differing("the ledger sums to zero", None, ZERO, sum(sums.values(), ZERO))]


async def _balances(connection: AsyncConnection) -> list[Finding]:
    entries, accounts, positions = tables.ledger_entries.c, tables.accounts.c, tables.positions.c
    sums: dict[tuple[str, str, str | None], Decimal] = defaultdict(Decimal)
    columns = (entries.contestant_id, entries.account, entries.symbol, entries.amount)
    for contestant, account, symbol, amount in await connection.execute(select(*columns)):
        sums[contestant, account, symbol] += amount
    found: list[Finding] = []
    for contestant, available in await connection.execute(select(accounts.contestant_id, accounts.available)):
        found += differing("free balance follows from the ledger", contestant, sums[contestant, "available", None], available)
    margins = {
        (contestant, symbol): margin
        for contestant, symbol, margin in await connection.execute(select(positions.contestant_id, positions.symbol, positions.margin))
    }
    for contestant, symbol in {*margins, *((who, what) for who, account, what in sums if account == "margin" and what is not None)}:
        expected = sums.get((contestant, "margin", symbol), ZERO)
        found += differing(f"margin of {symbol} follows from the ledger", contestant, expected, margins.get((contestant, symbol), ZERO))
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
        for finding in differing(f"position in {symbol} is the sum of its fills", contestant, sums[trade_id], quantity)
    ]
    held = {trade_id for _, _, trade_id, quantity in rows if quantity > 0}
    for trade_id, contestant, state in await connection.execute(select(trades.id, trades.contestant_id, trades.state)):
        expected = "open" if trade_id in held else "closed"
        if state != expected:
            found.append(Finding(f"trade {trade_id} is open while its position is", contestant, expected, state))
    return found


async def _trades(connection: AsyncConnection) -> list[Finding]:
    fills, trades, payments = tables.fills.c, tables.trades.c, tables.funding_payments.c
    sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    columns = (fills.trade_id, fills.fee, fills.realised_pnl, fills.insured)
    for trade_id, fee, realised, insured in await connection.execute(select(*columns)):
        sums[trade_id, "fees"] += fee
        sums[trade_id, "gross result"] += realised
        sums[trade_id, "insured loss"] += insured
    paid = select(payments.trade_id, payments.amount, payments.insured).where(payments.amount.is_not(None))
    for trade_id, amount, insured in await connection.execute(paid):
        sums[trade_id, "funding"] += amount
        sums[trade_id, "insured loss"] += insured or ZERO
    found: list[Finding] = []
    totals = (trades.id, trades.contestant_id, trades.fees, trades.gross_pnl, trades.insured, trades.funding, trades.net_pnl)
    for trade_id, contestant, fee, realised, insured, funding, net in await connection.execute(select(*totals)):
        for what, stored in (("fees", fee), ("gross result", realised)):
            found += differing(f"{what} of trade {trade_id}: the sum over its fills", contestant, sums[trade_id, what], stored)
        for what, stored in (("insured loss", insured), ("funding", funding)):
            found += differing(
                f"{what} of trade {trade_id}: the sum over its fills and settlements", contestant, sums[trade_id, what], stored
            )
        result = realised - fee + funding + insured
        found += differing(f"net result of trade {trade_id} is gross less fees, plus funding", contestant, result, net)
    return found


async def _counterparts(connection: AsyncConnection) -> list[Finding]:
    """The other sides of the ledger: what fees, the market, the other holders and the insurance got or gave."""
    entries, fills, payments = tables.ledger_entries.c, tables.fills.c, tables.funding_payments.c
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    columns = (fills.contestant_id, fills.fee, fills.realised_pnl, fills.insured, fills.takeover)
    for contestant, fee, realised, insured, takeover in await connection.execute(select(*columns)):
        expected[contestant, "fees"] += fee
        expected[contestant, "pnl"] -= realised + takeover
        expected[contestant, "insurance"] += takeover - insured
    paid = select(payments.contestant_id, payments.amount, payments.insured).where(payments.amount.is_not(None))
    for contestant, amount, insured in await connection.execute(paid):
        expected[contestant, "funding"] -= amount
        expected[contestant, "insurance"] -= insured or ZERO
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    others = select(entries.contestant_id, entries.account, entries.amount).where(entries.account.in_(OTHER_SIDES))
    for contestant, account, amount in await connection.execute(others):
        sums[contestant, account] += amount
    return [
        finding
        for contestant, account in sorted({*expected, *sums})
        for finding in differing(
            f"the ledger's {account} follow from fills and settlements",
            contestant,
            expected[contestant, account],
            sums[contestant, account],
        )
    ]


async def _below_zero(connection: AsyncConnection) -> list[Finding]:
    """Nobody owes money; in cross margin the free balance alone may be negative while positions stand behind it."""
    accounts, positions, equity, seasons = tables.accounts, tables.positions.c, tables.equity.c, tables.seasons
    held = select(positions.contestant_id, positions.symbol, positions.quantity, positions.margin)
    rows = (await connection.execute(held)).all()
    holding = {contestant for contestant, _, quantity, _ in rows if quantity > 0}
    found = [
        Finding(f"margin of {symbol} is not below zero", contestant, "0", format(margin, "f"))
        for contestant, symbol, _, margin in rows
        if margin < 0
    ]
    terms = select(accounts.c.contestant_id, accounts.c.available, seasons.c.rules).join(seasons, seasons.c.id == accounts.c.season_id)
    for contestant, available, rules in await connection.execute(terms):
        shared = rules.get("margin_mode") == MarginMode.CROSS and contestant in holding
        if available < 0 and not shared:
            found.append(Finding("free balance is not below zero", contestant, "0", format(available, "f")))
    worth = select(equity.contestant_id, equity.at, equity.equity)
    for contestant, at, total in await connection.execute(worth):
        if total < 0:
            found.append(Finding(f"equity at {at:%Y-%m-%d %H:%M:%S} is not below zero", contestant, "0", format(total, "f")))
    return found


async def _equity(connection: AsyncConnection) -> list[Finding]:
    equity = tables.equity.c
    columns = (equity.contestant_id, equity.at, equity.equity, equity.wallet, equity.unrealised_pnl)
    return [
        finding
        for contestant, at, total, wallet, unrealised in await connection.execute(select(*columns))
        for finding in differing(f"equity at {at:%Y-%m-%d %H:%M:%S} is wallet plus unrealised", contestant, wallet + unrealised, total)
    ]


async def _orders(connection: AsyncConnection) -> list[Finding]:
    """Nothing is carried out twice, and nothing outside the books: an order has one fill, a flip two, a fill one posting."""
    orders, fills, entries = tables.orders.c, tables.fills.c, tables.ledger_entries.c
    decided = select(orders.decision_id, orders.contestant_id).where(orders.decision_id.is_not(None))
    by_decision = Counter((one, who) for one, who in await connection.execute(decided))
    by_order = Counter((await connection.execute(select(fills.order_id))).scalars())
    by_fill = Counter((await connection.execute(select(entries.fill_id, entries.posting).distinct())).scalars())
    found = [
        Finding(f"decision {one} was carried out once", who, "1", str(times)) for (one, who), times in by_decision.items() if times > 1
    ]
    filled = select(orders.id, orders.contestant_id, orders.kind).where(orders.state == "filled")
    for one, who, kind in await connection.execute(filled):
        wanted, words = (2, "two fills") if kind == "flip" else (1, "one fill")
        if by_order[one] != wanted:
            found.append(Finding(f"order {one} has {words}", who, str(wanted), str(by_order[one])))
    booked = await connection.execute(select(fills.id, fills.contestant_id))
    found += [Finding(f"fill {one} has one posting", who, "1", str(by_fill[one])) for one, who in booked if by_fill[one] != 1]
    return found


async def _refusals(connection: AsyncConnection) -> list[Finding]:
    orders, decisions = tables.orders, tables.decisions
    carried_out = (
        select(decisions.c.id, decisions.c.contestant_id)
        .join(orders, orders.c.decision_id == decisions.c.id)
        .where(decisions.c.verdict == "refused")
    )
    return [Finding(f"refused decision {one} has no order", who, "0", "1") for one, who in await connection.execute(carried_out)]
