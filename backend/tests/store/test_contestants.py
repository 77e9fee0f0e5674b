"""A contestant keeps what the settings say of it, who paused it and why; a start lifts what the arena paused, never what the operator did."""

from dataclasses import replace

import pytest

from app.store import contestants
from app.store.contestants import NewContestant
from tests.engine.markets import NOON, D
from tests.store.stage import PLAYERS, begin

BASELINE = NewContestant(
    "cash", "Cash", "baseline", "cash", 2, 2, "active", D(10_000), "baseline", "tiltyard@1", "zh", None, {"seed": 7, "params": {"x": "1"}}
)


async def start_again(database, season_id, players):
    async with database.writing() as connection:
        await contestants.sync_contestants(connection, season_id, players, NOON)


async def one(database, name):
    async with database.reading() as connection:
        return await contestants.get_contestant(connection, name)


async def test_what_the_settings_say_is_kept_and_follows_them(database):
    season_id = await begin(database, [*PLAYERS, BASELINE])
    cash = await one(database, "cash")
    assert (cash.kind, cash.template, cash.language, cash.settings) == ("baseline", "tiltyard@1", "zh", {"seed": 7, "params": {"x": "1"}})
    await start_again(database, season_id, [*PLAYERS, replace(BASELINE, language="en", settings=None)])
    cash = await one(database, "cash")
    assert (cash.language, cash.settings, cash.close_only) == ("en", None, False)
    assert await one(database, "nobody") is None


@pytest.mark.parametrize(("by", "after"), [("arena", "active"), ("operator", "paused"), (None, "paused")])
async def test_a_start_lifts_a_pause_of_the_arena_only(database, by, after):
    season_id = await begin(database)
    async with database.writing() as connection:
        await contestants.set_state(connection, "qwen3", "paused", reason="401: set QWEN_API_KEY", by=by)
    paused = await one(database, "qwen3")
    assert (paused.state, paused.state_reason, paused.paused_by) == ("paused", "401: set QWEN_API_KEY", by or "operator")
    await start_again(database, season_id, PLAYERS)
    found = await one(database, "qwen3")
    assert (found.state, found.paused_by is None, found.state_reason is None) == (after, after == "active", after == "active")


async def test_close_only_is_the_operators_word_and_survives_a_start(database):
    season_id = await begin(database)
    async with database.writing() as connection:
        await contestants.set_close_only(connection, "kimi", close_only=True)
    await start_again(database, season_id, PLAYERS)
    assert (await one(database, "kimi")).close_only is True
    async with database.writing() as connection:
        await contestants.set_state(connection, "kimi", "active")
        await contestants.set_close_only(connection, "kimi", close_only=False)
    assert (await one(database, "kimi")).close_only is False
