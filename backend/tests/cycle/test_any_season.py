"""Seasons of chance: decisions, bad replies, looks, downtime, kills, an operator at work and a venue that fails now and then, in any order.
The books hold, a replay finds them, and no turn is left open.
"""

import asyncio
import json
import os
import random
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.agents.baselines import Baseline
from app.cycle import operate
from app.cycle.operate import OperatorError
from app.cycle.parts import Contestant, FillTiming
from app.engine.rules import MarginMode, Rules, TriggerPrice
from app.llm.outcome import Failure, FailureKind
from app.llm.prices import PriceBook, PriceRow
from app.market.venue import VenueError
from app.store import calls, conversations, tables
from app.store.database import Database
from tests.cycle.stage import BEGIN, SYMBOLS, Script, open_action, staged

STEPS = 40
SEASONS = int(os.environ.get("SEASONS", "4"))
"""Set it higher to look for longer."""
TIMINGS = tuple(FillTiming)
NAMES = ("a", "b", "random")
USAGE = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000}
PRICE = PriceRow(provider="openai", model="m", input=Decimal(1000), output=Decimal(1000), source="test", dated=date(2026, 1, 1))
LIMITS = {"price_book": PriceBook((PRICE,)), "cost_usd_per_day": Decimal(9)}
RULES = (Rules(), Rules(margin_mode=MarginMode.CROSS), Rules(trigger_price=TriggerPrice.LAST))
FAULTS = (
    {"route": "venue.funding_history", "kind": "server_error", "status": 500},
    {"route": "venue.funding_history", "kind": "wrong_json", "symbol": "BTCUSDT"},
    {"route": "venue.candles", "kind": "server_error", "status": 500, "symbol": "ETHUSDT"},
    {"route": "venue.depth", "kind": "blank", "symbol": "BTCUSDT"},
)
LEAPS = (timedelta(minutes=1), timedelta(minutes=7), timedelta(minutes=41), timedelta(hours=3), timedelta(hours=11))


def some_actions(chance):
    symbol, kind = chance.choice(SYMBOLS), chance.random()
    if kind < 0.25:
        return []
    if kind < 0.4:
        return [{"action": "close", "symbol": symbol, "close_fraction": chance.choice((0.3, 1)), "reason": "r"}]
    side = chance.choice(("open_long", "open_short"))
    return [open_action(side, symbol, chance.choice((300, 5_000, 30_000)), chance.choice((5, 20, 20)))]


class PulledPlugError(BaseException):
    """Ends a cycle as a kill would."""


class Pulling:
    """A part of the arena, of which one call pulls the plug the n-th time it is made."""

    def __init__(self, part, name, times):
        self._part, self._name, self._times = part, name, times

    def __getattr__(self, name):
        if name == self._name:
            self._times -= 1
            if self._times == 0:
                raise PulledPlugError
        return getattr(self._part, name)


class Thinker(Script):
    """A script that takes its time on the market clock."""

    async def ask(self, messages, deadline_seconds):
        self.hand.at += timedelta(seconds=self.chance.choice((0, 5, 70)))
        return await super().ask(messages, deadline_seconds)


def something_said(chance):
    """A reply of one kind or another: well written, repaired, unreadable, or none at all."""
    actions, kind = some_actions(chance), chance.random()
    if kind < 0.6:
        return actions
    if kind < 0.7:
        return "```json\n" + json.dumps({"summary": "s", "actions": actions}) + "\n```"
    if kind < 0.8:
        return [*actions, {**open_action(), "notional_usdt": "about 1000"}]
    if kind < 0.9:
        return "I would rather say it in prose."
    return Failure(chance.choice((FailureKind.TIMEOUT, FailureKind.OVERLOADED, FailureKind.AUTH)), "m", "do something")


def speak(stage, chance):
    for one in stage.parts.contestants:
        if one.host is not None:
            one.host.turns[:] = [something_said(chance), something_said(chance)]


