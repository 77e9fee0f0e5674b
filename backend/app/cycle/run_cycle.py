"""One cycle from claim to report, in a straight line. Whatever goes wrong is recorded and the next cycle is normal."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.agents.briefing import market_part
from app.cycle.fill_market import fresh_market
from app.cycle.look import look, look_at_moment, note_watched
from app.cycle.parts import Contestant, Parts
from app.cycle.settle import Settlement, settle_turn
from app.cycle.take_turn import Asked, Table, take_turn
from app.cycle.value import save_equity_now
from app.engine.clock import floor_time
from app.engine.market import Snapshot
from app.engine.rules import Rules
from app.market.fill_market import FillMarket, encode_fill_market
from app.market.snapshot import encode
from app.market.stretch import MINUTE, Terms
from app.market.venue import VenueError, VenueSlowError
from app.store import accounts, blobs, contestants, cycles, prices, snapshots, turns
from app.store.accounts import HeldAccount
from app.store.database import AlreadyClaimedError, StoreError
from app.store.prices import NewPrice

log = structlog.get_logger(__name__)


WATCHED_MARKET_TRIES = 3
"""How often a fill market is looked up again because the venue has not shown the minute before it; each try waits a little."""

OPEN_TURNS = {"done": "failed", "skipped": "skipped", "interrupted": "interrupted"}
"""What becomes of turns that are still open when a cycle ends in a state."""


class CycleSkippedError(Exception):
    """Prices can't be had, or nobody may trade on them: nobody is asked and no order is filled."""


