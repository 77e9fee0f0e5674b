"""Cut off at a known moment and started again: what was answered is settled from the stored market or not at all, and never twice."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.cycle.arrange import Terms, arrange_season
from app.cycle.events import EventStream
from app.cycle.look import look
from app.cycle.parts import Contestant, Parts
from app.cycle.recover import recover
from app.cycle.run_cycle import run_cycle
from app.engine.clock import Clock
from app.engine.money import exact
from app.engine.rules import Rules
from app.llm.outcome import Answer, Reply
from app.market.ccxt_venue import CcxtVenue
from app.sandbox.serve import running_sandbox
from app.sandbox.state import SandboxConfig
from app.store import accounts, cycles, decisions, tables, trades, turns
from app.store.checks import check_books

SYMBOLS = ("BTCUSDT", "ETHUSDT")
DUE = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
NAMES = ("first", "second", "third")


class PulledPlugError(BaseException):
    """Ends the cycle as a kill would: nothing catches it."""


@dataclass
class Script:
    """A model at the rim: answers with one open, or pulls the plug."""

    side: str = "open_long"
    pulls: bool = False

    async def ask(self, messages, deadline_seconds):
        if self.pulls:
            raise PulledPlugError
        action = {
            "action": self.side,
            "symbol": "BTCUSDT",
            "notional_usdt": 1000,
            "leverage": 5,
            "stop_loss": None,
            "take_profit": None,
            "reason": "r",
        }
        return Answer(Reply(json.dumps({"summary": "s", "actions": [action]}), finish_reason="stop", http_status=200))


class PullingEvents(EventStream):
    """Pulls the plug after the first settled turn was committed."""

    def publish(self, name, **data):
        if name == "decision":
            raise PulledPlugError
        super().publish(name, **data)


class DarkVenue:
    """A venue that pulls the plug when the fresh books are asked for."""

    def __init__(self, venue):
        self._venue = venue

    def __getattr__(self, name):
        return getattr(self._venue, name)

    async def books(self, symbols):
        raise PulledPlugError


@pytest.fixture
async def arena(database):
    now = datetime.now(UTC)  # noqa: TID251 - a test is where time may enter
    clock = Clock(lambda: datetime.now(UTC), now, DUE + timedelta(seconds=3), 1)  # noqa: TID251 - as above
    with running_sandbox(SandboxConfig(seed=7, tape=None, model_latency_scale=0.0), clock) as sandbox:
        venue = CcxtVenue("bitget", SYMBOLS, clock, base_url=sandbox.venue_url)
        await venue.load()
        players = tuple(Contestant(name, name, "scripted", "m", "en", Script()) for name in NAMES)
        terms = Terms("demo", SYMBOLS, 5, "10000", 20, "0.0005", "tiltyard/1")
        season = await arrange_season(database, terms, players, clock.now())
        yield Parts(clock, database, venue, SYMBOLS, players, season.id, Rules(), 5.0, 1)
        await venue.close()


async def state(parts):
    async with parts.database.reading() as connection:
        cycle = await cycles.get_cycle(connection, 1)
        taken = {turn.contestant_id: turn.outcome for turn in await turns.turns_of(connection, 1)}
        decided = {one.contestant_id: one for one in await decisions.list_decisions(connection, cycle=1)}
        opened = [one.contestant_id for one in await trades.list_trades(connection)]
        held = await accounts.load_accounts(connection, parts.season_id)
        assert await check_books(connection) == []
    return cycle, taken, decided, sorted(opened), held


async def killed(parts):
    with pytest.raises(PulledPlugError):
        await run_cycle(parts, DUE, "scheduled")


async def test_without_a_kill_everybody_trades_at_the_same_book(arena):
    await run_cycle(arena, DUE, "scheduled")
    cycle, taken, _, opened, held = await state(arena)
    assert (cycle.state, taken, opened) == ("done", dict.fromkeys(NAMES, "traded"), sorted(NAMES))
    assert len({one.account.positions["BTCUSDT"].entry_price for one in held.values()}) == 1


async def test_killed_after_the_first_settled_turn_the_others_are_settled_from_the_stored_market(arena):
    await killed(replace(arena, events=PullingEvents()))
    before = await state(arena)
    assert (before[0].phase, before[3]) == ("booked", ["first"])
    await recover(arena)
    await recover(arena)
    cycle, taken, decided, opened, held = await state(arena)
    assert (cycle.state, taken, opened) == ("done", dict.fromkeys(NAMES, "traded"), sorted(NAMES))
    assert {one.verdict for one in decided.values()} == {"accepted"}
    positions = [one.account.positions["BTCUSDT"] for one in held.values()]
    assert len({(one.entry_price, one.quantity, one.trade.opened_at) for one in positions}) == 1
    assert len({one.account.available for one in held.values()}) == 1


async def test_killed_before_the_market_of_the_fill_was_stored_nothing_is_filled_ever(arena):
    await killed(replace(arena, venue=DarkVenue(arena.venue)))
    await recover(arena)
    cycle, taken, decided, opened, held = await state(arena)
    assert (cycle.state, taken, opened) == ("interrupted", dict.fromkeys(NAMES, "interrupted"), [])
    assert {(one.verdict, one.code) for one in decided.values()} == {("refused", "INTERRUPTED")}
    assert {one.account.available for one in held.values()} == {exact("10000")}


async def test_killed_while_asking_the_unanswered_hold_and_the_answered_are_recorded(arena):
    second = replace(arena.contestants[1], host=Script(pulls=True))
    await killed(replace(arena, contestants=(arena.contestants[0], second, arena.contestants[2])))
    await recover(arena)
    cycle, taken, _, opened, _ = await state(arena)
    assert (cycle.state, opened) == ("interrupted", [])
    assert set(taken.values()) == {"interrupted"}


async def test_after_a_recovery_the_same_slot_is_not_run_again_and_the_next_is_normal(arena):
    await killed(replace(arena, events=PullingEvents()))
    await recover(arena)
    assert await run_cycle(arena, DUE, "start") is None
    assert await run_cycle(arena, DUE + timedelta(minutes=5), "scheduled") > 1
    assert (await state(arena))[0].state == "done"


async def test_downtime_is_walked_minute_by_minute_and_dated_to_when_it_happened(arena):
    """A stop just below mark is hit sometime in the hours the arena was away: the exit is dated there, not to the restart."""
    await run_cycle(arena, DUE, "scheduled")
    async with arena.database.reading() as connection:
        before = await accounts.load_accounts(connection, arena.season_id)
    mark = arena.latest.marks["BTCUSDT"]
    async with arena.database.writing() as connection:
        stop = (mark * exact("0.9995")).quantize(exact("0.1"))
        await connection.execute(update(tables.positions).values(stop_loss=stop))
    later = Clock(arena.clock.real_now, arena.clock.real_origin, arena.clock.market_origin + timedelta(hours=8), 1)
    with running_sandbox(SandboxConfig(seed=7, tape=None, model_latency_scale=0.0), later) as sandbox:
        venue = CcxtVenue("bitget", SYMBOLS, later, base_url=sandbox.venue_url)
        await venue.load()
        again = replace(arena, clock=later, venue=venue)
        exits = (await look(again)).exits
        assert (await look(again)).exits == 0
        await venue.close()
    async with arena.database.reading() as connection:
        rows = await trades.list_trades(connection)
        assert await check_books(connection) == []
    assert exits == len(before) == 3
    assert {row.exit_reason for row in rows} == {"stop_loss"}
    assert all(DUE < row.closed_at < later.now() - timedelta(minutes=1) for row in rows)
    assert all(row.closed_at.second == 0 for row in rows)
