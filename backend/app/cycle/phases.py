"""The phases of a cycle that end in the database: seeing the market, beginning the turns, taking the market of the fill."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import structlog

from app.agents.scene import Scene, Seat
from app.agents.template import Prompt
from app.cycle.conduct import COST_CEILING
from app.cycle.fill_market import fresh_market
from app.cycle.look import look, note_watched
from app.cycle.parts import Contestant, Parts
from app.cycle.standing_down import why_close_only
from app.cycle.table import PAST_DECISIONS_MAX, PAST_TRADES_MAX, Table, seats
from app.engine.clock import floor_time
from app.engine.market import Snapshot
from app.engine.rules import Rules
from app.market.fill_market import FillMarket, encode_fill_market
from app.market.snapshot import encode
from app.market.stretch import MINUTE, Terms
from app.market.venue import VenueSlowError
from app.store import accounts, blobs, calls, contestants, cycles, prices, recall, snapshots, turns
from app.store.prices import NewPrice

WATCHED_MARKET_TRIES = 3
"""How often a fill market is looked up again because the venue has not shown the minute before it; each try waits a little."""

OPEN_INTEREST_OVER = timedelta(days=1)
"""The mean open interest is taken over the arena's own samples of so long."""

log = structlog.get_logger(__name__)


class CycleSkippedError(Exception):
    """Prices can't be had, or nobody may trade on them: nobody is asked and no order is filled."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Who plays a cycle, with their side of the prompt. `broke` are those whose money for the day is spent: what they cost so far.

    `usd_left` is what each may still spend that day; empty where nothing limits it.
    """

    players: Sequence[Contestant]
    seats: Mapping[str, Seat]
    broke: Mapping[str, str]
    usd_left: Mapping[str, Decimal]


async def see(parts: Parts, cycle_id: int) -> Snapshot:
    """One frozen look at the market, stored. Raises CycleSkippedError when nothing can be traded, VenueError, StoreError."""
    started = time.perf_counter()
    snapshot = await parts.venue.see(parts.clock.now(), parts.latest.accepted())
    encoded = await asyncio.to_thread(encode, snapshot)  # hundreds of candles: long enough to keep the pages waiting
    async with parts.database.writing() as connection:
        await snapshots.save_snapshot(connection, cycle_id, snapshot.taken_at, encoded.content_hash, encoded.manifest, encoded.chunks)
        await prices.save_prices(connection, [_price(cycle_id, snapshot, name) for name in snapshot.symbols])
        await cycles.set_phase(connection, cycle_id, "seen")
    unusable = {name: view.unusable for name, view in snapshot.symbols.items()}
    quotes = {name: view.quote for name, view in snapshot.symbols.items() if view.quote is not None}
    parts.latest.take(snapshot.taken_at, quotes, unusable)
    for name, why in unusable.items():
        if why is not None:
            log.warning(
                "symbol_unusable", message=f"{name} can't be traded in this cycle: {why}", cycle_id=cycle_id, phase="see", symbol=name
            )
    parts.events.publish("price", cycle=cycle_id)
    elapsed_ms = round((time.perf_counter() - started) * 1000, 1)
    log.info(
        "seen", message=f"snapshot {encoded.content_hash[:12]} of {len(quotes)} symbols", cycle_id=cycle_id, phase="see", ms=elapsed_ms
    )
    if not snapshot.marks:
        raise CycleSkippedError("no symbol has a sound price: " + "; ".join(f"{name}: {why}" for name, why in unusable.items()))
    return replace(snapshot, content_hash=encoded.content_hash)


