"""The ledger: append-only entries, numbered by posting; each posting sums to zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.ledger import Posting
from app.store.tables import ledger_entries


@dataclass(frozen=True, slots=True)
class Booked:
    """A posting, and the fill or the order it belongs to."""

    posting: Posting
    fill_id: int | None = None
    order_id: int | None = None


async def write_postings(
    connection: AsyncConnection, contestant_id: str, season_id: int, booked: Sequence[Booked], *, cycle_id: int | None
) -> list[int | None]:
    """Append postings; their numbers, in order, None for one that moved nothing."""
    if not booked:
        return []
    highest = (
        await connection.execute(select(func.max(ledger_entries.c.posting)).where(ledger_entries.c.contestant_id == contestant_id))
    ).scalar()
    numbers = numbered(booked, after=highest or 0)
    about = {"contestant_id": contestant_id, "season_id": season_id, "cycle_id": cycle_id}
    rows = [{**about, **row} for number, one in zip(numbers, booked, strict=True) if number is not None for row in entry_rows(number, one)]
    if rows:
        await connection.execute(insert(ledger_entries), rows)
    return numbers


def numbered(booked: Sequence[Booked], *, after: int) -> list[int | None]:
    """Posting numbers that follow one; None for a posting that moved nothing."""
    free = count(after + 1)
    return [next(free) if one.posting.entries else None for one in booked]


def entry_rows(number: int, one: Booked) -> list[dict[str, Any]]:
    """The entries of a posting as rows."""
    return [
        {
            "posting": number,
            "fill_id": one.fill_id,
            "order_id": one.order_id,
            "kind": one.posting.kind.value,
            "account": entry.account.value,
            "symbol": entry.symbol,
            "amount": entry.amount,
            "at": one.posting.at,
        }
        for entry in one.posting.entries
    ]
