"""The minutes and funding settlements that a look judges by: asked of the venue, then stored, and used as stored."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cycle.parts import Parts
from app.engine.clock import floor_time
from app.engine.funding import Settlement
from app.engine.market import Candle
from app.engine.rules import TriggerPrice
from app.market.stretch import MINUTE, Stretch, Terms
from app.market.venue import VenueUnreachableError
from app.store import funding, minutes
from app.store.accounts import HeldAccount

HOUR = timedelta(hours=1)
INSTANT = timedelta(seconds=1)
NEWEST_BAR_SECONDS = 1.0
"""How long a venue that has not shown the minute just closed is waited for before it is asked again."""
NEWEST_BAR_TRIES = 2
PUBLISHED_WITHIN = timedelta(hours=1)
"""A settlement that was expected, and that the venue's history doesn't show after so long, did not happen: intervals change."""

log = structlog.get_logger(__name__)

Minutes = dict[str, tuple[Candle, ...]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A stretch from `since` to `until` of these symbols, as the venue told it."""

    symbols: tuple[str, ...]
    since: datetime
    until: datetime
    stretch: Stretch


def concerned(accounts: Iterable[HeldAccount]) -> tuple[str, ...]:
    """Symbols that accounts hold or owe funding for."""
    names: set[str] = set()
    for one in accounts:
        names |= {*one.account.positions, *(due.symbol for due in one.account.dues)}
    return tuple(sorted(names))


async def fetch_stretch(parts: Parts, terms: Terms, behind: Sequence[HeldAccount], until: datetime) -> Fetched:
    """Everything since the oldest look of these accounts. Raises VenueError when it can't be had.

    Ends a minute before `until` while the venue doesn't show the bar just closed.
    """
    since = min(one.watched_until for one in behind if one.watched_until is not None)
    held = tuple(sorted({symbol for one in behind for symbol in one.account.positions}))
    marks, until = await _newest(parts, held, since, until)
    lasts: Minutes = {}
    if terms.rules.trigger_price is TriggerPrice.LAST:
        lasts = _complete(await parts.venue.last_minutes(held, since, until), held, "candles", since)
    settlements = await _settlements(parts, terms, behind, since, until)
    for one in settlements:
        if one.at > since:
            _refuse_unmarked(one, marks.get(one.symbol))
    return Fetched(concerned(behind), since, until, Stretch(marks, lasts, settlements))


async def store_stretch(connection: AsyncConnection, fetched: Fetched, held: Sequence[HeldAccount]) -> Stretch:
    """Store what is new and give it back as stored. Nothing is added where some account has been judged already: all see the same."""
    passed: dict[str, datetime] = {}
    for one in held:
        if one.watched_until is not None:
            passed |= {symbol: max(passed.get(symbol, one.watched_until), one.watched_until) for symbol in one.account.positions}
    stretch, since, until = fetched.stretch, fetched.since, fetched.until
    await minutes.save_marks(connection, _after(stretch.marks, passed))
    await minutes.save_lasts(connection, _after(stretch.lasts, passed))
    owed = {(due.symbol, due.at) for one in held for due in one.account.dues}
    fresh = [one for one in stretch.settlements if (one.symbol, one.at) in owed or one.at > passed.get(one.symbol, one.at)]
    await funding.save_rates(connection, fresh)
    oldest = min((at - INSTANT for _, at in owed), default=since)
    rates = await funding.load_rates(connection, fetched.symbols, min(oldest, since), until)
    unknown = [one for one in fresh if one.rate is None]
    return Stretch(
        await minutes.load_marks(connection, fetched.symbols, since, until),
        await minutes.load_lasts(connection, fetched.symbols, since, until) if stretch.lasts else {},
        [*rates, *unknown],
    )


def _after(bars: Mapping[str, Sequence[Candle]], passed: Mapping[str, datetime]) -> dict[str, Sequence[Candle]]:
    return {symbol: [bar for bar in series if bar.open_time >= passed.get(symbol, bar.open_time)] for symbol, series in bars.items()}


