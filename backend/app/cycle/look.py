"""Look at the market between decisions: walk the minutes and funding settlements since the last look, carry out what follows, save it.

Never places an order of its own. Called before a cycle asks, before it fills, and every minute in between; after downtime the same walk
covers the gap, dated to when things happened. What was judged by is stored in the transaction that stores what came of it.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cycle.conduct import of_exits
from app.cycle.fetch_stretch import concerned, fetch_stretch, store_stretch
from app.cycle.parts import Parts
from app.cycle.record import announce
from app.engine.clock import floor_time
from app.engine.facts import Fact, Outcome
from app.engine.ledger import BooksBrokenError
from app.engine.market import Snapshot
from app.engine.positions import Account
from app.market.fill_market import rules_row
from app.market.stretch import MINUTE, Stretch, Terms, walk, walk_moment
from app.market.venue import VenueUnreachableError
from app.store import accounts, contestant_events, cycles
from app.store.accounts import HeldAccount

log = structlog.get_logger(__name__)

Happened = list[tuple[str, tuple[Fact, ...]]]
"""What came of a look, by contestant."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Up to which minute every account has been judged, and how many exits were carried out."""

    until: datetime
    exits: int = 0


async def look(parts: Parts, *, cycle_id: int | None = None, at: datetime | None = None) -> Looked:
    """Bring every account up to the last minute closed by `at` (default: now), all or none.

    The caller holds the turnstile. Raises VenueError when minutes or rates can't be had, StoreError when they can't be saved; the next
    look then starts where this one did.
    """
    at = at or parts.clock.now()
    until = floor_time(at, MINUTE)
    async with parts.database.reading() as connection:
        held = await accounts.load_accounts(connection, parts.season_id)
    behind = {name: one for name, one in held.items() if _is_behind(one, until)}
    if not behind:
        return Looked(until)
    started = time.perf_counter()
    terms = _terms(parts, concerned(behind.values()))
    fetched = await fetch_stretch(parts, terms, tuple(behind.values()), until)
    until = fetched.until
    happened: Happened = []
    async with parts.database.writing() as connection:
        stretch = await store_stretch(connection, fetched, tuple(held.values()))
        quiet: list[str] = []
        for name, one in behind.items():
            if not _is_behind(one, until):
                continue  # the minute just closed is not to be had yet
            outcome = _walked(one, stretch, until, terms, cycle_id)
            if outcome is None:
                continue
            if not outcome.facts:
                quiet.append(name)
                continue
            await accounts.save_outcome(connection, one, outcome, at=at, cycle_id=cycle_id, source="trigger", watched_until=until)
            await contestant_events.save_events(connection, list(of_exits(name, outcome.facts, cycle_id)))
            happened.append((name, outcome.facts))
        if quiet:
            await accounts.set_watched(connection, quiet, until)
    exits = _announce(parts, happened, cycle_id)
    if exits:
        elapsed_ms = (time.perf_counter() - started) * 1000
        log.info("watched", message=f"{exits} exits carried out", cycle_id=cycle_id, phase="watch", ms=round(elapsed_ms, 1))
    return Looked(until, exits)


async def look_at_moment(parts: Parts, snapshot: Snapshot, terms: Terms, *, cycle_id: int, at: datetime, until: datetime) -> int:
    """Carry out what the prices of a snapshot trigger at this moment: levels they already lie beyond. The caller holds the turnstile.

    `until` is the minute up to which closed bars have been judged. From here on positions are watched by `terms`. All or none is saved.
    Nothing is written when nothing happens: the caller then stores `watched` of the cycle before it lets go of the turnstile.
    """
    async with parts.database.reading() as connection:
        held = await accounts.load_accounts(connection, parts.season_id)
    outcomes = [(one, _judged(one, cycle_id, lambda account: walk_moment(account, snapshot, at, terms))) for one in held.values()]
    changed = [(one, outcome) for one, outcome in outcomes if outcome is not None and outcome.facts]
    happened: Happened = [(one.account.contestant, outcome.facts) for one, outcome in changed]
    if changed:
        async with parts.database.writing() as connection:
            for one, outcome in changed:
                await accounts.save_outcome(connection, one, outcome, at=at, cycle_id=cycle_id, source="trigger")
                await contestant_events.save_events(connection, list(of_exits(one.account.contestant, outcome.facts, cycle_id)))
            await note_watched(connection, cycle_id, terms, at=at, until=until)
    parts.latest.terms = terms
    return _announce(parts, happened, cycle_id)


async def note_watched(connection: AsyncConnection, cycle_id: int, terms: Terms, *, at: datetime, until: datetime) -> None:
    """Store when a cycle judged positions by its snapshot, and the rules that hold from then on."""
    await cycles.set_watched(connection, cycle_id, watched_at=at, watched_until=until, rules=rules_row(terms.rules))


def _is_behind(one: HeldAccount, until: datetime) -> bool:
    """Whether there is something of an account to judge: an open position or funding owed, and a closed minute."""
    return bool(one.account.positions or one.account.dues) and one.watched_until is not None and one.watched_until < until


def _terms(parts: Parts, symbols: Iterable[str]) -> Terms:
    terms = parts.latest.terms
    unknown = [symbol for symbol in symbols if terms is None or symbol not in terms.instruments]
    if terms is None or unknown:
        raise VenueUnreachableError(f"the contract terms of {', '.join(unknown)} have not been loaded yet")
    return terms


def _walked(one: HeldAccount, stretch: Stretch, until: datetime, terms: Terms, cycle_id: int | None) -> Outcome | None:
    """What the stretch does to one account."""
    since = one.watched_until or until
    owed = {(due.symbol, due.at) for due in one.account.dues}
    mine = stretch.between(since, until)
    late = [settled for settled in stretch.settlements if settled.at <= since and (settled.symbol, settled.at) in owed]
    whole = replace(mine, settlements=[*late, *mine.settlements])
    return _judged(one, cycle_id, lambda account: walk(account, whole, terms))


def _judged(one: HeldAccount, cycle_id: int | None, judge: Callable[[Account], Outcome]) -> Outcome | None:
    """What judging does to one account; None when the engine broke a promise: that account stays as it is, the others go on."""
    try:
        return judge(one.account)
    except (BooksBrokenError, ValueError) as error:
        name = one.account.contestant
        message = f"{name} can't be judged from {one.watched_until} on: {error}; its books are untouched"
        log.error("books_broken", message=message, contestant_id=name, cycle_id=cycle_id, phase="watch", account=repr(one.account))
        return None


def _announce(parts: Parts, happened: Happened, cycle_id: int | None) -> int:
    return sum(announce(parts, name, facts, cycle_id) for name, facts in happened)
