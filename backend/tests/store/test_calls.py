"""Calls keep the exact bytes of both directions, their tokens and their cost; conversations and contestants know the sums."""

import dataclasses
import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.store import calls, conversations, tables
from app.store.calls import CostTotals, NewCall
from app.store.conversations import Answered
from tests.engine.markets import NOON, D
from tests.store.stage import begin, claim, findings
from tests.store.test_records import conversation
from tests.store.test_streams import stream

SYSTEM, MARKET, OWN = "Answer with JSON, nothing else. " * 20, "BTCUSDT 97000 市场 " * 40, "you hold nothing; " * 20


def sent_body(own=OWN):
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": MARKET + own}]
    return json.dumps({"messages": messages, "model": "m"}, ensure_ascii=False).encode()


def call(number=1, **changes):
    about = {
        "number": number,
        "purpose": "ask",
        "started_at": NOON,
        "first_byte_ms": 210,
        "ended_ms": 1_900,
        "http_status": 200,
        "content_type": "text/event-stream; charset=utf-8",
        "usage": {"prompt_tokens": 900},
        "input_tokens": 900,
        "cached_tokens": 640,
        "output_tokens": 120,
        "price_id": "seed-1",
        "cost_usd": D("0.0001234567"),
        "sent": sent_body(),
        "received": stream(["so", "I", "wait"] * 20, ["{}"]),
        "shared": (SYSTEM, MARKET, OWN),
    }
    return NewCall(**{**about, **changes})


def talk(cycle_id, name="qwen3", **changes):
    return conversation(cycle_id, name, system=SYSTEM, market=MARKET, user=OWN, template="tiltyard@1", template_hash="f" * 64, **changes)


async def test_both_bodies_come_back_byte_for_byte_and_the_sums_are_kept(database):
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    failed = call(
        1,
        purpose="ask",
        http_status=503,
        content_type="text/html",
        received=b"<html>\xff\x00",
        usage=None,
        cost_usd=None,
        input_tokens=None,
        output_tokens=None,
        cached_tokens=None,
        error_kind="overloaded",
        error="busy",
    )
    answered = call(2, purpose="retry")
    async with database.writing() as connection:
        one = await conversations.save_conversation(connection, talk(cycle_id), [failed, answered])
    async with database.reading() as connection:
        rows = await calls.calls_of(connection, one)
        found = await conversations.get_conversation(connection, one)
        for row, new in zip(rows, (failed, answered), strict=True):
            assert await calls.sent_bytes(connection, row) == new.sent
            assert await calls.received_bytes(connection, row) == new.received
        assert await conversations.messages_of(connection, found) == [("system", SYSTEM), ("user", MARKET + OWN)]
        assert (await calls.get_call(connection, one, 2)).purpose == "retry"
        totals = await calls.costs(connection, season_id)
    assert (found.calls, found.input_tokens, found.reasoning_tokens, found.cost_usd) == (2, 900, None, D("0.0001234567"))
    assert (found.template, found.template_hash) == ("tiltyard@1", "f" * 64)
    assert totals == {"qwen3": CostTotals(D("0.0001234567"), 2, 900, 640, 120, 0, 0), "kimi": CostTotals()}
    assert await findings(database) == []


async def test_what_everybody_is_sent_is_stored_once(database):
    cycle_id = await claim(database, await begin(database))
    async with database.writing() as connection:
        for name in ("qwen3", "kimi"):
            own = f"{name} holds nothing; " * 20
            new = dataclasses.replace(talk(cycle_id, name), user=own)
            await conversations.save_conversation(connection, new, [call(sent=sent_body(own), shared=(SYSTEM, MARKET, own))])
        sizes = (await connection.execute(select(tables.blobs.c.size))).scalars().all()
        distinct = (await connection.execute(select(func.count(tables.calls.c.received_hash.distinct())))).scalar_one()
    assert len(sizes) == 5
    assert distinct == 1
    assert max(sizes) == len(call().received)


async def test_a_second_question_adds_to_the_first(database):
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    about = {
        "finish_reason": "stop",
        "usage": None,
        "latency_ms": 9,
        "http_status": 200,
        "error_kind": None,
        "error": None,
        "request_id": "r",
    }
    later = Answered(reply="{}", verdict="accept", code="OK", answered_at=NOON, **about)
    async with database.writing() as connection:
        one = await conversations.save_conversation(connection, talk(cycle_id, reply="no JSON"), [call()])
        again = calls.prepare_calls([call(2, purpose="reask", cost_usd=D("0.2"))])
        await conversations.amend_conversation(connection, one, later, again)
        found = await conversations.get_conversation(connection, one)
        with pytest.raises(KeyError):
            await conversations.amend_conversation(connection, 99, later, again)
    assert (found.reply, found.verdict, found.calls, found.output_tokens) == ("{}", "accept", 2, 240)
    assert found.cost_usd == D("0.2001234567")
    assert await findings(database) == []


async def test_costs_since_a_time_are_exact_and_unpriced_calls_are_told_apart(database):
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    times = [NOON + timedelta(hours=hour) for hour in (0, 12, 24)]
    prices = [D("0.1"), D("0.2"), None]
    made = [call(at, started_at=time, cost_usd=usd) for at, (time, usd) in enumerate(zip(times, prices, strict=True), 1)]
    async with database.writing() as connection:
        one = await conversations.save_conversation(connection, talk(cycle_id))
        await calls.save_calls(connection, one, "qwen3", made)
        await calls.save_calls(connection, one, "qwen3", [])
        assert await calls.cost_since(connection, "qwen3", NOON) == D("0.3")
        assert await calls.cost_since(connection, "qwen3", times[1]) == D("0.2")
        assert await calls.cost_since(connection, "kimi", NOON) == 0
        assert await calls.costs_since(connection, times[1]) == {"qwen3": D("0.2")}
        assert (await calls.costs(connection, season_id))["qwen3"].unpriced_calls == 1


async def test_absurd_counts_of_a_host_are_kept_as_unknown_and_an_empty_body_has_no_blob(database):
    cycle_id = await claim(database, await begin(database))
    absurd = call(input_tokens=10**30, cached_tokens=-1, received=b"", usage={"prompt_tokens": 10**30, "x": float("nan")})
    async with database.writing() as connection:
        one = await conversations.save_conversation(connection, talk(cycle_id), [absurd])
        (row,) = await calls.calls_of(connection, one)
        assert await calls.received_bytes(connection, row) == b""
    assert (row.input_tokens, row.cached_tokens, row.received_hash) == (None, None, None)
    assert row.usage == {"prompt_tokens": 10**30, "x": None}
