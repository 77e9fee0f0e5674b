"""What the record of a turn says, and what limits do to it: times, second questions, ceilings, pauses, failings of the arena's own."""

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.agents.baselines import Baseline
from app.agents.templates import find_template
from app.cycle.arrange import Terms, arrange_season
from app.cycle.operate import force_close, pause
from app.cycle.parts import Contestant, FillTiming
from app.cycle.recorder import Recorder
from app.cycle.run_cycle import run_cycle
from app.engine.rules import Rules
from app.llm.outcome import Failure, FailureKind
from app.llm.prices import PriceBook, PriceRow
from app.llm.profiles import PROFILES
from app.llm.transcript import read_wire
from app.store import calls, contestant_events, contestants, conversations, cycles, decisions, recall, turns
from app.store.database import StoreError
from tests.cycle.stage import BEGIN, FIVE, SYMBOLS, Script, open_action, staged

pytestmark = pytest.mark.asyncio

PROSE = "I would buy, I think."
PRICE = PriceRow(provider="openai", model="m", input=Decimal(1000), output=Decimal(1000), source="test", dated=date(2026, 1, 1))
A_DOLLAR = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000}


class PulledPlugError(BaseException):
    """Ends a cycle as a kill would: nothing catches it."""


class Plug:
    """Another arena's part with one call that pulls the plug."""

    def __init__(self, part, name):
        self._part, self._name = part, name

    def __getattr__(self, name):
        return getattr(self._part, name)

    def publish(self, name, **data):
        if name == self._name:
            raise PulledPlugError
        self._part.publish(name, **data)


async def events(stage, name="a"):
    async with stage.parts.database.reading() as connection:
        return list(reversed(await contestant_events.list_events(connection, contestant=name, limit=200)))


async def rows(stage, name="a"):
    async with stage.parts.database.reading() as connection:
        return list(reversed(await decisions.list_decisions(connection, contestant=name, limit=200)))


async def turns_of(stage, cycle_id):
    async with stage.parts.database.reading() as connection:
        return {one.contestant_id: one for one in await turns.turns_of(connection, cycle_id)}


async def contestant(stage, name="a"):
    async with stage.parts.database.reading() as connection:
        return await contestants.get_contestant(connection, name)


async def conduct(stage, name="a"):
    async with stage.parts.database.reading() as connection:
        return (await contestant_events.counts(connection, stage.parts.season_id))[name]


async def sound(stage):
    assert await stage.findings() == []
    assert await stage.differences() == ()


async def killed_at_the_fill(stage, at=BEGIN):
    """A cycle cut off when the first turn had been settled: the market of the fill is stored, some turns are open."""
    whole = stage.parts
    stage.parts = replace(whole, events=Plug(whole.events, "decision"))
    with pytest.raises(PulledPlugError):
        await stage.cycle(at)
    stage.parts = whole


async def start_again(stage, *players):
    """A new process with another line-up."""
    terms = Terms("demo", SYMBOLS, 5, "10000", 20, "0.0005", "tiltyard@1")
    await arrange_season(stage.parts.database, terms, players, stage.hand.at)
    stage.parts = replace(stage.parts, contestants=players)


def priced(**limits):
    return {"price_book": PriceBook((PRICE,)), **limits}


async def test_an_answer_that_comes_after_the_deadline_never_trades(database):
    """Whatever the host's own idea of the deadline is."""
    slow = Script([[open_action()]], seconds=1.0)
    async with staged(database, {"a": slow, "b": Script([[open_action()]])}) as stage:
        stage.parts = replace(stage.parts, deadline_seconds=0.5)
        taken = await turns_of(stage, await stage.cycle())
        assert (taken["a"].outcome, taken["a"].code, taken["b"].outcome) == ("late", "LATE", "traded")
        assert [one.kind for one in await events(stage)] == ["late"]
        await sound(stage)


async def test_an_answer_counts_from_when_it_came_not_from_when_it_was_read(database):
    async with staged(database, {"a": Script([[open_action()]])}) as stage:
        await stage.parts.one_at_a_time.acquire()
        cycle = asyncio.create_task(stage.cycle())
        script = stage.parts.contestants[0].host
        while not script.asked:
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        stage.hand.at += timedelta(minutes=2)  # far beyond the deadline, on the market clock
        stage.parts.one_at_a_time.release()
        turn = (await turns_of(stage, await cycle))["a"]
        assert turn.answered_at == BEGIN <= turn.deadline_at


async def test_a_second_question_is_recorded_with_the_fault_that_caused_it(database):
    async with staged(database, {"a": Script([PROSE, [open_action()]])}) as stage:
        await stage.cycle()
        (asked_again,) = [one for one in await events(stage) if one.kind == "reask"]
        assert asked_again.code == "NOT_JSON"
        counted = await conduct(stage)
        assert (counted.turns, counted.as_written, counted.failed, counted.interventions) == (1, 0, 0, 0)
        await sound(stage)


