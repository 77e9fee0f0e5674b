"""Turns from asking to books: what is read, refused, asked again, limited and recorded, on the real cycle with scripted models at its rim."""

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.agents.baselines import Baseline
from app.agents.templates import newest
from app.cycle.operate import (
    CycleRunningError,
    NotClosedError,
    NothingHeldError,
    UnknownContestantError,
    force_close,
    pause,
    resume,
    resume_entries,
    stop_entries,
)
from app.cycle.parts import Contestant, FillTiming
from app.cycle.standing_down import FAILURES_MAX
from app.llm.outcome import Failure, FailureKind
from app.llm.prices import PriceBook, PriceRow
from app.store import calls, contestant_events, contestants, conversations, cycles, decisions, turns
from tests.cycle.stage import BEGIN, FIVE, Script, open_action, staged

pytestmark = pytest.mark.asyncio


async def rows(stage, name="a"):
    async with stage.parts.database.reading() as connection:
        return await decisions.list_decisions(connection, contestant=name, limit=100)


async def events(stage, name="a"):
    async with stage.parts.database.reading() as connection:
        return await contestant_events.list_events(connection, contestant=name, limit=100)


async def contestant(stage, name="a"):
    async with stage.parts.database.reading() as connection:
        return await contestants.get_contestant(connection, name)


async def talks(stage, name="a"):
    async with stage.parts.database.reading() as connection:
        return await conversations.list_conversations(connection, contestant=name, limit=100)


async def turn_of(stage, cycle_id, name="a"):
    async with stage.parts.database.reading() as connection:
        return next(one for one in await turns.turns_of(connection, cycle_id) if one.contestant_id == name)


def close(symbol="BTCUSDT", fraction=None):
    return {"action": "close", "symbol": symbol, "close_fraction": fraction, "reason": "r"}


async def test_an_unreadable_reply_is_asked_once_more_with_the_fault_quoted(database):
    script = Script(["I would buy, I think.", [open_action()]])
    async with staged(database, {"a": script}) as stage:
        cycle_id = await stage.cycle()
        assert (await turn_of(stage, cycle_id)).outcome == "traded"
        first, second = script.asked
        assert second[: len(first)] == list(first)
        assert second[-2]["content"] == "I would buy, I think."
        assert "could not be read" in second[-1]["content"]
        (talk,) = await talks(stage)
        async with database.reading() as connection:
            made = await calls.calls_of(connection, talk.id)
        assert [(one.number, one.purpose) for one in made] == [(1, "ask"), (2, "reask")]
        assert "reask" in {one.kind for one in await events(stage)}


async def test_a_reply_that_stays_unreadable_holds_and_counts_as_one_failure(database):
    script = Script(["no", "no again", [open_action()]])
    async with staged(database, {"a": script}) as stage:
        cycle_id = await stage.cycle()
        assert (await turn_of(stage, cycle_id)).outcome == "refused"
        assert len(script.asked) == 2
        assert (await contestant(stage)).consecutive_failures == 1


async def test_a_bad_open_never_blocks_a_good_close(database):
    bad = {**open_action(symbol="ETHUSDT"), "notional_usdt": "about 1000"}
    async with staged(database, {"a": Script([[open_action()], [bad, close()]])}) as stage:
        await stage.cycle()
        await stage.cycle(BEGIN + FIVE)
        found = {(one.action, one.verdict, one.refused_by) for one in await rows(stage) if one.cycle_id == 2}
        assert found == {("open_long", "refused", "reading"), ("close", "accepted", None)}
        assert not await stage.differences()
        assert not await stage.findings()


async def test_every_repair_and_clamp_is_recorded_with_before_and_after(database):
    said = "```json\n" + json.dumps({"summary": "s", "actions": [{**open_action(), "symbol": "BTC", "leverage": 100}]}) + "\n```"
    async with staged(database, {"a": Script([said])}) as stage:
        await stage.cycle()
        (row,) = await rows(stage)
        assert (row.symbol, row.leverage, row.verdict) == ("BTCUSDT", 20, "accepted")
        found = {one.code: one for one in await events(stage)}
        assert {"FENCED", "BASE_ONLY", "LEVERAGE_ABOVE_CAP"} <= set(found)
        clamp = found["LEVERAGE_ABOVE_CAP"]
        assert (clamp.kind, clamp.before, clamp.after, clamp.decision_id) == ("clamp", "100", "20", row.id)


async def test_what_the_exchange_refuses_is_an_event_with_the_numbers(database):
    async with staged(database, {"a": Script([[open_action(notional=90_000, leverage=5)]])}) as stage:
        await stage.cycle()
        (row,) = await rows(stage)
        assert (row.verdict, row.refused_by) == ("refused", "exchange")
        (refusal,) = [one for one in await events(stage) if one.kind == "refusal"]
        assert refusal.code == row.code == "INSUFFICIENT_MARGIN"
        assert Decimal(refusal.before) > Decimal(refusal.after)


