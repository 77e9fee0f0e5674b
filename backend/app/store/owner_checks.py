"""Whose the books are: every row belongs to somebody who has an account, began with one deposit, and fits the rows it names."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store import tables
from app.store.findings import Finding, differing

ENTRIES = ("open", "add")
OWNED = (
    tables.positions,
    tables.trades,
    tables.orders,
    tables.fills,
    tables.ledger_entries,
    tables.funding_payments,
    tables.equity,
    tables.decisions,
)
ZERO = Decimal(0)


async def check_owners(connection: AsyncConnection) -> list[Finding]:
    """Everything about belonging that differs."""
    return [*await _accounts(connection), *await _deposits(connection), *await _fills(connection), *await _quantities(connection)]


async def _accounts(connection: AsyncConnection) -> list[Finding]:
    contestants, accounts = tables.contestants.c, tables.accounts.c
    seasons = {name: season for name, season in await connection.execute(select(contestants.id, contestants.season_id))}  # noqa: C416 - rows
    held = {name: season for name, season in await connection.execute(select(accounts.contestant_id, accounts.season_id))}  # noqa: C416 - rows
    found = [
        Finding("a contestant has an account in its season", name, str(seasons.get(name)), str(held.get(name)))
        for name in sorted(seasons.keys() | held.keys())
        if seasons.get(name) != held.get(name)
    ]
    for table in OWNED:
        owners = (await connection.execute(select(table.c.contestant_id).distinct())).scalars()
        what = f"whoever has rows in {table.name} has an account"
        found += [Finding(what, name, "an account", "none") for name in owners if name not in held]
        if "season_id" in table.c:
            rows = await connection.execute(select(table.c.contestant_id, table.c.season_id).distinct())
            found += [
                Finding(f"{table.name} belong to the account's season", name, str(held[name]), str(season))
                for name, season in rows
                if name in held and season != held[name]
            ]
    return found


async def _deposits(connection: AsyncConnection) -> list[Finding]:
    """What a contestant began with came from `capital`, once."""
    entries, accounts = tables.ledger_entries.c, tables.accounts.c
    capital: dict[str, Decimal] = defaultdict(Decimal)
    times: Counter[str] = Counter()
    deposits = select(entries.contestant_id, entries.amount).where(entries.account == "capital")
    for name, amount in await connection.execute(deposits):
        capital[name] -= amount
        times[name] += 1
    found: list[Finding] = []
    for name, initial in await connection.execute(select(accounts.contestant_id, accounts.initial)):
        found += differing("capital is what the contestant began with", name, initial, capital[name])
        if initial != 0 and times[name] != 1:
            found.append(Finding("there is one deposit", name, "1", str(times[name])))
    return found


async def _fills(connection: AsyncConnection) -> list[Finding]:
    """A fill belongs to a trade and an order that are there, and its posting moved its fee, its profit and what the insurance bore."""
    fills, entries = tables.fills.c, tables.ledger_entries.c
    trades = set((await connection.execute(select(tables.trades.c.id))).scalars())
    orders = set((await connection.execute(select(tables.orders.c.id))).scalars())
    moved: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    booked = select(entries.fill_id, entries.account, entries.amount).where(entries.fill_id.is_not(None))
    for fill_id, account, amount in await connection.execute(booked):
        moved[fill_id, account] += amount
    found: list[Finding] = []
    columns = (
        fills.id,
        fills.contestant_id,
        fills.trade_id,
        fills.order_id,
        fills.fee,
        fills.realised_pnl,
        fills.insured,
        fills.takeover,
    )
    for fill_id, name, trade_id, order_id, fee, realised, insured, takeover in await connection.execute(select(*columns)):
        for what, one, known in (("trade", trade_id, trades), ("order", order_id, orders)):
            if one not in known:
                found.append(Finding(f"fill {fill_id} has its {what}", name, f"{what} {one}", "none"))
        for account, expected in (("fees", fee), ("pnl", -(realised + takeover)), ("insurance", takeover - insured)):
            found += differing(f"{account} of the posting of fill {fill_id}", name, expected, moved[fill_id, account])
    return found


async def _quantities(connection: AsyncConnection) -> list[Finding]:
    """What a trade entered and left with is what its fills say."""
    fills, trades = tables.fills.c, tables.trades.c
    sums: dict[tuple[int, bool], Decimal] = defaultdict(Decimal)
    for trade_id, purpose, quantity in await connection.execute(select(fills.trade_id, fills.purpose, fills.quantity)):
        sums[trade_id, purpose in ENTRIES] += quantity
    found: list[Finding] = []
    columns = (trades.id, trades.contestant_id, trades.entry_quantity, trades.exit_quantity)
    for trade_id, name, entered, left in await connection.execute(select(*columns)):
        found += _differing_quantities(trade_id, name, {True: entered, False: left}, sums)
    return found


def _differing_quantities(
    trade_id: int, name: str, stored: Mapping[bool, Decimal], sums: Mapping[tuple[int, bool], Decimal]
) -> list[Finding]:
    found: list[Finding] = []
    for entering, quantity in stored.items():
        what = f"{'entry' if entering else 'exit'} quantity of trade {trade_id}: the sum over its fills"
        found += differing(what, name, sums.get((trade_id, entering), ZERO), quantity)
    return found
