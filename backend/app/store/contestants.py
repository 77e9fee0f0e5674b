"""Contestants: who plays, and how they do as participants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.ledger import Entry, LedgerAccount, Posting, PostingKind, posting
from app.store.ledger import Booked, write_postings
from app.store.rows import columns_of, first, records
from app.store.tables import accounts, contestant_totals, contestants, equity


@dataclass(frozen=True, slots=True)
class ContestantRow:
    """One contestant of the season. `paused_by` is operator or arena, `state_reason` why; `close_only` is the operator's word.

    `template` and `language` are unknown (None) of somebody who retired before they were kept.
    """

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
    kind: str
    template: str | None
    language: str | None
    base_url: str | None
    settings: dict[str, Any] | None
    state_reason: str | None
    paused_by: str | None
    close_only: bool


@dataclass(frozen=True, slots=True)
class NewContestant:
    """A contestant as the settings name it, with its starting balance in USDT. Kind model or baseline; `settings` never hold a key."""

    id: str
    name: str
    provider: str
    model: str
    color_index: int
    position: int
    state: str
    initial: Decimal
    kind: str = "model"
    template: str | None = None
    language: str | None = None
    base_url: str | None = None
    settings: Mapping[str, Any] | None = None


async def sync_contestants(connection: AsyncConnection, season_id: int, line_up: Sequence[NewContestant], at: datetime) -> None:
    """Newcomers join with their deposit; those known keep their books and an operator's pause; those gone from the line-up retire.

    A pause that the arena made (a key refused, a balance used up) ends here: whoever starts it again has had a chance to mend that.
    """
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


async def get_contestant(connection: AsyncConnection, contestant_id: str) -> ContestantRow | None:
    """One contestant."""
    return await first(connection, select(*columns_of(contestants, ContestantRow)).where(contestants.c.id == contestant_id), ContestantRow)


async def set_state(
    connection: AsyncConnection, contestant_id: str, state: str, *, reason: str | None = None, by: str = "operator"
) -> None:
    """active, paused, no_key or retired. A pause keeps who made it, operator (also when nobody is named) or arena; any state its reason."""
    values = {"state": state, "state_reason": reason, "paused_by": (by or "operator") if state == "paused" else None}
    await connection.execute(update(contestants).where(contestants.c.id == contestant_id).values(values))


async def set_close_only(connection: AsyncConnection, contestant_id: str, *, close_only: bool) -> None:
    """Whether the operator lets a contestant only close."""
    await connection.execute(update(contestants).where(contestants.c.id == contestant_id).values(close_only=close_only))


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
            id=one.id, season_id=season_id, **_as_set(one), state=one.state, joined_at=at, consecutive_failures=0, close_only=False
        )
    )
    await connection.execute(insert(contestant_totals).values(contestant_id=one.id))
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
    # An operator's pause outlives a missing key and a time away from the line-up: only the operator ends it.
    state: dict[str, str | None] = {"state": one.state, "state_reason": None, "paused_by": None}
    if known.paused_by == "operator":
        state = {"state": "paused" if one.state == "active" else one.state}
    await connection.execute(update(contestants).where(contestants.c.id == known.id).values({**_as_set(one), **state}))


def _as_set(one: NewContestant) -> dict[str, Any]:
    """What the settings decide, as a row's values."""
    return {
        "name": one.name,
        "provider": one.provider,
        "model": one.model,
        "color_index": one.color_index,
        "position": one.position,
        "kind": one.kind,
        "template": one.template,
        "language": one.language,
        "base_url": one.base_url,
        "settings": None if one.settings is None else dict(one.settings),
    }
