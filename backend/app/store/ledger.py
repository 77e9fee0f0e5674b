"""The ledger: append-only entries, numbered by posting; each posting sums to zero."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.ledger import Posting
from app.store.tables import ledger_entries


async def write_postings(
    connection: AsyncConnection, contestant_id: str, season_id: int, postings: Sequence[tuple[Posting, int | None]], *, cycle_id: int | None
) -> None:
    """Append postings, each with the id of the fill it belongs to."""
    if not postings:
        return
    highest = (
        await connection.execute(select(func.max(ledger_entries.c.posting)).where(ledger_entries.c.contestant_id == contestant_id))
    ).scalar()
    rows = [
        {
            "posting": (highest or 0) + number,
            "contestant_id": contestant_id,
            "season_id": season_id,
            "cycle_id": cycle_id,
            "fill_id": fill_id,
            "kind": one.kind.value,
            "account": entry.account.value,
            "symbol": entry.symbol,
            "amount": entry.amount,
            "at": one.at,
        }
        for number, (one, fill_id) in enumerate(postings, start=1)
        for entry in one.entries
    ]
    await connection.execute(insert(ledger_entries), rows)
