"""The scripted traders: each in its style, always within the reply contract and the limits, only from the prompt."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sandbox.models.traders import STYLES, decide
from tests.sandbox.prompts import coin, position, prompt

KEYS = {
    "action",
    "symbol",
    "notional_usdt",
    "leverage",
    "close_fraction",
    "stop_loss",
    "take_profit",
    "confidence",
    "invalidation",
    "reason",
}
NAMES = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT")


def actions(model, text):
    return json.loads(decide(model, text).text)["actions"]


def opened(model, text):
    return [(act["action"], act["symbol"]) for act in actions(model, text) if act["action"].startswith("open")]


def closed(model, text):
    return [act["symbol"] for act in actions(model, text) if act["action"] == "close"]


def test_trend_rider_follows_the_averages_and_leaves_when_they_cross():
    assert opened("trend-rider", prompt({"BTCUSDT": coin(100.0, 0.2), "ETHUSDT": coin(100.0)})) == [("open_long", "BTCUSDT")]
    assert opened("trend-rider", prompt({"BTCUSDT": coin(100.0, -0.2)})) == [("open_short", "BTCUSDT")]
    assert closed("trend-rider", prompt({"BTCUSDT": coin(100.0, -0.2)}, [position("BTCUSDT")])) == ["BTCUSDT"]


def test_mean_reverter_fades_the_move_and_leaves_at_the_mean():
    assert opened("mean-reverter", prompt({"BTCUSDT": coin(100.0, 0.3)})) == [("open_short", "BTCUSDT")]
    assert opened("mean-reverter", prompt({"BTCUSDT": coin(100.0, -0.3)})) == [("open_long", "BTCUSDT")]
    assert closed("mean-reverter", prompt({"BTCUSDT": coin(100.0, 0.3)}, [position("BTCUSDT")])) == ["BTCUSDT"]


def test_breakout_scout_joins_the_break_with_more_leverage_and_leaves_when_it_fails():
    up = prompt({"BTCUSDT": coin(100.0, 0.3)})
    assert opened("breakout-scout", up) == [("open_long", "BTCUSDT")]
    assert actions("breakout-scout", up)[0]["leverage"] > actions("trend-rider", up)[0]["leverage"]
    assert closed("breakout-scout", prompt({"BTCUSDT": coin(100.0, 0.3)}, [position("BTCUSDT", "short")])) == ["BTCUSDT"]


def test_dip_buyer_buys_only_what_has_fallen():
    assert opened("dip-buyer", prompt({"BTCUSDT": coin(100.0, 0.3), "ETHUSDT": coin(100.0, -0.3)})) == [("open_long", "ETHUSDT")]
    assert opened("dip-buyer", prompt({"BTCUSDT": coin(100.0, 0.3)})) == []


def test_patient_holder_buys_the_large_coins_once_and_waits():
    coins = {name: coin(100.0, -0.5) for name in NAMES}
    assert opened("patient-holder", prompt(coins)) == [("open_long", "BTCUSDT")]
    held = [position("BTCUSDT", gain=-0.1), position("ETHUSDT")]
    assert {act["action"] for act in actions("patient-holder", prompt(coins, held))} == {"hold"}


def test_coin_flipper_is_decided_by_the_prompt_and_trades_often():
    texts = [prompt({name: coin(100.0 + turn) for name in NAMES}) for turn in range(30)]
    assert [decide("coin-flipper", text) for text in texts] == [decide("coin-flipper", text) for text in texts]
    sides = [side for text in texts for side, _ in opened("coin-flipper", text)]
    assert {"open_long", "open_short"} == set(sides)
    assert len(sides) == 30


@pytest.mark.parametrize("model", ["hold-only", "instant"])
def test_holders_hold_whatever_happens(model):
    assert [act["action"] for act in actions(model, prompt({"BTCUSDT": coin(100.0, 0.5)}))] == ["hold"]


def test_the_rambler_says_nothing_that_parses():
    with pytest.raises(ValueError):
        json.loads(decide("rambler", prompt({"BTCUSDT": coin(100.0)})).text)


@pytest.mark.parametrize(
    "text", ["", "hello", "STATE\n```json\nnot json\n```", 'STATE\n```json\n{"account": {}}\n```', "STATE\n```json\n[]\n```"]
)
def test_a_prompt_without_a_readable_state_is_answered_with_a_hold_that_says_so(text):
    for model in STYLES:
        (act,) = actions(model, text)
        assert act["action"] == "hold"
        assert "STATE" in act["reason"]


def test_the_answer_is_in_the_language_asked_for():
    chinese = json.loads(decide("trend-rider", prompt({"BTCUSDT": coin(100.0, 0.2)}, language="zh")).text)
    assert "权益" in chinese["summary"]
    assert "止损" in chinese["actions"][0]["reason"]


def test_nothing_is_opened_where_it_cannot_be():
    coins = {name: coin(100.0, 0.3) for name in NAMES}
    for model in STYLES:
        assert opened(model, prompt(coins, available="1")) == []
        assert opened(model, prompt(coins, entries_open=False)) == []
        assert opened(model, prompt({name: {"usable": False, "reason": "stale"} for name in NAMES})) == []
        assert opened(model, prompt(coins, [position(name) for name in NAMES[:3]])) == [] or closed(
            model, prompt(coins, [position(name) for name in NAMES[:3]])
        )


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(STYLES)),
    st.lists(st.tuples(st.floats(0.2, 90_000), st.floats(-0.8, 0.8)), min_size=6, max_size=6),
    st.sets(st.sampled_from(NAMES), max_size=3),
    st.floats(0, 20_000),
    st.integers(1, 20),
)
def test_every_reply_keeps_to_the_contract_and_the_limits(model, moves, held, available, cap):
    coins = {name: coin(round(last, 2), drift) for name, (last, drift) in zip(NAMES, moves, strict=True)}
    text = prompt(coins, [position(name) for name in sorted(held)], available=f"{available:.2f}", max_leverage=cap)
    reply = json.loads(decide(model, text).text)
    assert set(reply) == {"summary", "actions"}
    assert reply["actions"]
    spent = 0.0
    for act in reply["actions"]:
        assert set(act) == KEYS
        assert act["reason"]
        if not act["action"].startswith("open"):
            continue
        side, mark = 1 if act["action"] == "open_long" else -1, float(coins[act["symbol"]]["mark"])
        assert act["symbol"] not in held
        assert 1 <= act["leverage"] <= cap
        assert act["notional_usdt"] >= 5
        assert side * (mark - act["stop_loss"]) > 0
        assert act["take_profit"] is None or side * (act["take_profit"] - mark) > 0
        assert 0 <= act["confidence"] <= 1
        assert act["invalidation"]
        spent += act["notional_usdt"] * (1 / act["leverage"] + 0.0006)
    assert spent <= available
    kept = len(held) - sum(act["action"] == "close" for act in reply["actions"])
    assert kept + sum(act["action"].startswith("open") for act in reply["actions"]) <= 3