async def _newest(parts: Parts, symbols: tuple[str, ...], since: datetime, until: datetime) -> tuple[Minutes, datetime]:
    """Mark minutes, and up to which minute they go: the one just closed may not be there yet. A gap further back is the venue's own."""
    found = _complete(await parts.venue.mark_minutes(symbols, since, until), symbols, "mark candles", since)
    for _ in range(NEWEST_BAR_TRIES):
        late = tuple(symbol for symbol, bars in found.items() if not bars or bars[-1].open_time + MINUTE < until)
        if not late:
            return found, until
        await asyncio.sleep(NEWEST_BAR_SECONDS)
        found |= _complete(await parts.venue.mark_minutes(late, since, until), late, "mark candles", since)
    until -= MINUTE
    return {symbol: tuple(bar for bar in bars if bar.open_time < until) for symbol, bars in found.items()}, until


def _complete(found: Minutes, symbols: Sequence[str], what: str, since: datetime) -> Minutes:
    missing = [symbol for symbol in symbols if symbol not in found]
    if missing:
        raise VenueUnreachableError(f"the {what} of {', '.join(missing)} since {since:%Y-%m-%d %H:%M} UTC can't be had")
    return found


async def _settlements(parts: Parts, terms: Terms, behind: Sequence[HeldAccount], since: datetime, until: datetime) -> list[Settlement]:
    """Settlements after `since` up to `until`, and those owed from before. The venue is asked only when there may be one."""
    owed = {(due.symbol, due.at) for one in behind for due in one.account.dues}
    if floor_time(until, HOUR) <= since and not owed:
        return []
    symbols = concerned(behind)
    oldest = min((at - INSTANT for _, at in owed), default=since)
    history = await parts.venue.funding_history(symbols, min(oldest, since), until)
    found: list[Settlement] = []
    for symbol in symbols:
        interval = timedelta(hours=terms.instruments[symbol].funding_interval_hours)
        told = history.get(symbol)
        if told is None and floor_time(until, HOUR) > since:
            _refuse_guessing(symbol, parts.latest.next_funding.get(symbol), since, until)
        found += told or ()
        due = _expected(parts.latest.next_funding.get(symbol), interval, since, until, told or ())
        if due is not None and (symbol, due) not in owed:
            found.append(Settlement(symbol, due, None))
            _say_unpublished(parts, symbol, due)
    return found


def _expected(
    following: datetime | None, interval: timedelta, since: datetime, until: datetime, told: Sequence[Settlement]
) -> datetime | None:
    """The last settlement that must have happened within (since, until], if the history doesn't show it yet."""
    if following is None:
        return None
    last = following + (until - following) // interval * interval
    if not since < last <= until or until - last > PUBLISHED_WITHIN or any(one.at == last for one in told):
        return None
    return last


def _refuse_guessing(symbol: str, following: datetime | None, since: datetime, until: datetime) -> None:
    """Without a history, a stretch is passed only where the venue's own word on the next settlement leaves nothing open in it.

    In an hour there is one settlement at most: the one that was said to come, or the one before it.
    """
    if following is None or following <= since or until - since > HOUR:
        raise VenueUnreachableError(f"the funding rates of {symbol} since {since:%Y-%m-%d %H:%M} UTC can't be had")


def _refuse_unmarked(settlement: Settlement, bars: Sequence[Candle] | None) -> None:
    if bars is None or any(bar.open_time + MINUTE == settlement.at or bar.open_time >= settlement.at for bar in bars):
        return
    raise VenueUnreachableError(
        f"the mark candles of {settlement.symbol} around its funding of {settlement.at:%Y-%m-%d %H:%M} UTC can't be had"
    )


def _say_unpublished(parts: Parts, symbol: str, at: datetime) -> None:
    if (symbol, at) not in parts.latest.unpublished:
        parts.latest.unpublished.add((symbol, at))
        log.warning(
            "funding_unpublished",
            message=f"the venue has not published the funding rate of {symbol} of {at:%Y-%m-%d %H:%M} UTC: what is held is noted",
            symbol=symbol,
            phase="watch",
        )
