"""Faults: switched on by HTTP, each kind strikes as it should, wears off as it should, and leaves the rest alone."""

import asyncio
import json
import time
from decimal import Decimal

import ccxt.async_support as ccxt
import openai
import pytest

from app.sandbox.faults import FaultBoard, FaultKind
from tests.sandbox.conftest import ask, market, raw_market

BTC = "BTC/USDT:USDT"


def chat(sandbox, model="hold-only", **more):
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], **more}
    return ask(f"{sandbox.models_url}/chat/completions", "POST", body, Authorization="Bearer demo")


def test_faults_are_put_listed_and_deleted_over_http(healed):
    url = f"{healed.url}/sandbox/faults"
    put = ask(
        url,
        "PUT",
        [{"route": "venue.tickers", "kind": "rate_limit", "retry_after": 7, "count": 2}, {"route": "*", "kind": "delay", "seconds": 0}],
    )
    assert put.status == 200
    assert [(rule["route"], rule["kind"]) for rule in ask(url).json["rules"]] == [("venue.tickers", "rate_limit"), ("*", "delay")]
    assert raw_market(healed, "tickers").status == 429
    assert raw_market(healed, "tickers").status == 429
    assert raw_market(healed, "tickers").status == 200
    assert ask(url, "PUT", {"route": "model.chat", "kind": "auth"}).json["rules"][0]["kind"] == "auth"
    assert ask(url, "DELETE").json == {"rules": []}
    assert raw_market(healed, "tickers").status == 200


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"route": "venue.nowhere", "kind": "delay"}, "'venue.nowhere' is not a route"),
        ({"route": "*", "kind": "gremlin"}, "'gremlin' is not a kind of fault: use one of delay"),
        ({"route": "*"}, "None is not a kind"),
        ({"route": "*", "kind": "delay", "seconds": -1}, "seconds -1 must be a number from 0"),
        ({"route": "*", "kind": "delay", "second": 1}, "has no second"),
        ({"route": "*", "kind": "server_error", "status": 404}, "404 is not a server error"),
        ({"route": "venue.tickers", "kind": "absurd", "value": "dear"}, "not an absurd price"),
        ({"route": "model.chat", "kind": "frozen"}, "can't strike model.chat"),
        ({"route": "venue.*", "kind": "finish_length"}, "use model.chat"),
        ({"route": "venue.tickers", "kind": "prose"}, "spoils a model's reply"),
        ({"route": "*", "kind": "cut", "symbol": 5}, "symbol 5 must be text"),
        ("nonsense", "must be a rule, a list of rules"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_in_a_sentence_and_changes_nothing(healed, rule, says):
    url = f"{healed.url}/sandbox/faults"
    ask(url, "PUT", {"route": "venue.time", "kind": "blank"})
    answer = ask(url, "PUT", rule)
    assert answer.status == 422
    assert says in answer.json["detail"]
    assert [one["route"] for one in ask(url).json["rules"]] == ["venue.time"]


def test_the_state_tells_time_source_faults_and_requests(healed):
    healed.fail({"route": "venue.time", "kind": "blank"})
    market(healed, "tickers")
    state = ask(f"{healed.url}/sandbox/state").json
    assert state["source"] == {"seed": 7}
    assert (state["market_time"], state["speed"]) == ("2026-03-04T12:00:30.000Z", 1)
    assert state["faults"][0]["kind"] == "blank"
    assert state["requests"]["venue.tickers"] >= 1


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"kind": "rate_limit"}, ccxt.DDoSProtection),
        ({"kind": "server_error", "status": 502}, ccxt.ExchangeNotAvailable),
        ({"kind": "forbidden"}, ccxt.BaseError),
        ({"kind": "auth"}, ccxt.AuthenticationError),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_ccxt_sees_the_error_that_the_fault_stands_for(healed, exchange, rule, error):
    await exchange.load_markets()
    healed.fail({"route": "venue.tickers", **rule})
    with pytest.raises(error):
        await exchange.fetch_tickers()
    assert (await exchange.fetch_order_book(BTC, 5))["bids"]


def test_a_429_of_the_venue_says_when_to_come_back(healed):
    healed.fail({"route": "venue.candles", "kind": "rate_limit", "retry_after": 3})
    answer = raw_market(healed, "candles", symbol="BTCUSDT", granularity="1m")
    assert (answer.status, answer.headers["retry-after"], answer.json["code"]) == (429, "3", "429")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_cut_answer_breaks_off_in_the_middle(healed, exchange):
    await exchange.load_markets()
    healed.fail({"route": "venue.tickers", "kind": "cut"})
    with pytest.raises(ccxt.BaseError) as caught:
        await exchange.fetch_tickers()
    assert "completed" in str(caught.value.__cause__)


