"""Replies as models write them: exactly valid ones are read, everything else is refused whole with a reason."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agents.reply import Action, Reply, ReplyCode, ReplyRefused, read_reply
from app.engine.books import Book, Level
from app.engine.exchange import Market, apply
from app.engine.facts import Filled
from app.engine.orders import CloseOrder, OpenOrder, StopsOrder
from app.engine.positions import Account
from app.engine.rules import Rules
from app.engine.trades import Side
from tests.engine.markets import D, instrument
from tests.reference_data import reference_file

OPEN = {
    "action": "open_long",
    "symbol": "BTCUSDT",
    "notional_usdt": 1000,
    "leverage": 5,
    "stop_loss": 95000.5,
    "take_profit": None,
    "reason": "r",
}


def reply(*actions, **more):
    return json.dumps({"summary": "s", "actions": list(actions), **more})


def refused(text):
    found = read_reply(text)
    assert isinstance(found, ReplyRefused), found
    return found


def test_a_valid_open_becomes_an_exact_order():
    (decision,) = read_reply(reply({**OPEN, "confidence": 0.6})).decisions
    assert decision.order == OpenOrder("BTCUSDT", Side.LONG, D(1000), 5, D("95000.5"), None)
    assert decision.confidence == D("0.6")


def test_closes_and_stops_become_orders_and_a_hold_none():
    text = reply(
        {"action": "close", "symbol": "BTCUSDT", "close_fraction": 0.5},
        {"action": "close", "symbol": "ETHUSDT"},
        {"action": "set_stops", "symbol": "SOLUSDT", "stop_loss": None, "take_profit": 200},
        {"action": "hold"},
    )
    orders = [decision.order for decision in read_reply(text).decisions]
    assert orders == [CloseOrder("BTCUSDT", D("0.5")), CloseOrder("ETHUSDT", D(1)), StopsOrder("SOLUSDT", None, D(200)), None]


def test_an_empty_list_of_actions_is_a_hold():
    assert read_reply('{"summary":"wait","actions":[]}') == Reply("wait", ())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ReplyCode.BLANK),
        ("   \n\t ", ReplyCode.BLANK),
        ("I would buy here.", ReplyCode.NOT_JSON),
        ("```json\n{}\n```", ReplyCode.NOT_JSON),
        ('{"actions":[]} {"actions":[]}', ReplyCode.NOT_JSON),
        ("[]", ReplyCode.SCHEMA),
        ("null", ReplyCode.SCHEMA),
        ("{}", ReplyCode.SCHEMA),
        ('{"actions":[],"actions":[]}', ReplyCode.DUPLICATE_KEY),
        ("[" * 2000 + "]" * 2000, ReplyCode.DEEP_NESTING),
        ("x" * 70_000, ReplyCode.TOO_LONG),
        (reply({**OPEN, "notional_usdt": float("nan")}), ReplyCode.NOT_FINITE),
        (reply({**OPEN, "stop_loss": float("inf")}), ReplyCode.NOT_FINITE),
        (reply(OPEN).replace("1000", "1e400"), ReplyCode.NOT_FINITE),
        (reply(OPEN).replace("1000", "1" * 60), ReplyCode.NOT_FINITE),
        (reply({**OPEN, "notional_usdt": "1000"}), ReplyCode.SCHEMA),
        (reply({**OPEN, "notional_usdt": True}), ReplyCode.SCHEMA),
        (reply({**OPEN, "leverage": 5.5}), ReplyCode.SCHEMA),
        (reply({**OPEN, "leverage": True}), ReplyCode.SCHEMA),
        (reply({**OPEN, "action": "buy"}), ReplyCode.SCHEMA),
        (reply({**OPEN, "confidence": 60}), ReplyCode.SCHEMA),
        (reply({key: value for key, value in OPEN.items() if key != "symbol"}), ReplyCode.SCHEMA),
        (reply({key: value for key, value in OPEN.items() if key != "leverage"}), ReplyCode.SCHEMA),
        (reply(*[{"action": "hold"}] * 13), ReplyCode.SCHEMA),
        (reply({**OPEN, "reason": "x" * 5000}), ReplyCode.SCHEMA),
    ],
)
def test_what_is_not_exactly_valid_is_refused_with_its_reason(text, code):
    assert refused(text).code is code


def test_a_refusal_says_where_the_fault_is():
    assert refused(reply(OPEN, {**OPEN, "leverage": "5"})).message.startswith("actions[1].leverage:")


def test_brackets_and_quotes_inside_strings_do_not_count_as_nesting():
    assert isinstance(read_reply(reply({"action": "hold", "reason": '[[[[[[[[[[ "{{{{{{{{{{" \\'})), Reply)


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_raise(text):
    assert isinstance(read_reply(text), Reply | ReplyRefused)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(list(Action)), lambda x: st.lists(x, max_size=3)
    )
)
def test_no_value_in_an_action_makes_the_reader_raise(value):
    for key in OPEN:
        assert isinstance(read_reply(json.dumps({"summary": "", "actions": [{**OPEN, key: value}]})), Reply | ReplyRefused)


def corpus():
    rows = [json.loads(line) for line in reference_file("bad_replies.jsonl").read_text().splitlines()]
    context = next(row for row in rows if row["id"] == "CONTEXT")
    return context, [row for row in rows if row["id"] != "CONTEXT"]


def corpus_market(context):
    at = datetime(2026, 1, 5, tzinfo=UTC)
    limits = context["limits"]
    terms = {
        name: instrument(name, lot=D(str(limits["lot"][name])), min_quantity=D(str(limits["lot"][name])), tick=D(str(limits["tick"][name])))
        for name in context["marks"]
    }
    marks = {name: Decimal(str(mark)) for name, mark in context["marks"].items()}
    books = {name: Book(name, at, (Level(mark, D(10_000)),), (Level(mark, D(10_000)),)) for name, mark in marks.items()}
    return Market(terms, marks, books, {}, Rules(max_leverage=limits["max_leverage"])), at


@pytest.mark.reference
def test_of_the_corpus_of_bad_replies_only_the_acceptable_ones_trade():
    """In this release nothing is repaired: what the corpus would repair or reject must not become a fill it doesn't accept."""
    context, rows = corpus()
    market, at = corpus_market(context)
    assert len(rows) >= 80
    accepted_whole = 0
    for row in rows:
        if row["code"] in {"STALE", "LATE"}:
            continue  # told by the time of arrival, which the reader doesn't know; this reply shape echoes no round
        if row["meta"].get("finish_reason", "stop") != "stop" or row["meta"].get("http", 200) != 200:
            continue
        found = read_reply(row["raw"] or "")
        if row["verdict"] == "reject_whole":
            assert isinstance(found, ReplyRefused) or not fills(found, market, at), row["id"]
        if row["verdict"] in {"accept", "accept_as_hold"}:
            assert isinstance(found, Reply), (row["id"], found)
            accepted_whole += 1
    assert accepted_whole >= 5


def fills(found, market, at):
    orders = [order for decision in found.decisions if (order := decision.order) is not None]
    return [fact for fact in apply(Account("qwen3", D(6000)), market, orders, at).facts if isinstance(fact, Filled)]
