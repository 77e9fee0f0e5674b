"""Accounts: load what a contestant holds as an engine value, and save what the engine made of it, whole or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.facts import Fact, Filled, FundingPaid, MarginSet, OrderRefused, Outcome, fills
from app.engine.positions import Account, FundingDue, Position
from app.store import tables
from app.store.booking import Booking
from app.store.database import StaleAccountError
from app.store.fills import write_fills
from app.store.funding import open_dues, write_funding
from app.store.ledger import Booked, write_postings
from app.store.orders import by_order, write_orders
from app.store.positions import open_positions, write_positions
from app.store.trades import ids_by_number, write_trades


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """An account as loaded: `version` must still be the stored one when it is saved. `trade_ids` are the open trades' rows by symbol."""

    account: Account
    season_id: int
    version: int
    initial: Decimal
    watched_until: datetime | None
    trade_ids: Mapping[str, int]


async def load_accounts(connection: AsyncConnection, season_id: int) -> dict[str, HeldAccount]:
    """All accounts of a season with their open positions, by contestant, in the order of the line-up."""
    return await _load(connection, tables.accounts.c.season_id == season_id)


async def load_account(connection: AsyncConnection, season_id: int, contestant_id: str) -> HeldAccount:
    """One account. Raises KeyError for a contestant that has none."""
    mine = (tables.accounts.c.season_id == season_id) & (tables.accounts.c.contestant_id == contestant_id)
    return (await _load(connection, mine))[contestant_id]


async def save_outcome(
    connection: AsyncConnection,
    held: HeldAccount,
    outcome: Outcome,
    *,
    at: datetime,
    cycle_id: int | None,
    source: str,
    decision_ids: Mapping[int, int] | None = None,
    watched_until: datetime | None = None,
) -> HeldAccount:
    """Write what the engine did: account, orders, trades, fills, ledger, positions. `decision_ids` maps order indices to decisions.

    Raises StaleAccountError when another writer changed the account since it was loaded; nothing is written then.
    """
    after, watched = outcome.account, watched_until or held.watched_until
    saved = replace(held, account=after, version=held.version + 1, watched_until=watched)
    await _take_version(connection, held, saved, at)
    booking = Booking(after.contestant, held.season_id, cycle_id, source, at, decision_ids or {})
    known = {held.account.positions[symbol].trade.number: trade_id for symbol, trade_id in held.trade_ids.items()}
    trade_ids = await _write(connection, booking, held, outcome, known)
    return replace(saved, trade_ids={symbol: trade_ids[position.trade.number] for symbol, position in after.positions.items()})


async def set_watched(connection: AsyncConnection, contestant_ids: Sequence[str], until: datetime) -> None:
    """Note that nothing happened to these accounts up to a minute."""
    await connection.execute(update(tables.accounts).where(tables.accounts.c.contestant_id.in_(contestant_ids)).values(watched_until=until))


async def _take_version(connection: AsyncConnection, held: HeldAccount, saved: HeldAccount, at: datetime) -> None:
    mine, after = tables.accounts.c, saved.account
    changed = await connection.execute(
        update(tables.accounts)
        .where((mine.contestant_id == after.contestant) & (mine.season_id == held.season_id) & (mine.version == held.version))
        .values(
            available=after.available,
            trades_opened=after.trades_opened,
            version=saved.version,
            watched_until=saved.watched_until,
            updated_at=at,
        )
    )
    if changed.rowcount != 1:
        raise StaleAccountError(f"the account of {after.contestant} was changed by somebody else since version {held.version}")


async def _write(
    connection: AsyncConnection, booking: Booking, held: HeldAccount, outcome: Outcome, known: Mapping[int, int]
) -> dict[int, int]:
    """All that follows from the facts; ids of trades by number."""
    facts = outcome.facts
    if all(isinstance(fact, OrderRefused) for fact in facts):
        return dict(known)
    funded = {fact.trade_number for fact in facts if isinstance(fact, FundingPaid)}
    known = {**known, **await ids_by_number(connection, booking.contestant_id, booking.season_id, funded - known.keys())}
    groups = by_order(facts)
    order_ids = {
        id(fact): order_id
        for group, order_id in zip(groups, await write_orders(connection, booking, groups), strict=True)
        for fact in group
    }
    trade_ids = await write_trades(connection, booking, outcome, known)
    done = [(fact, order_ids[id(fact)]) for fact in fills(facts)]
    fill_ids = dict(zip((id(fact) for fact, _ in done), await write_fills(connection, booking, done, trade_ids), strict=True))
    places = [place for place, fact in enumerate(facts) if isinstance(fact, Filled | MarginSet | FundingPaid)]
    booked = [_booked(facts[place], order_ids, fill_ids) for place in places]
    numbers = await write_postings(connection, booking.contestant_id, booking.season_id, booked, cycle_id=booking.cycle_id)
    await write_positions(connection, booking, held.account.positions, outcome, trade_ids)
    await write_funding(
        connection,
        booking,
        held.account,
        outcome,
        trade_ids=trade_ids,
        posting_numbers=dict(zip(places, numbers, strict=True)),
        paid_after=held.watched_until,
    )
    return trade_ids


def _booked(fact: Fact, order_ids: Mapping[int, int], fill_ids: Mapping[int, int]) -> Booked:
    """A fact's posting with what it belongs to; the ids are by the identity of the fact."""
    match fact:
        case Filled():
            return Booked(fact.posting, fill_id=fill_ids[id(fact)])
        case MarginSet():
            return Booked(fact.posting, order_id=order_ids[id(fact)])
        case FundingPaid():
            return Booked(fact.posting)
        case _:
            raise TypeError(f"no money moves with {type(fact).__name__}")


async def _load(connection: AsyncConnection, which: ColumnElement[bool]) -> dict[str, HeldAccount]:
    accounts, contestants = tables.accounts, tables.contestants
    owners = (
        select(accounts)
        .join(contestants, contestants.c.id == accounts.c.contestant_id)
        .where(which)
        .order_by(contestants.c.position, contestants.c.id)
    )
    rows = (await connection.execute(owners)).mappings().all()
    held, owed = await open_positions(connection, which), await open_dues(connection, which)
    return {
        row["contestant_id"]: _held_account(row, held.get(row["contestant_id"], {}), owed.get(row["contestant_id"], ())) for row in rows
    }


def _held_account(row: Any, held: Mapping[str, tuple[Position, int]], dues: tuple[FundingDue, ...]) -> HeldAccount:
    positions = {symbol: position for symbol, (position, _) in held.items()}
    account = Account(row["contestant_id"], row["available"], positions, row["trades_opened"], dues)
    trade_ids = {symbol: trade_id for symbol, (_, trade_id) in held.items()}
    return HeldAccount(account, row["season_id"], row["version"], row["initial"], row["watched_until"], trade_ids)
