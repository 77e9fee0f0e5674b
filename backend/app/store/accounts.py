"""Accounts: load what a contestant holds as an engine value, and save what the engine made of it, whole or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.facts import Filled, OrderRefused, Outcome
from app.engine.positions import Account, Position
from app.store import tables
from app.store.booking import Booking
from app.store.database import StaleAccountError
from app.store.fills import write_fills
from app.store.ledger import write_postings
from app.store.orders import write_orders
from app.store.positions import open_positions, write_positions
from app.store.trades import write_trades


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
    carried_out = [fact for fact in outcome.facts if not isinstance(fact, OrderRefused)]
    if not carried_out:
        return dict(known)
    order_ids = await write_orders(connection, booking, carried_out)
    done = [(fact, order_id) for fact, order_id in zip(carried_out, order_ids, strict=True) if isinstance(fact, Filled)]
    trade_ids = await write_trades(connection, booking, [fact for fact, _ in done], known)
    fill_ids = await write_fills(connection, booking, done, trade_ids)
    postings = [(fact.posting, fill_id) for (fact, _), fill_id in zip(done, fill_ids, strict=True)]
    await write_postings(connection, booking.contestant_id, booking.season_id, postings, cycle_id=booking.cycle_id)
    await write_positions(connection, booking, held.account.positions, outcome, trade_ids)
    return trade_ids


async def _load(connection: AsyncConnection, which: ColumnElement[bool]) -> dict[str, HeldAccount]:
    accounts, contestants = tables.accounts, tables.contestants
    owners = (
        select(accounts)
        .join(contestants, contestants.c.id == accounts.c.contestant_id)
        .where(which)
        .order_by(contestants.c.position, contestants.c.id)
    )
    rows = (await connection.execute(owners)).mappings().all()
    held = await open_positions(connection, which)
    return {row["contestant_id"]: _held_account(row, held.get(row["contestant_id"], {})) for row in rows}


def _held_account(row: Any, held: Mapping[str, tuple[Position, int]]) -> HeldAccount:
    positions = {symbol: position for symbol, (position, _) in held.items()}
    account = Account(row["contestant_id"], row["available"], positions, row["trades_opened"])
    trade_ids = {symbol: trade_id for symbol, (_, trade_id) in held.items()}
    return HeldAccount(account, row["season_id"], row["version"], row["initial"], row["watched_until"], trade_ids)
