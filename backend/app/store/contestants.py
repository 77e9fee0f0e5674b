"""Contestants: who plays, and how they do as participants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import case, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.ledger import Entry, LedgerAccount, Posting, PostingKind, posting
from app.store.ledger import Booked, write_postings
from app.store.rows import columns_of, records
from app.store.tables import accounts, contestants, equity


@dataclass(frozen=True, slots=True)
class ContestantRow:
    """One contestant of the season."""

    id: str
    season_id: int
    name: str
    provider: str
    model: str
    color_index: int
    position: int
    state: str
    joined_at: datetime
    last_outcome: str | None
    last_outcome_at: datetime | None
    last_error: str | None
    consecutive_failures: int


@dataclass(frozen=True, slots=True)
class NewContestant:
    """A contestant as the settings name it, with its starting balance in USDT."""

    id: str
    name: str
    provider: str
    model: str
    color_index: int
    position: int
    state: str
    initial: Decimal


async def sync_contestants(connection: AsyncConnection, season_id: int, line_up: Sequence[NewContestant], at: datetime) -> None:
    """Newcomers join with their deposit; those known keep their books and a pause; those gone from the line-up retire."""
    known = {one.id: one for one in await all_contestants(connection, season_id)}
    for one in line_up:
        if one.id in known:
            await _refresh(connection, one, known[one.id])
        else:
            await _join(connection, season_id, one, at)
    gone = [name for name in known if name not in {one.id for one in line_up}]
    if gone:
        await connection.execute(update(contestants).where(contestants.c.id.in_(gone)).values(state="retired"))


async def all_contestants(connection: AsyncConnection, season_id: int) -> list[ContestantRow]:
    """In the order of the line-up."""
    statement = select(*columns_of(contestants, ContestantRow)).where(contestants.c.season_id == season_id)
    return await records(connection, statement.order_by(contestants.c.position, contestants.c.id), ContestantRow)


async def set_state(connection: AsyncConnection, contestant_id: str, state: str) -> None:
    """active, paused, no_key or retired."""
    await connection.execute(update(contestants).where(contestants.c.id == contestant_id).values(state=state))


async def record_outcome(
    connection: AsyncConnection, contestant_id: str, *, at: datetime, outcome: str, error: str | None, failed: bool
) -> None:
    """How the last turn ended; failures in a row are counted."""
    failures = contestants.c.consecutive_failures + 1 if failed else 0
    await connection.execute(
        update(contestants)
        .where(contestants.c.id == contestant_id)
        .values(last_outcome=outcome, last_outcome_at=at, last_error=error, consecutive_failures=failures)
    )


async def _join(connection: AsyncConnection, season_id: int, one: NewContestant, at: datetime) -> None:
    await connection.execute(
        insert(contestants).values(
            id=one.id,
            season_id=season_id,
            name=one.name,
            provider=one.provider,
            model=one.model,
            color_index=one.color_index,
            position=one.position,
            state=one.state,
            joined_at=at,
            consecutive_failures=0,
        )
    )
    await connection.execute(
        insert(accounts).values(
            contestant_id=one.id,
            season_id=season_id,
            available=one.initial,
            initial=one.initial,
            trades_opened=0,
            version=0,
            updated_at=at,
        )
    )
    await connection.execute(
        insert(equity).values(
            contestant_id=one.id,
            season_id=season_id,
            at=at,
            source="join",
            equity=one.initial,
            wallet=one.initial,
            unrealised_pnl=Decimal(0),
            available=one.initial,
            exposure=Decimal(0),
        )
    )
    await write_postings(connection, one.id, season_id, [Booked(deposit(one.initial, at))], cycle_id=None)


def deposit(initial: Decimal, at: datetime) -> Posting:
    """How a contestant comes by its starting balance."""
    return posting(PostingKind.DEPOSIT, at, Entry(LedgerAccount.AVAILABLE, initial), Entry(LedgerAccount.CAPITAL, -initial))


async def _refresh(connection: AsyncConnection, one: NewContestant, known: ContestantRow) -> None:
    paused = case((contestants.c.state == "paused", "paused"), else_=one.state) if one.state == "active" else one.state
    await connection.execute(
        update(contestants)
        .where(contestants.c.id == known.id)
        .values(name=one.name, provider=one.provider, model=one.model, color_index=one.color_index, position=one.position, state=paused)
    )
