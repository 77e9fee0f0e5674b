"""Look at the market between decisions: walk the closed mark minutes since the last look, carry out what they trigger, save it.

Never places an order of its own. Called before a cycle asks, before it fills, and every minute in between; after downtime the same walk
covers the gap, dated to when things happened.
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from app.cycle.parts import Parts
from app.cycle.record import announce_fills
from app.engine.clock import floor_time
from app.engine.facts import Outcome
from app.engine.instruments import Instrument
from app.engine.market import Candle, Snapshot
from app.engine.triggers import watch
from app.market.venue import VenueUnreachableError
from app.store import accounts
from app.store.accounts import HeldAccount

MINUTE = timedelta(minutes=1)

log = structlog.get_logger(__name__)


async def look(parts: Parts, instruments: Mapping[str, Instrument], *, cycle_id: int | None = None) -> int:
    """Bring every account up to the last closed minute. Returns how many exits were carried out.

    The caller holds the turnstile. Raises VenueError when the minutes can't be had, StoreError when they can't be saved; accounts already
    brought up to date stay so, the others are walked by the next look.
    """
    until = floor_time(parts.clock.now(), MINUTE)
    async with parts.database.reading() as connection:
        held = await accounts.load_accounts(connection, parts.season_id)
    behind = {name: one for name, one in held.items() if one.account.positions and (one.watched_until or until) < until}
    if not behind:
        return 0
    if not instruments:
        raise VenueUnreachableError("the contract terms have not been loaded yet")
    started = time.perf_counter()
    symbols = tuple(sorted({symbol for one in behind.values() for symbol in one.account.positions}))
    since = min(one.watched_until or until for one in behind.values())
    bars = await parts.venue.mark_minutes(symbols, since, until)
    missing = [symbol for symbol in symbols if symbol not in bars]
    if missing:
        raise VenueUnreachableError(f"the mark candles of {', '.join(missing)} since {since:%Y-%m-%d %H:%M} UTC can't be had")
    exits = 0
    quiet: list[str] = []
    for name, one in behind.items():
        outcome = watch(one.account, _from(bars, one.watched_until or until), instruments, parts.rules)
        if outcome.facts:
            exits += await _save(parts, one, outcome, until, cycle_id)
        else:
            quiet.append(name)
    if quiet:
        async with parts.database.writing() as connection:
            await accounts.set_watched(connection, quiet, until)
    if exits:
        elapsed_ms = (time.perf_counter() - started) * 1000
        log.info("watched", message=f"{exits} exits carried out", cycle_id=cycle_id, phase="watch", ms=round(elapsed_ms, 1))
    return exits


async def look_at_moment(parts: Parts, snapshot: Snapshot, *, cycle_id: int) -> int:
    """Carry out what the marks of a snapshot trigger at this moment: levels mark already lies beyond. The caller holds the turnstile."""
    async with parts.database.reading() as connection:
        held = await accounts.load_accounts(connection, parts.season_id)
    point = {symbol: (Candle(snapshot.taken_at, mark, mark, mark, mark, mark * 0),) for symbol, mark in snapshot.marks.items()}
    exits = 0
    for one in held.values():
        outcome = watch(one.account, point, snapshot.instruments, parts.rules, timedelta(0))
        if outcome.facts:
            exits += await _save(parts, one, outcome, one.watched_until, cycle_id)
    return exits


async def _save(parts: Parts, one: HeldAccount, outcome: Outcome, until: datetime | None, cycle_id: int | None) -> int:
    async with parts.database.writing() as connection:
        await accounts.save_outcome(
            connection, one, outcome, at=parts.clock.now(), cycle_id=cycle_id, source="trigger", watched_until=until
        )
    return announce_fills(parts, one.account.contestant, outcome.facts, cycle_id)


def _from(bars: Mapping[str, tuple[Candle, ...]], since: datetime) -> dict[str, tuple[Candle, ...]]:
    return {symbol: tuple(bar for bar in series if bar.open_time >= since) for symbol, series in bars.items()}