def test_wrong_json_and_a_blank_body_come_with_status_200(healed):
    healed.fail({"route": "venue.tickers", "kind": "wrong_json"}, {"route": "venue.time", "kind": "blank"})
    answer = raw_market(healed, "tickers")
    assert answer.status == 200
    with pytest.raises(ValueError):
        _ = answer.json
    assert ask(f"{healed.url}/api/v2/public/time").body == b""


def test_a_delay_is_real_time_and_adds_to_other_faults(healed):
    healed.fail({"route": "venue.*", "kind": "delay", "seconds": 0.2}, {"route": "venue.tickers", "kind": "server_error", "status": 503})
    started = time.perf_counter()
    assert raw_market(healed, "tickers").status == 503
    assert 0.2 <= time.perf_counter() - started < 2


def test_a_frozen_ticker_stops_at_the_moment_of_switching_while_candles_go_on(healed, hand):
    started = hand.time
    before = market(healed, "tickers")
    healed.fail({"route": "venue.tickers", "kind": "frozen", "symbol": "BTCUSDT"})
    hand.forward(minutes=7)
    after = {row["symbol"]: row for row in market(healed, "tickers")}
    newest = market(healed, "candles", symbol="BTCUSDT", granularity="1m", limit=1)[0]
    hand.time = started
    assert after["BTCUSDT"] == before[0]
    assert after["ETHUSDT"]["ts"] != before[1]["ts"]
    assert int(newest[0]) > int(before[0]["ts"])


@pytest.mark.parametrize(("value", "factor"), [("x1000", Decimal(1000)), (0, Decimal(0)), ("negative", Decimal(-1))])
def test_absurd_prices_are_absurd_and_only_where_asked(healed, value, factor):
    good = {row["symbol"]: row for row in market(healed, "tickers")}
    healed.fail({"route": "venue.tickers", "kind": "absurd", "symbol": "DOGEUSDT", "value": value})
    bad = {row["symbol"]: row for row in market(healed, "tickers")}
    for name in ("lastPr", "markPrice", "bidPr"):
        assert Decimal(bad["DOGEUSDT"][name]) == Decimal(good["DOGEUSDT"][name]) * factor
    assert bad["BTCUSDT"] == good["BTCUSDT"]


def test_absurd_can_be_nan_in_tickers_candles_and_books(healed):
    healed.fail({"route": "venue.*", "kind": "absurd", "value": "NaN"})
    assert market(healed, "tickers")[0]["lastPr"] == "NaN"
    assert market(healed, "candles", symbol="BTCUSDT", granularity="1m")[0][1:5] == ["NaN"] * 4
    assert market(healed, "merge-depth", symbol="BTCUSDT")["bids"][0][0] == "NaN"


def test_a_missing_symbol_is_gone_from_lists_and_unknown_alone(healed):
    healed.fail({"route": "venue.*", "kind": "missing", "symbol": "XRPUSDT"})
    assert "XRPUSDT" not in {row["symbol"] for row in market(healed, "tickers") + market(healed, "contracts")}
    assert raw_market(healed, "merge-depth", symbol="XRPUSDT").json["code"] == "40034"
    assert market(healed, "merge-depth", symbol="BTCUSDT")["bids"]


def test_a_fault_of_one_symbol_spares_the_others(healed):
    healed.fail({"route": "venue.candles", "kind": "server_error", "symbol": "ETHUSDT"})
    assert raw_market(healed, "candles", symbol="ETHUSDT", granularity="1m").status == 500
    assert raw_market(healed, "candles", symbol="BTCUSDT", granularity="1m").status == 200


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("rate_limit", 429, openai.RateLimitError),
        ("server_error", 500, openai.InternalServerError),
        ("auth", 401, openai.AuthenticationError),
        ("payment", 402, openai.APIStatusError),
        ("forbidden", 403, openai.PermissionDeniedError),
    ],
)
async def test_the_openai_sdk_sees_the_error_that_the_fault_stands_for(healed, kind, status, error):
    healed.fail({"route": "model.chat", "kind": kind, "retry_after": 9})
    async with openai.AsyncOpenAI(api_key="demo", base_url=healed.models_url, max_retries=0) as client:
        with pytest.raises(error) as caught:
            await client.chat.completions.create(model="hold-only", messages=[{"role": "user", "content": "hello"}])
    assert caught.value.status_code == status
    if kind == "rate_limit":
        assert caught.value.response.headers["retry-after"] == "9"
    if status < 500:
        assert caught.value.body["message"]


def test_a_fault_of_one_model_spares_the_others(healed):
    healed.fail({"route": "model.chat", "kind": "payment", "model": "hold-only"})
    assert chat(healed, "hold-only").status == 402
    assert chat(healed, "instant").status == 200


