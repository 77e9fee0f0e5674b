"""One cycle from claim to report, in a straight line. Whatever goes wrong is recorded and the next cycle is normal."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.agents.scene import Scene, Seat
from app.agents.template import Prompt
from app.cycle.conduct import COST_CEILING
from app.cycle.look import look, look_at_moment
from app.cycle.loop_lag import watched_loop
from app.cycle.parts import Contestant, FillTiming, Parts
from app.cycle.phases import CycleSkippedError, Opening, begin_turns, open_turns, scene_of, see, store_market, watched_market
from app.cycle.settle import Settlement, is_idle, settle_idle, settle_turn
from app.cycle.table import PromptWriter, Table
from app.cycle.take_turn import Asked, take_turn
from app.cycle.value import count_returns, save_equity_now
from app.engine.market import Snapshot
from app.engine.rules import Rules
from app.market.stretch import Terms
from app.market.venue import VenueError
from app.store import cycles, turns
from app.store.database import AlreadyClaimedError, StoreError

log = structlog.get_logger(__name__)

UNSETTLED = "interrupted"
"""What becomes of turns that are still open when a cycle ends: whatever it was, it was the arena's failing, which counts against nobody."""

BY_HAND = "manual"
"""A cycle that is not on the clock: its returns are of no full period."""
LONGEST_BLOCK = "loop_blocked_max"
"""Beside the phases' times: the longest time, ms, that the event loop was kept from its other work."""
BUSIEST = "loop_busy_max"
"""And how much of that, ms, was its own processor time."""


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
        return round(sum(ms for name, ms in self.phases.items() if not name.endswith(("_cpu", LONGEST_BLOCK, BUSIEST))), 1)


Play = Callable[[Parts, int, Timings], Awaitable[None]]
"""What is done between a cycle's claim and its report."""


async def run_cycle(parts: Parts, due_at: datetime, kind: str) -> int | None:
    """Run the cycle due at `due_at` unless somebody has. Returns its id, or None when there was nothing to do. Never raises."""
    async with parts.running:
        parts.latest.equities = {}
        cycle_id = await one_cycle(parts, due_at, kind, _play)
        if cycle_id is not None and kind != BY_HAND:
            count_returns(parts)
        return cycle_id


async def one_cycle(parts: Parts, due_at: datetime, kind: str, play: Play) -> int | None:
    """Claim, play, report. The caller holds `parts.running`."""
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
    async with watched_loop() as lag:
        state, reason = await _outcome(parts, cycle_id, timings, play)
    timings.phases |= {LONGEST_BLOCK: round(lag.longest_ms, 2), BUSIEST: round(lag.busiest_ms, 2)}
    await _report(parts, cycle_id, state, reason, timings)
    return cycle_id


async def _outcome(parts: Parts, cycle_id: int, timings: Timings, play: Play) -> tuple[str, str | None]:
    try:
        await play(parts, cycle_id, timings)
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
        snapshot = await see(parts, cycle_id)
    async with parts.turnstile:
        with timings.phase("watch"):
            at = parts.clock.now()
            terms = Terms(snapshot.instruments, rules)
            looked = await look(parts, cycle_id=cycle_id, at=at)
            await look_at_moment(parts, snapshot, terms, cycle_id=cycle_id, at=at, until=looked.until)
        with timings.phase("open"):
            opening = await open_turns(parts, cycle_id, terms, at, looked.until)
    with timings.phase("brief"):
        scene = await scene_of(parts, cycle_id, snapshot, rules)
        prompts = await _write_prompts(cycle_id, scene, opening)
        table = await begin_turns(parts, cycle_id, opening, scene, prompts)
    with timings.phase("ask"):
        asked = await _ask(parts, table, opening)
    async with parts.turnstile:
        with timings.phase("fill"):
            settlement = await book(parts, cycle_id, snapshot, rules) if asked else None
        with timings.phase("apply"):
            await _settle(parts, cycle_id, settlement, asked)
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
    await turns.close_open_turns(connection, cycle_id, outcome=UNSETTLED, detail=reason or "its turn could not be saved", settled_at=now)
    await cycles.finish_cycle(connection, cycle_id, state=state, reason=reason, finished_at=now, timings=timings)


async def _claim(parts: Parts, due_at: datetime, kind: str) -> int:
    async with parts.database.writing() as connection:
        return await cycles.claim_cycle(
            connection, due_at=due_at, kind=kind, started_at=parts.clock.now(), season_id=parts.season_id, pid=parts.process_id
        )


async def _write_prompts(cycle_id: int, scene: Scene, opening: Opening) -> dict[str, Prompt]:
    """Everybody's prompt, others getting to run in between. Whose can't be written is missing: that one holds, the others are asked."""
    writer, written = PromptWriter(scene), dict[str, Prompt]()
    for one in opening.players:
        try:
            written[one.id] = await writer.prompt(one, opening.seats[one.id])
        except Exception as error:
            message = f"{one.id} holds: its prompt could not be written: {error!r}"
            log.exception("prompt_broken", message=message, cycle_id=cycle_id, contestant_id=one.id, phase="brief")
        await asyncio.sleep(0)
    return written


async def _ask(parts: Parts, table: Table, opening: Opening) -> list[Asked]:
    """Everybody at once. What comes back is still to be settled at the common market; filled on their answer, turns are settled already."""
    asking = {one.id: asyncio.create_task(_one_turn(parts, table, one, opening)) for one in _in_line(opening.players, table.cycle_id)}
    answers = await asyncio.gather(*(asking[one.id] for one in opening.players))
    async with parts.database.writing() as connection:
        await cycles.set_phase(connection, table.cycle_id, "asked")
    return [answer for answer in answers if answer is not None]


