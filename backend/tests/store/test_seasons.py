"""A season keeps the terms it began with; contestants join, fail and recover in it."""

from dataclasses import replace
from datetime import timedelta

from app.store import contestants, seasons
from tests.engine.markets import NOON, D
from tests.store.stage import PLAYERS, begin, findings, load


async def everybody(database, season_id):
    async with database.reading() as connection:
        return {one.id: one for one in await contestants.all_contestants(connection, season_id)}


async def test_there_is_no_season_before_the_first_and_then_it_is_the_current_one(database):
    async with database.writing() as connection:
        assert await seasons.current_season(connection) is None
        begun = await seasons.start_season(connection, name="1", at=NOON, rules={"symbols": ["BTCUSDT"]})
        assert await seasons.current_season(connection) == begun
        await seasons.set_entries(connection, begun.id, entries_open=False)
        assert await seasons.current_season(connection) == replace(begun, entries_open=False)


async def test_a_newcomer_starts_with_its_deposit_in_balanced_books(database):
    season_id = await begin(database)
    newcomer = replace(PLAYERS[0], id="deepseek", position=2, initial=D("500.5"))
    async with database.writing() as connection:
        await contestants.sync_contestants(connection, season_id, [*PLAYERS, newcomer], NOON + timedelta(hours=1))
    held = await load(database, season_id, "deepseek")
    assert (held.account.available, held.initial, held.version) == (D("500.5"), D("500.5"), 0)
    assert await findings(database) == []


async def test_a_contestant_that_comes_back_or_gets_its_key_plays_again(database):
    season_id = await begin(database, [PLAYERS[0], replace(PLAYERS[1], state="no_key")])
    async with database.writing() as connection:
        await contestants.sync_contestants(connection, season_id, PLAYERS[1:], NOON)
    assert {name: one.state for name, one in (await everybody(database, season_id)).items()} == {"qwen3": "retired", "kimi": "active"}
    async with database.writing() as connection:
        await contestants.sync_contestants(connection, season_id, [replace(PLAYERS[0], model="newer"), PLAYERS[1]], NOON)
    found = await everybody(database, season_id)
    assert {one.state for one in found.values()} == {"active"}
    assert found["qwen3"].model == "newer"


async def test_failures_are_counted_until_a_turn_succeeds(database):
    season_id = await begin(database)
    async with database.writing() as connection:
        for _ in range(2):
            await contestants.record_outcome(connection, "qwen3", at=NOON, outcome="failed", error="no answer", failed=True)
    failing = (await everybody(database, season_id))["qwen3"]
    assert (failing.last_outcome, failing.last_error, failing.consecutive_failures) == ("failed", "no answer", 2)
    async with database.writing() as connection:
        await contestants.record_outcome(connection, "qwen3", at=NOON, outcome="held", error=None, failed=False)
    mended = (await everybody(database, season_id))["qwen3"]
    assert (mended.last_outcome, mended.last_error, mended.consecutive_failures) == ("held", None, 0)