async def test_after_three_failures_it_may_only_close_until_the_turn_after_a_proper_answer(database):
    failing = [said for _ in range(FAILURES_MAX) for said in ("no", "no")]
    script = Script([[open_action()], *failing, [open_action(symbol="ETHUSDT"), close(fraction=0.5)], [open_action(symbol="ETHUSDT")]])
    async with staged(database, {"a": script}) as stage:
        for place in range(FAILURES_MAX + 3):
            last = await stage.cycle(BEGIN + place * FIVE)
        by_cycle = {}
        for one in await rows(stage):
            by_cycle.setdefault(one.cycle_id, []).append((one.action, one.verdict, one.code))
        assert sorted(by_cycle[last - 1]) == [("close", "accepted", None), ("open_long", "refused", "CLOSE_ONLY")]
        assert by_cycle[last] == [("open_long", "accepted", None)]
        assert (await turn_of(stage, last - 1)).close_only
        assert not (await turn_of(stage, last)).close_only
        assert {"close_only", "resumed"} <= {one.kind for one in await events(stage)}
        assert not await stage.differences()


@pytest.mark.parametrize("kind", [FailureKind.AUTH, FailureKind.PAYMENT, FailureKind.FORBIDDEN])
async def test_a_refusing_host_pauses_the_contestant_with_what_the_operator_should_do(database, kind):
    script = Script([Failure(kind, "the host said no", "Top up the account."), [open_action()]])
    async with staged(database, {"a": script, "b": Script([[], [open_action()]])}) as stage:
        await stage.cycle()
        one = await contestant(stage)
        assert (one.state, one.paused_by) == ("paused", "arena")
        assert "Top up the account." in one.state_reason
        await stage.cycle(BEGIN + FIVE)
        assert len(script.asked) == 1
        assert (await contestant(stage, "b")).state == "active"
        await resume(stage.parts, "a")
        await stage.cycle(BEGIN + 2 * FIVE)
        assert len(script.asked) == 2