async def test_a_second_question_survives_a_kill_with_its_cause(database):
    async with staged(database, {"a": Script(), "b": Script([PROSE, [open_action()]]), "c": Script([[open_action()]])}) as stage:
        await killed_at_the_fill(stage)
        await stage.restart(BEGIN + timedelta(minutes=2))
        assert (await turns_of(stage, 1))["b"].outcome == "traded"
        assert [(one.kind, one.code) for one in await events(stage, "b")] == [("reask", "NOT_JSON")]
        await sound(stage)


async def test_nobody_is_asked_again_with_money_it_no_longer_has(database):
    script = Script([PROSE, [open_action()]], usage=A_DOLLAR)
    async with staged(database, {"a": script}, **priced(cost_usd_per_day=Decimal(1))) as stage:
        turn = (await turns_of(stage, await stage.cycle()))["a"]
        assert (len(script.asked), turn.outcome) == (1, "refused")
        await sound(stage)


async def test_who_was_not_asked_for_want_of_money_counts_in_no_rate_and_was_not_asked(database):
    script = Script([PROSE, PROSE], usage=A_DOLLAR)
    async with staged(database, {"a": script, "b": Script()}, **priced(cost_usd_per_day=Decimal(2))) as stage:
        await stage.cycle()
        taken = await turns_of(stage, await stage.cycle(BEGIN + FIVE))
        assert (taken["a"].asked_at, taken["a"].deadline_at, taken["a"].code) == (None, None, "COST_CEILING")
        assert taken["b"].asked_at is not None
        counted = await conduct(stage)
        assert (counted.turns, counted.as_written, counted.failed) == (1, 0, 1)
        async with database.reading() as connection:
            memory = await recall.seat_memory(connection, ["a"], before_cycle=3, decisions_max=5, trades_max=5)
        assert memory["a"].times_asked == 1
        await sound(stage)


async def test_filled_on_the_answer_a_hold_and_one_without_money_need_no_market(database):
    scripts = {"a": Script(usage=A_DOLLAR), "b": Script([[open_action()], [open_action(symbol="ETHUSDT")]]), "c": Script()}
    limits = priced(cost_usd_per_day=Decimal(1), fill_timing=FillTiming.ON_ANSWER)
    async with staged(database, scripts, **limits) as stage:
        await stage.cycle()
        second = await stage.cycle(BEGIN + FIVE)
        taken = await turns_of(stage, second)
        assert {name: one.books_hash is None for name, one in taken.items()} == {"a": True, "b": False, "c": True}
        assert (taken["a"].outcome, taken["a"].code, taken["b"].outcome) == ("held", "COST_CEILING", "traded")
        async with database.reading() as connection:
            assert (await cycles.get_cycle(connection, second)).books_hash is None
        await sound(stage)


async def test_what_the_arena_could_not_save_counts_against_nobody(database):
    class Full(Recorder):
        async def record(self, entry):
            raise StoreError("no room")

    async with staged(database, {"a": Script([[open_action()]])}) as stage:
        whole = stage.parts.recorder
        object.__setattr__(stage.parts, "recorder", Full(database))
        turn = (await turns_of(stage, await stage.cycle()))["a"]
        object.__setattr__(stage.parts, "recorder", whole)
        assert turn.outcome == "interrupted"
        assert (await conduct(stage)).turns == 0
        await sound(stage)


async def test_an_answer_that_can_not_be_stored_at_all_holds_up_nobody(database):
    """Not even by an error of our own, which would end the queue that everybody stands in."""

    class Odd(Recorder):
        async def _store(self, entries):
            if any(one.prepared.row["contestant_id"] == "a" for one in entries):
                raise OverflowError("a number that no column takes")
            return await super()._store(entries)

    async with staged(database, {"a": Script([[open_action()]]), "b": Script([[open_action()]])}) as stage:
        object.__setattr__(stage.parts, "recorder", Odd(database))
        async with asyncio.timeout(20):
            taken = await turns_of(stage, await stage.cycle())
        assert (taken["a"].outcome, taken["b"].outcome) == ("interrupted", "traded")
        await sound(stage)


async def test_places_at_a_provider_are_given_out_in_another_order_each_cycle(database):
    order = []

    class Noting(Script):
        async def ask(self, messages, deadline_seconds):
            order.append(self.name)
            return await super().ask(messages, deadline_seconds)

    scripts = {name: Noting() for name in "abc"}
    for name, script in scripts.items():
        script.name = name
    async with staged(database, scripts) as stage:
        for place in range(3):
            await stage.cycle(BEGIN + place * FIVE)
        assert sorted(order[::3]) == sorted(order[2::3]) == ["a", "b", "c"]