async def open_turns(parts: Parts, cycle_id: int, terms: Terms, watched_at: datetime, watched_until: datetime) -> Opening:
    """Note by what positions are watched from here on; who plays, who may only close, and what each of them is shown of itself."""
    now = parts.clock.now()
    async with parts.database.writing() as connection:
        await note_watched(connection, cycle_id, terms, at=watched_at, until=watched_until)
        await cycles.set_phase(connection, cycle_id, "watched")
        rows = {one.id: one for one in await contestants.all_contestants(connection, parts.season_id)}
        playing = [one for one in parts.contestants if one.plays and one.id in rows and rows[one.id].state == "active"]
        closing = {one.id: why for one in playing if (why := why_close_only(rows[one.id])) is not None}
        spent = {} if parts.cost_usd_per_day is None else await calls.costs_since(connection, _midnight(now))
        names = [one.id for one in playing]
        held = await accounts.load_accounts(connection, parts.season_id)
        memories = await recall.seat_memory(
            connection, names, before_cycle=cycle_id, decisions_max=PAST_DECISIONS_MAX, trades_max=PAST_TRADES_MAX
        )
    joined = {name: rows[name].joined_at for name in names}
    sharpes = {name: value for name, one in parts.sharpes.items() if (value := one.value) is not None}
    left = {} if parts.cost_usd_per_day is None else {name: parts.cost_usd_per_day - spent.get(name, Decimal(0)) for name in names}
    broke = {
        name: f"its calls have cost {spent[name]:.4f} USD since 00:00 UTC, the ceiling is {parts.cost_usd_per_day}"
        for name, usd in left.items()
        if usd <= 0 and name in spent
    }
    return Opening(playing, seats({name: held[name] for name in names}, memories, joined, closing, sharpes), broke, left)


def _midnight(now: datetime) -> datetime:
    """When the day began whose calls count, UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


async def begin_turns(parts: Parts, cycle_id: int, opening: Opening, scene: Scene, prompts: Mapping[str, Prompt]) -> Table:
    """The moment of asking: one for all, and one deadline. Stored before anybody is asked, with who is not."""
    now = parts.clock.now()
    asked_at, deadline = now, asyncio.get_running_loop().time() + parts.deadline_seconds
    deadline_at = asked_at + timedelta(seconds=parts.deadline_seconds) * parts.clock.speed
    closing = frozenset(name for name, seat in opening.seats.items() if seat.close_only)
    async with parts.database.writing() as connection:
        await turns.start_turns(
            connection,
            cycle_id,
            list(opening.seats),
            started_at=now,
            asked_at=asked_at,
            deadline_at=deadline_at,
            close_only=closing,
            unasked=dict.fromkeys(opening.broke, COST_CEILING),
        )
    return Table(cycle_id, scene, prompts, asked_at, deadline_at, deadline, opening.usd_left)


async def scene_of(parts: Parts, cycle_id: int, snapshot: Snapshot, rules: Rules) -> Scene:
    """What everybody is shown."""
    async with parts.database.reading() as connection:
        means = await prices.open_interest_means(connection, snapshot.taken_at - OPEN_INTEREST_OVER)
    return Scene(cycle_id, snapshot, rules, parts.interval_minutes, means)


async def watched_market(parts: Parts, cycle_id: int, snapshot: Snapshot, rules: Rules) -> FillMarket:
    """A fresh market up to whose last closed minute every account has been judged: no fill overtakes an exit or a funding settlement.

    Raises VenueError when the venue keeps the minute that closed before its books to itself.
    """
    tries = 1
    while True:
        market = await fresh_market(parts, snapshot, rules)
        looked = await look(parts, cycle_id=cycle_id, at=market.at)
        if looked.until >= floor_time(market.at, MINUTE):
            return replace(market, watched_until=looked.until)
        if tries == WATCHED_MARKET_TRIES:
            raise VenueSlowError(f"the minute that closed at {floor_time(market.at, MINUTE):%H:%M} UTC is not shown yet")
        tries += 1


async def store_market(parts: Parts, cycle_id: int, market: FillMarket, contestant: Contestant | None = None) -> None:
    """Keep the market of the fill, for the whole cycle or for one contestant's own turn, before anything is filled at it."""
    head, content = encode_fill_market(market)
    async with parts.database.writing() as connection:
        await blobs.put_blobs(connection, content)
        if contestant is None:
            await cycles.set_booked(connection, cycle_id, books_hash=head)
        else:
            await turns.set_books(connection, cycle_id, contestant.id, books_hash=head, filled_at=market.at)


def _price(cycle_id: int, snapshot: Snapshot, name: str) -> NewPrice:
    view = snapshot.symbols[name]
    return NewPrice(
        cycle_id=cycle_id,
        symbol=name,
        quote=view.quote,
        venue=snapshot.venue,
        taken_at=snapshot.taken_at,
        usable=view.unusable is None,
        reason=view.unusable,
    )