async def killed(stage, chance, at):
    """A cycle that is cut off somewhere, and the start after it."""
    whole, times = stage.parts, chance.choice((1, 1, 2, 3))
    cut = chance.choice(
        (
            {"venue": Pulling(whole.venue, "books", times)},
            {"events": Pulling(whole.events, "publish", times + 2)},
            {"database": Pulling(whole.database, "writing", chance.randrange(3, 20))},
        )
    )
    speak(stage, chance)
    stage.parts = replace(whole, **cut)
    with suppress(PulledPlugError):
        await stage.cycle(at)
    left = [one for one in asyncio.all_tasks() if one.get_coro().__qualname__ in {"_one_turn", "Recorder._write"}]
    for one in left:
        one.cancel()
    await asyncio.wait(left) if left else None
    stage.parts = replace(whole, running=asyncio.Lock(), turnstile=asyncio.Lock(), one_at_a_time=asyncio.Lock())
    await stage.restart(stage.hand.at + chance.choice(LEAPS[:3]))


async def operated(stage, chance, at):
    """Something that the operator does."""
    stage.hand.at, name = at, chance.choice(NAMES)
    with suppress(OperatorError):
        verb = chance.choice((operate.pause, operate.resume, operate.resume, operate.stop_entries, operate.resume_entries, None))
        if verb is not None:
            await verb(stage.parts, name)
        else:
            await operate.force_close(stage.parts, name, chance.choice(SYMBOLS))


async def past_a_settlement_without_its_rate(stage, chance):
    """Hold over an instant whose rate comes a cycle or two later."""
    instant = stage.hand.at.replace(minute=0, second=0) + timedelta(hours=8 - stage.hand.at.hour % 8)
    await stage.look(instant - timedelta(seconds=30))
    stage.sandbox.fail(FAULTS[0])
    await stage.look(instant + timedelta(seconds=2))
    for minute in range(chance.choice((1, 6)), 20, 5):
        speak(stage, chance)
        await stage.cycle(instant + timedelta(minutes=minute, seconds=3))
    stage.sandbox.heal()


async def step(stage, chance):
    """One thing that may happen. An outage is no reason to stop: what was missed is caught up."""
    at = stage.hand.at + chance.choice(LEAPS)
    kind = chance.random()
    with suppress(VenueError):
        if kind < 0.1:
            await past_a_settlement_without_its_rate(stage, chance)
        elif kind < 0.15:
            stage.sandbox.fail(chance.choice(FAULTS))
            await stage.look(at)
        elif kind < 0.3:
            stage.sandbox.heal()
            await stage.look(at)
        elif kind < 0.4:
            await stage.restart(at)
        elif kind < 0.5:
            await killed(stage, chance, at)
        elif kind < 0.65:
            await operated(stage, chance, at)
        else:
            speak(stage, chance)
            await stage.cycle(at)


async def assert_told(database):
    """Every call's bytes can be read, each once; no turn is open; no action has two decisions."""
    async with database.reading() as connection:
        for talk in await conversations.list_conversations(connection, limit=500):
            made = await calls.calls_of(connection, talk.id)
            assert [one.number for one in made] == list(range(1, len(made) + 1))
            assert all([await calls.sent_bytes(connection, one) and await calls.received_bytes(connection, one) for one in made])
        assert set((await connection.execute(select(tables.turns.c.state))).scalars()) == {"settled"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEASONS))
async def test_its_books_hold_and_are_found_again_by_a_replay(tmp_path, seed):
    chance, timing = random.Random(seed), TIMINGS[seed % len(TIMINGS)]
    database = await Database.open(f"sqlite:///{tmp_path / 'season.db'}")
    await database.migrate()
    dice = Contestant("random", "random", "baseline", "random", "en", None, baseline=Baseline.RANDOM, seed=seed)
    players = {"a": Thinker(usage=USAGE), "b": Thinker(usage=USAGE), "random": dice}
    async with staged(database, players, rules=RULES[seed % len(RULES)], at=BEGIN, fill_timing=timing, **LIMITS) as stage:
        for one in stage.parts.contestants[:2]:
            one.host.hand, one.host.chance = stage.hand, chance
        for _ in range(STEPS):
            await step(stage, chance)
        stage.sandbox.heal()
        await stage.restart(stage.hand.at + timedelta(minutes=3))
        assert await stage.findings() == []
        compared = await stage.compared()
    await assert_told(database)
    await database.close()
    assert compared.differences == ()
    assert compared.rows > STEPS