async def test_entries_stopped_while_models_think_are_stopped_at_the_fill(database):
    class Stopping(Script):
        async def ask(self, messages, deadline_seconds):
            stage.parts.switches.entries_open = False
            return await super().ask(messages, deadline_seconds)

    async with staged(database, {"a": Stopping([[open_action()]])}) as stage:
        await stage.cycle()
        assert [(one.verdict, one.code) for one in await rows(stage)] == [("refused", "CLOSE_ONLY")]
        await sound(stage)


async def test_a_forced_close_is_told_as_the_operators_and_a_refused_one_counts_against_nobody(database):
    script = Script([[open_action()], [], []])
    async with staged(database, {"a": script}) as stage:
        await stage.cycle()
        stage.hand.at = BEGIN + timedelta(minutes=1)
        await force_close(stage.parts, "a", "BTCUSDT")
        (forced,) = [one for one in await events(stage) if one.kind == "forced_exit"]
        assert Decimal(forced.before) > 0
        assert forced.after == "0"
        await stage.cycle(BEGIN + FIVE)
        assert "FORCED_CLOSE" in script.asked[-1][1]["content"]
        counted = await conduct(stage)
        assert (counted.turns, counted.as_written, counted.refusals) == (2, 2, 0)
        await sound(stage)


async def test_a_pause_that_the_operator_wants_too_outlives_a_start_a_missing_key_and_a_time_away(database):
    refused = Failure(FailureKind.AUTH, "401", "set the key")
    async with staged(database, {"a": Script([refused]), "b": Script()}) as stage:
        one, other = stage.parts.contestants
        await stage.cycle()
        assert ((await contestant(stage)).state, (await contestant(stage)).paused_by) == ("paused", "arena")
        await pause(stage.parts, "a")
        assert (await contestant(stage)).paused_by == "operator"
        for line_up in ((one, other), (replace(one, host=None), other), (other,)):
            await start_again(stage, *line_up)
            await start_again(stage, one, other)
            assert (await contestant(stage)).state == "paused"
        await pause(stage.parts, "b")
        assert [one.kind for one in await events(stage)] == ["failed", "paused", "paused"]


async def test_a_start_that_lifts_a_pause_of_the_arena_says_so(database):
    async with staged(database, {"a": Script([Failure(FailureKind.PAYMENT, "402", "top up")])}) as stage:
        await stage.cycle()
        await start_again(stage, *stage.parts.contestants)
        assert (await contestant(stage)).state == "active"
        assert [one.kind for one in await events(stage)] == ["failed", "paused", "resumed"]


async def test_a_key_that_was_refused_before_a_kill_pauses_nobody_after_the_start(database):
    refused = Failure(FailureKind.AUTH, "401", "set the key")
    async with staged(database, {"a": Script([[open_action()]]), "b": Script([refused])}) as stage:
        whole = stage.parts
        stage.parts = replace(whole, venue=NoBooks(whole.venue))
        with pytest.raises(PulledPlugError):
            await stage.cycle()
        stage.parts = whole
        await start_again(stage, *whole.contestants)
        await stage.restart(BEGIN + timedelta(minutes=1))
        assert ((await turns_of(stage, 1))["b"].outcome, (await contestant(stage, "b")).state) == ("failed", "active")
        await sound(stage)


async def test_a_fill_is_not_made_up_for_in_a_past_that_has_been_watched_since(database):
    """A database that was away for the settlement, came back for the watch, and a kill after that."""
    script = Script([[open_action()], [{"action": "close", "symbol": "BTCUSDT", "reason": "r"}]])
    async with staged(database, {"a": script, "b": Script()}) as stage:
        await stage.cycle()
        await killed_at_the_fill(stage, BEGIN + FIVE)
        await stage.look(BEGIN + 2 * FIVE)
        await stage.restart(BEGIN + 2 * FIVE + timedelta(minutes=1))
        assert {name: one.outcome for name, one in (await turns_of(stage, 2)).items()} == {"a": "interrupted", "b": "held"}
        assert [(one.verdict, one.code) for one in await rows(stage)][-1] == ("refused", "INTERRUPTED")
        await stage.cycle(BEGIN + 3 * FIVE)
        await sound(stage)


