"""Funding recomputed: each settlement once, at the settled rate, for what was held, and booked by one posting of that amount."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.money import to_cash
from app.engine.trades import Side
from app.store import tables
from app.store.findings import Finding, differing

ZERO = Decimal(0)


async def check_funding(connection: AsyncConnection) -> list[Finding]:
    """Everything about funding that differs."""
    rates = tables.funding_rates.c
    settled = {(symbol, at): rate for symbol, at, rate in await connection.execute(select(rates.symbol, rates.settlement_time, rates.rate))}
    rows = (await connection.execute(select(tables.funding_payments))).mappings().all()
    posted = await _posted(connection)
    found = _twice(rows)
    for row in rows:
        what, who = f"funding of {row['symbol']} at {row['settlement_time']:%Y-%m-%d %H:%M}", row["contestant_id"]
        if row["rate"] is None:
            continue
        rate = settled.get((row["symbol"], row["settlement_time"]))
        if rate is None:
            found.append(Finding(f"{what} has a settled rate", who, "a rate", "none"))
        else:
            found += differing(f"{what} is at the settled rate", who, rate, row["rate"])
        owed = to_cash(-Side(row["side"]).sign * row["quantity"] * row["mark"] * row["rate"])
        found += differing(f"{what} is quantity x mark x rate", who, owed, row["amount"])
        booked = posted.pop((who, row["posting"]), ZERO)
        found += differing(f"{what} is what its posting moved", who, row["amount"], booked)
    return found + [Finding(f"funding posting {number} has its settlement", who, "1", "0") for who, number in sorted(posted)]


def _twice(rows: Any) -> list[Finding]:
    times = Counter((row["contestant_id"], row["symbol"], row["settlement_time"]) for row in rows)
    return [
        Finding(f"funding of {symbol} at {at:%Y-%m-%d %H:%M} is settled once", who, "1", str(count))
        for (who, symbol, at), count in times.items()
        if count > 1
    ]


async def _posted(connection: AsyncConnection) -> dict[tuple[str, int], Decimal]:
    """What each funding posting moved to its contestant, by contestant and number."""
    entries = tables.ledger_entries.c
    sums: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    statement = select(entries.contestant_id, entries.posting, entries.account, entries.amount).where(entries.kind == "funding")
    for contestant, posting, account, amount in await connection.execute(statement):
        sums[contestant, posting] -= amount if account == "funding" else ZERO
    return sums
