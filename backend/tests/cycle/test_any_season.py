"""Seasons of chance: decisions, looks, downtime and a venue that fails now and then, in any order. The books hold, and a replay finds them."""

import random
from contextlib import suppress
from datetime import timedelta

import pytest

from app.engine.rules import MarginMode, Rules, TriggerPrice
from app.market.venue import VenueError
from app.store.database import Database
from tests.cycle.stage import BEGIN, SYMBOLS, Script, open_action, staged

STEPS = 40
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


async def past_a_settlement_without_its_rate(stage, chance):
    """Hold over an instant whose rate comes a cycle or two later."""
    instant = stage.hand.at.replace(minute=0, second=0) + timedelta(hours=8 - stage.hand.at.hour % 8)
    await stage.look(instant - timedelta(seconds=30))
    stage.sandbox.fail(FAULTS[0])
    await stage.look(instant + timedelta(seconds=2))
    for minute in range(chance.choice((1, 6)), 20, 5):
        for one in stage.parts.contestants:
            one.host.turns[:] = [some_actions(chance)]
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
        elif kind < 0.45:
            await stage.restart(at)
        else:
            for one in stage.parts.contestants:
                one.host.turns[:] = [some_actions(chance)]
            await stage.cycle(at)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(len(RULES)))
async def test_its_books_hold_and_are_found_again_by_a_replay(tmp_path, seed):
    chance = random.Random(seed)
    database = await Database.open(f"sqlite:///{tmp_path / 'season.db'}")
    await database.migrate()
    async with staged(database, {"a": Script(), "b": Script()}, rules=RULES[seed % len(RULES)], at=BEGIN) as stage:
        for _ in range(STEPS):
            await step(stage, chance)
        stage.sandbox.heal()
        await stage.restart(stage.hand.at + timedelta(minutes=3))
        assert await stage.findings() == []
        compared = await stage.compared()
    await database.close()
    assert compared.differences == ()
    assert compared.rows > STEPS