async def test_a_spent_day_is_not_asked_and_the_next_day_is(database):
    price = PriceRow(provider="openai", model="m", input=Decimal(1000), output=Decimal(1000), source="test", dated=date(2026, 1, 1))
    script = Script(usage={"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000})
    limits = {"price_book": PriceBook((price,)), "cost_usd_per_day": Decimal("1.50")}
    async with staged(database, {"a": script}, **limits) as stage:
        for place in range(4):
            last = await stage.cycle(BEGIN + place * FIVE)
        assert len(script.asked) == 2  # one dollar a call: the second goes over
        assert (await turn_of(stage, last)).outcome == "held"
        assert [one.kind for one in await events(stage)].count("cost_ceiling") == 2
        async with database.reading() as connection:
            assert await calls.cost_since(connection, "a", BEGIN) == Decimal(2)
        await stage.cycle(BEGIN + timedelta(days=1))
        assert len(script.asked) == 3


async def test_filled_on_its_answer_each_contestant_meets_its_own_book_and_the_replay_agrees(database):
    scripts = {"a": Script([[open_action()], [close()]]), "b": Script([[open_action("open_short")], []])}
    async with staged(database, scripts, fill_timing=FillTiming.ON_ANSWER) as stage:
        first = await stage.cycle()
        await stage.cycle(BEGIN + FIVE)
        mine, others = await turn_of(stage, first), await turn_of(stage, first, "b")
        assert mine.books_hash is not None
        assert others.books_hash is not None
        async with database.reading() as connection:
            assert (await cycles.get_cycle(connection, first)).books_hash is None
        assert {one.verdict for one in await rows(stage)} == {"accepted"}
        assert not await stage.differences()
        assert not await stage.findings()


async def test_a_forced_close_is_a_cycle_of_its_own_in_which_nobody_is_asked(database):
    script = Script([[open_action()]])
    async with staged(database, {"a": script}) as stage:
        await stage.cycle()
        stage.hand.at = BEGIN + timedelta(minutes=2)
        cycle_id = await force_close(stage.parts, "a", "BTCUSDT")
        assert len(script.asked) == 1
        (row,) = [one for one in await rows(stage) if one.cycle_id == cycle_id]
        assert (row.action, row.verdict, row.reason) == ("close", "accepted", "closed by the operator")
        forced = [one for one in await events(stage) if one.kind == "forced_exit"]
        assert [(one.code, one.subject, one.decision_id) for one in forced] == [("FORCED_CLOSE", "BTCUSDT", row.id)]
        with pytest.raises(NothingHeldError):
            await force_close(stage.parts, "a", "BTCUSDT")
        with pytest.raises(UnknownContestantError):
            await force_close(stage.parts, "nobody", "BTCUSDT")
        await stage.cycle(BEGIN + FIVE)
        assert not await stage.differences()
        assert not await stage.findings()


async def test_a_forced_close_that_the_venue_prevents_says_why_and_leaves_the_position(database):
    async with staged(database, {"a": Script([[open_action()]])}) as stage:
        await stage.cycle()
        stage.hand.at = BEGIN + timedelta(minutes=2)
        stage.sandbox.fail({"route": "venue.*", "kind": "server_error", "status": 503})
        with pytest.raises(NotClosedError, match="not closed"):
            await force_close(stage.parts, "a", "BTCUSDT")
        stage.sandbox.heal()
        stage.hand.at = BEGIN + timedelta(minutes=3)
        await force_close(stage.parts, "a", "BTCUSDT")
        assert not await stage.differences()


async def test_nothing_is_forced_while_a_cycle_runs(database):
    async with staged(database, {"a": Script([[open_action()]])}) as stage:
        await stage.cycle()
        async with stage.parts.running:
            with pytest.raises(CycleRunningError):
                await force_close(stage.parts, "a", "BTCUSDT")


async def test_the_operator_pauses_and_limits_one_contestant_and_says_so(database):
    script = Script([[open_action()], [open_action()]])
    async with staged(database, {"a": script}) as stage:
        await pause(stage.parts, "a")
        await stage.cycle()
        assert script.asked == []
        await resume(stage.parts, "a")
        await stop_entries(stage.parts, "a")
        await stage.cycle(BEGIN + FIVE)
        assert [(one.verdict, one.code) for one in await rows(stage)] == [("refused", "CLOSE_ONLY")]
        assert "this contestant only to close" in script.asked[0][1]["content"]
        await resume_entries(stage.parts, "a")
        await stage.cycle(BEGIN + 2 * FIVE)
        assert (await rows(stage))[0].verdict == "accepted"
        assert [one.kind for one in reversed(await events(stage)) if one.code == "OPERATOR"] == [
            "paused",
            "resumed",
            "close_only",
            "resumed",
        ]
        assert not await stage.differences()


async def test_a_baseline_plays_through_the_same_books_and_costs_nothing(database):
    holder = Contestant("hold", "Hold", "baseline", "buy-and-hold", "en", None, baseline=Baseline.BUY_AND_HOLD)
    async with staged(database, {"a": Script([[open_action()]]), "hold": holder}) as stage:
        for place in range(3):
            await stage.cycle(BEGIN + place * FIVE)
        accepted = [one for one in await rows(stage, "hold") if one.verdict == "accepted"]
        assert [(one.action, one.symbol, one.leverage) for one in accepted] == [("open_long", "BTCUSDT", 1)]
        async with database.reading() as connection:
            assert (await calls.costs(connection, stage.parts.season_id))["hold"].usd == Decimal(0)
        assert not await stage.differences()
        assert not await stage.findings()


async def test_contestants_are_asked_together_and_shown_the_same_market(database):
    scripts = {name: Script() for name in "abc"}
    scripts["a"].seconds = 0.2
    async with staged(database, scripts) as stage:
        started = asyncio.get_running_loop().time()
        cycle_id = await stage.cycle()
        assert asyncio.get_running_loop().time() - started < 5
        markets = {talk.market_hash for name in scripts for talk in await talks(stage, name)}
        assert len(markets) == 1
        deadlines = {talk.deadline_at for name in scripts for talk in await talks(stage, name)}
        assert len(deadlines) == 1
        assert (await turn_of(stage, cycle_id)).asked_at is not None


async def test_the_stable_part_of_the_prompt_is_byte_identical_between_cycles(database):
    script = Script()
    async with staged(database, {"a": script}) as stage:
        await stage.cycle()
        await stage.cycle(BEGIN + FIVE)
        first, second = script.asked
        assert first[0] == second[0]
        assert first[1] != second[1]
        (later, earlier) = await talks(stage)
        assert later.prompt_hash == earlier.prompt_hash
        assert later.template == newest("tiltyard").name
        assert later.template_hash == newest("tiltyard").fingerprint


async def test_a_prompt_that_cannot_be_written_costs_nobody_else_a_turn(database):
    def impossible(scene, seat, language):
        raise ZeroDivisionError(language)

    broken = replace(newest("tiltyard"), account=impossible)
    bad = Contestant("bad", "Bad", "openai", "m", "en", Script(), template=broken)
    async with staged(database, {"bad": bad, "a": Script([[open_action()]])}) as stage:
        cycle_id = await stage.cycle()
        assert (await turn_of(stage, cycle_id)).outcome == "traded"
        assert (await turn_of(stage, cycle_id, "bad")).outcome == "interrupted"
        assert bad.host.asked == []
        assert not await stage.findings()
