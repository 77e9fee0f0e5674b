"""A due time is claimed once, a turn settled once, and the lists tell what became of both."""

import asyncio
from datetime import timedelta

import pytest

from app.store import cycles, turns
from app.store.database import AlreadyClaimedError, Database, StoreError
from tests.engine.markets import NOON
from tests.store.stage import begin, claim


async def test_of_many_claimers_of_one_due_time_exactly_one_gets_it(database):
    season_id = await begin(database)

    async def attempt():
        try:
            return await claim(database, season_id)
        except AlreadyClaimedError:
            return None

    won = [one for one in await asyncio.gather(*(attempt() for _ in range(8))) if one is not None]
    assert len(won) == 1


async def test_of_two_processes_that_claim_at_once_exactly_one_gets_it(database, database_url):
    season_id = await begin(database)
    second = await Database.open(database_url)

    async def attempt(which):
        try:
            return await claim(which, season_id)
        except AlreadyClaimedError:
            return None

    won = await asyncio.gather(attempt(database), attempt(second))
    await second.close()
    assert len([one for one in won if one is not None]) == 1


async def test_a_claim_for_an_unknown_season_is_refused_by_its_own_name(database):
    with pytest.raises(StoreError) as refused:
        await claim(database, 99)
    assert not isinstance(refused.value, AlreadyClaimedError)


async def test_a_cycle_runs_until_it_is_finished(database):
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    async with database.writing() as connection:
        assert (await cycles.cycle_in_progress(connection)).id == cycle_id
        await cycles.set_phase(connection, cycle_id, "seen")
        assert [(one.id, one.phase) for one in await cycles.running_cycles(connection)] == [(cycle_id, "seen")]
        await cycles.set_booked(connection, cycle_id, books_hash="ab")
        await cycles.finish_cycle(connection, cycle_id, state="done", reason=None, finished_at=NOON, timings={"see": 1.5})
        assert await cycles.cycle_in_progress(connection) is None
        found = await cycles.latest_finished(connection)
    assert (found.state, found.phase, found.books_hash, found.timings) == ("done", "reported", "ab", {"see": 1.5})


async def test_a_skipped_cycle_keeps_its_last_phase_and_its_reason(database):
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    async with database.writing() as connection:
        await cycles.finish_cycle(connection, cycle_id, state="skipped", reason="no prices", finished_at=NOON, timings=None)
        found = await cycles.get_cycle(connection, cycle_id)
    assert (found.state, found.phase, found.reason, found.timings) == ("skipped", "claimed", "no prices", None)


async def test_pages_of_cycles_run_backwards_without_gap_or_repeat(database):
    season_id = await begin(database)
    ids = [await claim(database, season_id, due_at=NOON + timedelta(minutes=5 * index)) for index in range(7)]
    seen, cursor = [], None
    async with database.reading() as connection:
        while rows := await cycles.list_cycles(connection, limit=3, cursor=cursor):
            seen += [row.id for row in rows]
            cursor = rows[-1].id
        assert await cycles.list_cycles(connection, state="done") == []
        with pytest.raises(ValueError, match="1 to 500"):
            await cycles.list_cycles(connection, limit=501)
    assert seen == ids[::-1]


async def test_a_turn_is_settled_by_the_first_who_claims_it(database):
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    async with database.writing() as connection:
        await turns.start_turns(connection, cycle_id, ["qwen3", "kimi"], started_at=NOON)
        await turns.mark_answered(connection, cycle_id, "qwen3", latency_ms=12)
    async with database.writing() as connection:
        assert await turns.claim_settlement(connection, cycle_id, "qwen3")
        await turns.settle_turn(connection, cycle_id, "qwen3", outcome="traded", detail=None, settled_at=NOON)
    async with database.writing() as connection:
        assert not await turns.claim_settlement(connection, cycle_id, "qwen3")
        assert await turns.close_open_turns(connection, cycle_id, outcome="interrupted", detail="stopped", settled_at=NOON) == 1
        found = {turn.contestant_id: (turn.state, turn.outcome) for turn in await turns.turns_of(connection, cycle_id)}
    assert found == {"qwen3": ("settled", "traded"), "kimi": ("settled", "interrupted")}


async def test_a_settlement_that_breaks_off_can_be_claimed_again(database):
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    async with database.writing() as connection:
        await turns.start_turns(connection, cycle_id, ["qwen3"], started_at=NOON)

    async def break_off():
        async with database.writing() as connection:
            assert await turns.claim_settlement(connection, cycle_id, "qwen3")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    async with database.writing() as connection:
        assert await turns.claim_settlement(connection, cycle_id, "qwen3")


async def test_a_cycle_knows_its_neighbours(database):
    season_id = await begin(database)
    ids = [await claim(database, season_id, due_at=NOON + timedelta(minutes=5 * index)) for index in range(3)]
    async with database.reading() as connection:
        found = [await cycles.neighbours(connection, one) for one in ids]
    assert found == [(None, ids[1]), (ids[0], ids[2]), (ids[1], None)]


async def test_a_turn_keeps_when_it_was_asked_how_it_was_read_and_its_own_market(database):
    cycle_id = await claim(database, await begin(database))
    later = NOON + timedelta(seconds=3)
    async with database.writing() as connection:
        await turns.start_turns(
            connection, cycle_id, ["qwen3", "kimi"], started_at=NOON, asked_at=NOON, deadline_at=later, close_only={"kimi"}
        )
        await turns.mark_answered(connection, cycle_id, "qwen3", latency_ms=9, answered_at=later, verdict="repair", code="FENCE")
        await turns.set_books(connection, cycle_id, "qwen3", books_hash="b" * 64, filled_at=later)
        qwen, kimi = await turns.turns_of_cycles(connection, [cycle_id])
    assert (qwen.asked_at, qwen.deadline_at, qwen.answered_at, qwen.verdict, qwen.code) == (NOON, later, later, "repair", "FENCE")
    assert (qwen.books_hash, qwen.filled_at, qwen.cycle_id) == ("b" * 64, later, cycle_id)
    assert [one.close_only for one in (qwen, kimi)] == [False, True]