def _in_line(players: Sequence[Contestant], cycle_id: int) -> list[Contestant]:
    """In whose order places at a provider are given out: another one comes first each cycle, so that nobody is always the last."""
    first = cycle_id % len(players) if players else 0
    return [*players[first:], *players[:first]]


async def _one_turn(parts: Parts, table: Table, contestant: Contestant, opening: Opening) -> Asked | None:
    """A turn whose failure stays its own: None when it needs no settling any more, or not even the failure could be stored."""
    seat, why = opening.seats[contestant.id], opening.broke.get(contestant.id)
    if contestant.id not in table.prompts:
        return None
    try:
        asked = await take_turn(parts, table, contestant, seat) if why is None else _unaffordable(contestant, seat, why)
        if parts.fill_timing is FillTiming.COMMON:
            return asked
        await _settle_now(parts, table, asked)
    except StoreError as error:
        log.error(
            "turn_not_stored",
            message=f"{contestant.id} holds: its turn could not be stored: {error}",
            cycle_id=table.cycle_id,
            contestant_id=contestant.id,
            phase="ask",
        )
    except Exception as error:
        about = {"cycle_id": table.cycle_id, "contestant_id": contestant.id, "phase": "ask"}
        log.exception("turn_broken", message=f"{contestant.id} holds: an error in the arena itself: {error!r}", **about)
    return None


def _unaffordable(contestant: Contestant, seat: Seat, why: str) -> Asked:
    return Asked(contestant, None, None, "held", COST_CEILING, why, None, close_only=seat.close_only)


async def _settle_now(parts: Parts, table: Table, asked: Asked) -> None:
    """Fill one contestant's orders at the market of its own answer. Who ordered nothing needs no market, and holds up nobody who did."""
    cycle_id, snapshot = table.cycle_id, table.scene.snapshot
    if is_idle(asked):
        await settle_idle(parts, Settlement(cycle_id, parts.clock.now(), snapshot.instruments, None), [asked])
        return
    async with parts.turnstile:
        settlement = await book(parts, cycle_id, snapshot, table.scene.rules, asked.contestant)
        await settle_turn(parts, settlement, asked)


async def book(parts: Parts, cycle_id: int, snapshot: Snapshot, rules: Rules, contestant: Contestant | None = None) -> Settlement:
    """The market of the fill, stored before anything is filled, so that a kill from here on changes nothing.

    Entries that the operator has stopped since the cycle began are stopped: `rules` are those that everybody was shown.
    """
    rules = replace(rules, entries_open=rules.entries_open and parts.switches.entries_open)
    try:
        market = await watched_market(parts, cycle_id, snapshot, rules)
    except VenueError as error:
        log.error("no_fill", message=f"no order is filled: {error}", cycle_id=cycle_id, phase="fill")
        return Settlement(cycle_id, parts.clock.now(), snapshot.instruments, None, f"the venue failed at the moment of the fill: {error}")
    await store_market(parts, cycle_id, market, contestant)
    return Settlement(cycle_id, market.at, snapshot.instruments, market, watched_until=market.watched_until)


async def _settle(parts: Parts, cycle_id: int, settlement: Settlement | None, asked: Sequence[Asked]) -> None:
    if settlement is None:
        return
    started = time.perf_counter()
    idle, active = [one for one in asked if is_idle(one)], [one for one in asked if not is_idle(one)]
    results = await _settle_idle(parts, settlement, idle)
    for one in active:
        results += await _settle_one(parts, settlement, one)
    elapsed_ms = round((time.perf_counter() - started) * 1000, 1)
    summary = ", ".join(f"{name} {results.count(name)}" for name in sorted(set(results))) or "nobody"
    log.info("settled", message=f"turns settled: {summary}", cycle_id=cycle_id, phase="apply", ms=elapsed_ms)


async def _settle_idle(parts: Parts, settlement: Settlement, idle: Sequence[Asked]) -> list[str]:
    """Those with nothing to carry out together; one by one where that can't be saved."""
    if not idle:
        return []
    try:
        return await settle_idle(parts, settlement, idle)
    except Exception as error:
        log.exception("not_saved_together", message=f"turns are saved one by one: {error!r}", cycle_id=settlement.cycle_id, phase="apply")
    return [result for one in idle for result in await _settle_one(parts, settlement, one)]


async def _settle_one(parts: Parts, settlement: Settlement, asked: Asked) -> list[str]:
    try:
        result = await settle_unless_broken(parts, settlement, asked)
    except StoreError as error:
        log.error(
            "turn_not_saved",
            message=f"{asked.contestant.id} holds: its turn could not be saved and nothing of it happened: {error}",
            cycle_id=settlement.cycle_id,
            contestant_id=asked.contestant.id,
            phase="apply",
        )
        return []
    return [] if result is None else [result]


async def settle_unless_broken(parts: Parts, settlement: Settlement, asked: Asked) -> str | None:
    """Settle one turn; None when the arena itself is at fault: nothing of it happened, the other turns go on. Raises StoreError."""
    try:
        return await settle_turn(parts, settlement, asked)
    except StoreError:
        raise
    except Exception as error:
        name = asked.contestant.id
        message = f"{name} holds: an error in the arena itself: {error!r}"
        log.exception("turn_broken", message=message, cycle_id=settlement.cycle_id, contestant_id=name, phase="apply")
        return None


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