@dataclass(slots=True)
class Timings:
    """Milliseconds each phase took by the clock, and the processor time this process used meanwhile (`…_cpu`)."""

    phases: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a block."""
        started, used = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.phases[name] = round((time.perf_counter() - started) * 1000, 2)
            self.phases[f"{name}_cpu"] = round((time.process_time() - used) * 1000, 2)

    @property
    def total_ms(self) -> float:
        """By the clock, over all phases."""
        return round(sum(ms for name, ms in self.phases.items() if not name.endswith("_cpu")), 1)


async def run_cycle(parts: Parts, due_at: datetime, kind: str) -> int | None:
    """Run the cycle due at `due_at` unless somebody has. Returns its id, or None when there was nothing to do. Never raises."""
    timings = Timings()
    try:
        await close_left_behind(parts)
        cycle_id = await _claim(parts, due_at, kind)
    except AlreadyClaimedError:
        log.info("cycle_already_done", message=f"the cycle due {due_at:%Y-%m-%d %H:%M:%S} UTC ran before; nothing to do")
        return None
    except StoreError as error:
        log.error("cycle_not_started", message=f"the cycle due {due_at:%H:%M:%S} UTC was not started: {error}")
        return None
    log.info("cycle_started", message=f"cycle {cycle_id}, due {due_at:%Y-%m-%d %H:%M:%S} UTC", cycle_id=cycle_id, phase="claim")
    parts.events.publish("cycle", id=cycle_id, state="running")
    state, reason = await _outcome(parts, cycle_id, timings)
    await _report(parts, cycle_id, state, reason, timings)
    return cycle_id


async def _outcome(parts: Parts, cycle_id: int, timings: Timings) -> tuple[str, str | None]:
    try:
        await _play(parts, cycle_id, timings)
    except CycleSkippedError as skipped:
        return "skipped", str(skipped)
    except VenueError as error:
        return "skipped", f"prices could not be had: {error}"
    except StoreError as error:
        return "interrupted", f"the database failed: {error}"
    except Exception as error:
        log.exception("cycle_broken", message=f"cycle {cycle_id} broke off: {error!r}", cycle_id=cycle_id)
        return "interrupted", f"an error in the arena itself: {error!r}"
    return "done", None


async def _play(parts: Parts, cycle_id: int, timings: Timings) -> None:
    rules = replace(parts.rules, entries_open=parts.switches.entries_open)
    with timings.phase("see"):
        snapshot = await _see(parts, cycle_id)
    async with parts.turnstile:
        with timings.phase("watch"):
            at = parts.clock.now()
            terms = Terms(snapshot.instruments, rules)
            looked = await look(parts, cycle_id=cycle_id, at=at)
            await look_at_moment(parts, snapshot, terms, cycle_id=cycle_id, at=at, until=looked.until)
        with timings.phase("brief"):
            held = await _begin_turns(parts, cycle_id, terms, at, looked.until)
            table = Table(cycle_id, snapshot, market_part(snapshot), rules, parts.deadline_seconds)
    with timings.phase("ask"):
        asked = await _ask(parts, table, held)
    async with parts.turnstile:
        with timings.phase("fill"):
            settlement = await _book(parts, cycle_id, snapshot, rules)
        with timings.phase("apply"):
            await _settle(parts, settlement, asked)
    with timings.phase("value"):
        await save_equity_now(parts, cycle_id=cycle_id)


async def close_left_behind(parts: Parts) -> None:
    """Close cycles of this process that could not be closed when they ended, because the database was away: what was not saved is void."""
    async with parts.database.reading() as connection:
        left = [one for one in await cycles.running_cycles(connection) if one.pid == parts.process_id]
    for one in left:
        async with parts.database.writing() as connection:
            await _close(connection, parts, one.id, "interrupted", "the database was away when this cycle ended", one.timings)


async def _close(
    connection: AsyncConnection, parts: Parts, cycle_id: int, state: str, reason: str | None, timings: Mapping[str, float] | None
) -> None:
    """Close a cycle, and with it every turn that was not settled: that contestant holds."""
    now = parts.clock.now()
    await turns.close_open_turns(
        connection, cycle_id, outcome=OPEN_TURNS[state], detail=reason or "its turn could not be saved", settled_at=now
    )
    await cycles.finish_cycle(connection, cycle_id, state=state, reason=reason, finished_at=now, timings=timings)


async def _claim(parts: Parts, due_at: datetime, kind: str) -> int:
    async with parts.database.writing() as connection:
        return await cycles.claim_cycle(
            connection, due_at=due_at, kind=kind, started_at=parts.clock.now(), season_id=parts.season_id, pid=parts.process_id
        )


async def _see(parts: Parts, cycle_id: int) -> Snapshot:
    started = time.perf_counter()
    snapshot = await parts.venue.see(parts.clock.now(), parts.latest.accepted())
    encoded = encode(snapshot)
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


def _price(cycle_id: int, snapshot: Snapshot, name: str) -> NewPrice:
    view = snapshot.symbols[name]
    quote = view.quote
    return NewPrice(
        cycle_id=cycle_id,
        symbol=name,
        quote=quote,
        venue=snapshot.venue,
        taken_at=snapshot.taken_at,
        usable=view.unusable is None,
        reason=view.unusable,
    )


async def _begin_turns(parts: Parts, cycle_id: int, terms: Terms, watched_at: datetime, watched_until: datetime) -> dict[str, HeldAccount]:
    async with parts.database.writing() as connection:
        await note_watched(connection, cycle_id, terms, at=watched_at, until=watched_until)
        states = {one.id: one.state for one in await contestants.all_contestants(connection, parts.season_id)}
        playing = [one.id for one in parts.contestants if one.host is not None and states.get(one.id) == "active"]
        await turns.start_turns(connection, cycle_id, playing, started_at=parts.clock.now())
        await cycles.set_phase(connection, cycle_id, "watched")
        held = await accounts.load_accounts(connection, parts.season_id)
    return {name: held[name] for name in playing}


async def _ask(parts: Parts, table: Table, held: dict[str, HeldAccount]) -> list[Asked]:
    playing = [one for one in parts.contestants if one.id in held]
    answers = await asyncio.gather(*(_one_turn(parts, table, one, held[one.id]) for one in playing))
    async with parts.database.writing() as connection:
        await cycles.set_phase(connection, table.cycle_id, "asked")
    return [answer for answer in answers if answer is not None]


async def _one_turn(parts: Parts, table: Table, contestant: Contestant, held: HeldAccount) -> Asked | None:
    """A turn whose failure stays its own: None when not even the failure could be stored."""
    try:
        return await take_turn(parts, table, contestant, held)
    except StoreError as error:
        log.error(
            "turn_not_stored",
            message=f"{contestant.id} holds: its answer could not be stored: {error}",
            cycle_id=table.cycle_id,
            contestant_id=contestant.id,
            phase="ask",
        )
        return None


async def _book(parts: Parts, cycle_id: int, snapshot: Snapshot, rules: Rules) -> Settlement:
    """The market of the fill, stored before anything is filled, so that a kill from here on changes nothing."""
    try:
        market = await _watched_market(parts, cycle_id, snapshot, rules)
    except VenueError as error:
        log.error("no_fill", message=f"no order is filled: {error}", cycle_id=cycle_id, phase="fill")
        return Settlement(cycle_id, parts.clock.now(), snapshot.instruments, None, f"the venue failed at the moment of the fill: {error}")
    head, content = encode_fill_market(market)
    async with parts.database.writing() as connection:
        await blobs.put_blobs(connection, content)
        await cycles.set_booked(connection, cycle_id, books_hash=head)
    return Settlement(cycle_id, market.at, snapshot.instruments, market, watched_until=market.watched_until)


async def _watched_market(parts: Parts, cycle_id: int, snapshot: Snapshot, rules: Rules) -> FillMarket:
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


async def _settle(parts: Parts, settlement: Settlement, asked: list[Asked]) -> None:
    started = time.perf_counter()
    results: list[str] = []
    for one in asked:
        try:
            results.append(await settle_turn(parts, settlement, one))
        except StoreError as error:
            log.error(
                "turn_not_saved",
                message=f"{one.contestant.id} holds: its turn could not be saved and nothing of it happened: {error}",
                cycle_id=settlement.cycle_id,
                contestant_id=one.contestant.id,
                phase="apply",
            )
    elapsed_ms = round((time.perf_counter() - started) * 1000, 1)
    summary = ", ".join(f"{name} {results.count(name)}" for name in sorted(set(results))) or "nobody"
    log.info("settled", message=f"turns settled: {summary}", cycle_id=settlement.cycle_id, phase="apply", ms=elapsed_ms)


async def _report(parts: Parts, cycle_id: int, state: str, reason: str | None, timings: Timings) -> None:
    try:
        async with parts.database.writing() as connection:
            await _close(connection, parts, cycle_id, state, reason, timings.phases)
    except StoreError as error:
        log.error("cycle_not_closed", message=f"cycle {cycle_id} will be closed before the next one: {error}", cycle_id=cycle_id)
    say = log.info if state == "done" else log.error
    text = f"cycle {cycle_id} {state}" + (f": {reason}" if reason else "")
    say(f"cycle_{state}", message=text, cycle_id=cycle_id, phase="report", ms=timings.total_ms, timings=timings.phases)
    parts.events.publish("cycle", id=cycle_id, state=state)
    parts.events.publish("status")