def test_a_blank_reply_is_spaces_and_a_short_one_says_length(healed):
    healed.fail({"route": "model.chat", "kind": "blank", "count": 1}, {"route": "model.chat", "kind": "finish_length"})
    blank, short = (chat(healed).json["choices"][0] for _ in range(2))
    assert blank["message"]["content"].strip() == ""
    assert short["finish_reason"] == "length"
    assert short["message"]["content"].startswith("{")


def said(sandbox, kind, **more):
    sandbox.fail({"route": "model.chat", "kind": kind})
    return chat(sandbox, **more)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("prose", lambda text, good: "{" not in text),
        ("fenced", lambda text, good: text == f"```json\n{good}\n```"),
        ("truncated_json", lambda text, good: good.startswith(text) and 0 < len(text) < len(good)),
        ("duplicate_keys", lambda text, good: text.count('"summary"') == 2),
        ("think_tags", lambda text, good: text.startswith("<think>") and text.endswith(good)),
        ("two_objects", lambda text, good: text.startswith(good) and len(json.loads(text[len(good) :])) == 2),
        ("nan", lambda text, good: '"confidence": NaN' in text),
    ],
)
def test_a_spoilt_reply_is_spoilt_as_its_kind_says_and_complete_on_the_wire(healed, kind, check):
    good = chat(healed).json["choices"][0]["message"]["content"]
    choice = said(healed, kind).json["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert check(choice["message"]["content"], good)


def test_a_web_page_comes_with_status_200_in_place_of_an_answer(healed):
    answer = said(healed, "html")
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert answer.body.startswith(b"<!DOCTYPE html>")


async def test_a_tool_call_carries_the_reply_as_its_arguments_whole_and_streamed(healed):
    good = chat(healed).json["choices"][0]["message"]["content"]
    choice = said(healed, "tool_calls").json["choices"][0]
    function = choice["message"]["tool_calls"][0]["function"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    assert (function["name"], function["arguments"]) == ("submit_decision", good)
    async with openai.AsyncOpenAI(api_key="demo", base_url=healed.models_url, max_retries=0) as client:
        stream = await client.chat.completions.create(model="hold-only", messages=[{"role": "user", "content": "hello"}], stream=True)
        deltas = [chunk.choices[0].delta async for chunk in stream]
    parts = [call.function for delta in deltas for call in delta.tool_calls or []]
    assert ("".join(part.arguments or "" for part in parts), parts[0].name) == (good, "submit_decision")


def test_a_fault_of_replies_everywhere_leaves_the_venue_alone(healed):
    healed.fail({"route": "*", "kind": "prose"})
    assert market(healed, "tickers")
    assert {model["id"] for model in ask(f"{healed.models_url}/models", Authorization="Bearer demo").json["data"]} >= {"instant"}


def test_wrong_json_of_a_model_is_no_json(healed):
    healed.fail({"route": "model.chat", "kind": "wrong_json"})
    with pytest.raises(ValueError):
        _ = chat(healed).json
    assert b'"con\n' in chat(healed, stream=True).body


async def test_a_cut_stream_breaks_off_after_some_chunks(healed):
    healed.fail({"route": "model.chat", "kind": "cut"})
    chunks = []
    async with openai.AsyncOpenAI(api_key="demo", base_url=healed.models_url, max_retries=0) as client:
        stream = await client.chat.completions.create(model="hold-only", messages=[{"role": "user", "content": "hello"}], stream=True)
        with pytest.raises(Exception, match=r"(?i)incomplete|peer closed|connection"):
            chunks = [chunk async for chunk in stream]
    assert not any(chunk.choices[0].finish_reason for chunk in chunks)


async def test_a_delayed_route_holds_up_nobody_else(healed):
    healed.fail({"route": "venue.depth", "kind": "delay", "seconds": 1})
    slow = asyncio.create_task(asyncio.to_thread(raw_market, healed, "merge-depth", symbol="BTCUSDT"))
    await asyncio.to_thread(market, healed, "tickers")
    assert not slow.done()
    assert (await slow).status == 200


def test_chance_strikes_the_same_requests_for_the_same_seed():
    def struck():
        board = FaultBoard()
        board.put([{"route": "venue.*", "kind": "cut", "probability": 0.3, "seed": 5}], 0)
        return [bool(board.take("venue.tickers")) for _ in range(200)]

    assert struck() == struck()
    assert 30 < sum(struck()) < 90


def test_every_kind_can_be_switched_on_everywhere():
    board = FaultBoard()
    board.put([{"route": "*", "kind": kind} for kind in FaultKind], 0)
    assert len(board.rules) == len(FaultKind)
