"""The scripted traders: each in its style, always within the reply contract and the limits, only from the prompt."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sandbox.models.traders import STYLES, decide
from tests.sandbox.prompts import SHUT, coin, position, prompt

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
SIGNAL_KEYS = {
    "coin",
    "signal",
    "quantity",
    "profit_target",
    "stop_loss",
    "invalidation_condition",
    "leverage",
    "confidence",
    "risk_usd",
    "justification",
}
NAMES = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT")


def actions(model, text):
    return json.loads(decide(model, text).text)["actions"]


def opened(model, text):
    return [(act["action"], act["symbol"]) for act in actions(model, text) if act["action"].startswith("open")]


def closed(model, text):
    return [act["symbol"] for act in actions(model, text) if act["action"] == "close"]


def without_words(act):
    return {name: value for name, value in act.items() if name not in {"reason", "invalidation"}}


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


BROKEN = (
    "",
    "hello",
    "# Market at noon\n\n# Your account, none",
    "# Contracts\nBTCUSDT, 1, 1, 1, 1, 5x, 1%\n# Market at noon\nBTCUSDT last 1.2.3\n\n# Your account, cycle 1\nequity 1.2.3 available x",
    "x\nSTATE OF THE MARKET\n\nBTC\n\nYOUR ACCOUNT\nnothing",
    'x\nSTATE OF THE MARKET\n\nYOUR ACCOUNT\nAccount value: 1\nAvailable cash: 1\n{"symbol": "BTC"}\n',
    'x\nSTATE OF THE MARKET\n\nYOUR ACCOUNT\nAccount value: 1\nAvailable cash: 1\n{"symbol" broken\n',
)


@pytest.mark.parametrize("text", BROKEN)
def test_a_prompt_without_a_readable_market_is_answered_with_a_hold_that_says_so(text):
    for model in STYLES:
        (act,) = actions(model, text)
        assert act["action"] == "hold"
        assert "no market" in act["reason"]


def test_the_answer_is_in_the_language_asked_for():
    chinese = json.loads(decide("trend-rider", prompt({"BTCUSDT": coin(100.0, 0.2)}, language="zh")).text)
    assert "权益" in chinese["summary"]
    assert "止损" in chinese["actions"][0]["reason"]


def test_both_languages_are_read_alike():
    coins, held = {name: coin(100.0 + drift, drift) for name, drift in zip(NAMES, (0.3, -0.3, 0.1, -0.1, 0.0, 0.6), strict=True)}, "SOLUSDT"
    for model in set(STYLES) - {"coin-flipper"}:  # a coin falls by the hash of the prompt
        english, chinese = (actions(model, prompt(coins, [position(held, "short", -0.02)], language=language)) for language in ("en", "zh"))
        assert [without_words(act) for act in english] == [without_words(act) for act in chinese]


def test_closing_is_all_that_is_done_in_a_close_only_turn():
    coins = {"BTCUSDT": coin(100.0, -0.2), "ETHUSDT": coin(100.0, 0.4)}
    for language in ("en", "zh"):
        text = prompt(coins, [position("BTCUSDT")], language=language, entries_open=False)
        assert closed("trend-rider", text) == ["BTCUSDT"]
        assert opened("trend-rider", text) == []


def test_a_prompt_of_the_older_contest_is_answered_in_its_own_shape():
    coins = {"BTCUSDT": coin(100.0, -0.3), "ETHUSDT": coin(100.0, 0.3), "SOLUSDT": SHUT}
    text = prompt(coins, [position("BTCUSDT")], template="alpha-arena-s1")
    signals = json.loads(decide("breakout-scout", text).text)
    assert {name: signal["signal"] for name, signal in signals.items()} == {"BTC": "close_position", "ETH": "buy_to_enter"}
    assert all(set(signal) == SIGNAL_KEYS for signal in signals.values())
    assert signals["BTC"]["quantity"] == 10
    assert signals["ETH"]["stop_loss"] < 100 < signals["ETH"]["profit_target"]
    assert 0 < signals["ETH"]["quantity"] * 100 / signals["ETH"]["leverage"] < 10_000
    assert signals["ETH"]["justification"]


def test_holding_in_the_older_contest_keeps_the_whole_position():
    text = prompt({"BTCUSDT": coin(100.0)}, [position("BTCUSDT")], template="alpha-arena-s1")
    signal = json.loads(decide("patient-holder", text).text)["BTC"]
    assert (signal["signal"], signal["quantity"], signal["leverage"], signal["justification"]) == ("hold", 10, 5, "")


def test_nothing_is_opened_where_it_cannot_be():
    coins = {name: coin(100.0, 0.3) for name in NAMES}
    for model in STYLES:
        assert opened(model, prompt(coins, available="1")) == []
        assert opened(model, prompt(coins, entries_open=False)) == []
        assert opened(model, prompt(dict.fromkeys(NAMES, SHUT))) == []
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
        side, mark = 1 if act["action"] == "open_long" else -1, float(coins[act["symbol"]].mark)
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