async def test_a_start_changes_nothing_of_the_ratio_that_prompts_show(database):
    """Not after a cycle that was skipped, one by hand, or one of the operator's either: none of them is a period."""
    async with staged(database, {"a": Script([[open_action()], [], []])}) as stage:
        await stage.cycle(BEGIN + timedelta(seconds=1))
        stage.sandbox.fail({"route": "venue.*", "kind": "server_error", "status": 500})
        await stage.cycle(BEGIN + FIVE)
        stage.sandbox.heal()
        await stage.cycle(BEGIN + 2 * FIVE)
        stage.hand.at = BEGIN + 2 * FIVE + timedelta(minutes=1)
        await run_cycle(stage.parts, stage.hand.at, "manual")
        stage.hand.at += timedelta(minutes=1)
        await force_close(stage.parts, "a", "BTCUSDT")
        await stage.cycle(BEGIN + 3 * FIVE)
        before = {name: replace(one) for name, one in stage.parts.sharpes.items()}
        await stage.restart(stage.hand.at)
        assert before["a"].count == stage.parts.sharpes["a"].count == 2
        assert before["a"].mean == pytest.approx(stage.parts.sharpes["a"].mean)


async def test_what_was_spent_before_midnight_utc_is_spent_of_that_day(database):
    script = Script(usage=A_DOLLAR)
    midnight = BEGIN.replace(hour=0, minute=0, second=3) + timedelta(days=1)
    async with staged(database, {"a": script}, at=midnight - 2 * FIVE, **priced(cost_usd_per_day=Decimal(1))) as stage:
        for at, asked in ((midnight - 2 * FIVE, 1), (midnight - FIVE, 1), (midnight, 2), (midnight + FIVE, 2)):
            await stage.cycle(at)
            assert len(script.asked) == asked


class NoBooks:
    """A venue that pulls the plug when the books are asked for."""

    def __init__(self, venue):
        self._venue = venue

    def __getattr__(self, name):
        return getattr(self._venue, name)

    async def books(self, symbols):
        raise PulledPlugError


def alpha(name, host):
    template = find_template("alpha-arena-s1@1")
    return Contestant(name, name, "openai", "m", "en", host, template, profile=PROFILES["openai"])


async def test_a_turn_cut_off_is_finished_as_it_was_asked_whatever_the_contestant_plays_by_now(database):
    """By another prompt, as a baseline, or not at all any more, and under another cap on leverage."""
    scripts = {name: Script([[open_action(leverage=15)]]) for name in "abcd"}
    async with staged(database, scripts) as stage:
        await killed_at_the_fill(stage)
        cash = Contestant("c", "c", "baseline", "cash", "en", None, baseline=Baseline.CASH)
        first = stage.parts.contestants[0]
        await start_again(stage, first, alpha("b", Script()), cash)
        stage.parts = replace(stage.parts, rules=Rules(max_leverage=3))
        await stage.restart(BEGIN + timedelta(minutes=2))
        assert {one.outcome for one in (await turns_of(stage, 1)).values()} == {"traded"}
        assert {one.leverage for name in "abcd" for one in await rows(stage, name)} == {15}
        await stage.cycle(BEGIN + FIVE)
        await sound(stage)


async def test_a_reply_given_as_a_tool_call_is_read_alike_after_a_kill(database):
    arguments = json.dumps({"summary": "s", "actions": [open_action()]})
    async with staged(database, {"a": Script(), "b": ToolUser(arguments), "c": Script([[open_action()]])}) as stage:
        await killed_at_the_fill(stage)
        await stage.restart(BEGIN + timedelta(minutes=2))
        assert {name: one.outcome for name, one in (await turns_of(stage, 1)).items()} == {"a": "held", "b": "traded", "c": "traded"}
        await sound(stage)


class ToolUser(Script):
    """Says a word, and decides in a tool call."""

    def __init__(self, arguments):
        super().__init__()
        self.arguments = arguments

    async def ask(self, messages, deadline_seconds):
        function = {"name": "submit_decision", "arguments": self.arguments}
        message = {"content": "Done.", "tool_calls": [{"id": "1", "type": "function", "function": function}]}
        received = json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]}).encode()
        answer = await super().ask(messages, deadline_seconds)
        reply = read_wire(received, PROFILES["openai"], streamed=False)
        return replace(answer, reply=reply, calls=(replace(answer.calls[0], received=received, finish_reason="tool_calls"),))


async def test_a_call_that_was_answered_without_its_usage_has_no_known_price(database):
    refused = Failure(FailureKind.RATE_LIMITED, "429", "wait")
    async with staged(database, {"a": Script(), "b": Script([refused])}, **priced()) as stage:
        await stage.cycle()
        async with database.reading() as connection:
            costs = await calls.costs(connection, stage.parts.season_id)
            (talk,) = await conversations.list_conversations(connection, contestant="a")
        assert (costs["a"].unpriced_calls, costs["b"].unpriced_calls, talk.cost_usd) == (1, 0, None)
        await sound(stage)
