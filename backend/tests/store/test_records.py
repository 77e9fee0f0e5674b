"""Decisions and conversations are kept whole, whatever a model wrote, and found again by whose they are and when."""

from datetime import timedelta

from app.store import conversations, decisions
from app.store.conversations import NewConversation
from app.store.decisions import NewDecision
from tests.engine.markets import NOON, D
from tests.store.stage import begin, claim


def conversation(cycle_id, contestant_id="qwen3", **changes):
    about = {
        "cycle_id": cycle_id,
        "contestant_id": contestant_id,
        "created_at": NOON,
        "provider": "qwen",
        "model": "m",
        "family": "tiltyard",
        "version": "1",
        "system": "你是交易员",
        "user": f"cycle {cycle_id}",
        "reply": "{}",
        "reasoning": None,
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 12},
        "latency_ms": 5,
        "http_status": 200,
        "error_kind": None,
        "error": None,
        "request_id": None,
    }
    return NewConversation(**{**about, **changes})


def decision(cycle_id, position=0, **changes):
    about = {
        "cycle_id": cycle_id,
        "contestant_id": "qwen3",
        "conversation_id": None,
        "position": position,
        "action": "hold",
        "verdict": "held",
        "created_at": NOON,
    }
    return NewDecision(**{**about, **changes})


async def test_a_conversation_is_read_back_with_the_texts_that_were_sent(database):
    cycle_id = await claim(database, await begin(database))
    async with database.writing() as connection:
        one = await conversations.save_conversation(connection, conversation(cycle_id))
        two = await conversations.save_conversation(connection, conversation(cycle_id, "kimi", reply=None, error_kind="timeout", usage={}))
    async with database.reading() as connection:
        found = await conversations.get_conversation(connection, one)
        assert await conversations.messages_of(connection, found) == [("system", "你是交易员"), ("user", f"cycle {cycle_id}")]
        assert (found.usage, found.latency_ms, found.reply) == ({"prompt_tokens": 12}, 5, "{}")
        assert [row.id for row in await conversations.of_cycle(connection, cycle_id)] == [one, two]
        assert [row.id for row in await conversations.list_conversations(connection, contestant="kimi")] == [two]
        assert await conversations.get_conversation(connection, 99) is None


async def test_what_a_hostile_host_sends_is_kept_as_far_as_a_database_can(database):
    cycle_id = await claim(database, await begin(database))
    deep = {"a": {"b": {"c": {"d": 1}}}, "tokens": float("nan"), "rate": 0.5, "list": [1], "note": "x" * 1_000}
    new = conversation(cycle_id, reply="nul \x00", reasoning="half \ud83d", finish_reason="\x00", usage=deep, error="\udc00")
    async with database.writing() as connection:
        one = await conversations.save_conversation(connection, new)
        found = await conversations.get_conversation(connection, one)
    assert (found.reply, found.reasoning, found.finish_reason, found.error) == ("nul \ufffd", "half \ufffd", "\ufffd", "\ufffd")
    assert found.usage == {"a": {"b": {"c": None}}, "tokens": None, "rate": 0.5, "list": None, "note": "x" * 200}


async def test_decisions_keep_their_numbers_and_come_back_by_position(database):
    cycle_id = await claim(database, await begin(database))
    absurd = decision(
        cycle_id,
        1,
        action="open_long",
        symbol="BTC\x00",
        notional=D("1E+30"),
        leverage=10**25,
        verdict="refused",
        code="LEVERAGE_ABOVE_CAP",
    )
    async with database.writing() as connection:
        ids = await decisions.save_decisions(connection, [decision(cycle_id, confidence=D("0.70")), absurd])
        assert await decisions.save_decisions(connection, []) == {}
        found = await decisions.get_decision(connection, ids[1])
        held = await decisions.list_decisions(connection, verdict="held")
    assert (found.notional, found.leverage, found.symbol) == (D("1E+30"), 10**25, "BTC\ufffd")
    assert [(row.id, str(row.confidence)) for row in held] == [(ids[0], "0.70")]


async def test_pages_of_decisions_run_backwards_and_filters_narrow_them(database):
    season_id = await begin(database)
    cycles = [await claim(database, season_id, due_at=NOON + timedelta(minutes=5 * index)) for index in range(5)]
    async with database.writing() as connection:
        for cycle_id in cycles:
            await decisions.save_decisions(connection, [decision(cycle_id)])
        first = await decisions.list_decisions(connection, contestant="qwen3", limit=3)
        rest = await decisions.list_decisions(connection, contestant="qwen3", limit=3, cursor=first[-1].id)
        one = await decisions.list_decisions(connection, cycle=cycles[2])
    assert [row.cycle_id for row in [*first, *rest]] == cycles[::-1]
    assert [row.cycle_id for row in one] == [cycles[2]]
