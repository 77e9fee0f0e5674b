"""What a contestant is shown: the same market for all, its own books, nothing unsound, nothing half-warm."""

import csv
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from app.agents.briefing import Refusal, brief, market_part
from app.agents.indicators import NOTHING, indicators
from app.engine.exchange import apply
from app.engine.market import Candle, Quote, Snapshot, SymbolView
from app.engine.orders import OpenOrder
from app.engine.rules import Rules
from app.engine.trades import Side
from tests.engine.markets import NOON, D, account, instrument, market
from tests.reference_data import reference_file


def candles(count, width=timedelta(minutes=5)):
    return tuple(
        Candle(NOON - width * (count - i), D(100_000 + i), D(100_010 + i), D(99_990 + i), D(100_005 + i), D(3)) for i in range(count)
    )


def snapshot(**changes):
    quote = Quote("BTCUSDT", NOON, D(100_000), D(100_000), funding_rate=D("0.0001"))
    view = SymbolView(instrument(), quote, candles(300), candles(60, timedelta(hours=4)))
    return Snapshot(NOON, "sandbox", {"BTCUSDT": replace(view, **changes)})


def prompt(held=None, language="en", **changes):
    seen = snapshot(**changes)
    refusals = [Refusal("open_long", "BTCUSDT", "INSUFFICIENT_MARGIN", "too dear")]
    return brief(held or account(), D(10_000), seen, market_part(seen), Rules(), language=language, cycle_number=7, refusals=refusals)


def state(given):
    return json.loads(given.user.split("```json\n")[1].split("\n```")[0])


def test_the_state_shows_account_position_and_market_exactly():
    opened = apply(account(), market(), [OpenOrder("BTCUSDT", Side.LONG, D(1000), 10, D(95_000), None)], NOON).account
    shown = state(prompt(opened))
    assert shown["account"] == {"equity_usdt": "9999.40", "available_usdt": "9899.40", "initial_usdt": "10000.00"}
    (position,) = shown["positions"]
    assert (position["side"], position["quantity"], position["stop_loss"]) == ("long", "0.0100", "95000.0")
    assert shown["market"]["BTCUSDT"]["last"] == "100000"
    assert shown["market"]["BTCUSDT"]["closes_5m"][-1] == "100304"
    assert shown["refused_last_turn"][0]["code"] == "INSUFFICIENT_MARGIN"


def test_the_system_text_is_the_same_for_everybody_and_every_cycle():
    first, second = prompt(), prompt(apply(account(), market(), [OpenOrder("BTCUSDT", Side.LONG, D(1000), 10)], NOON).account)
    assert first.system_hash == second.system_hash
    assert first.user != second.user


def test_both_languages_show_the_same_state():
    english, chinese = prompt(), prompt(language="zh")
    assert english.system_hash != chinese.system_hash
    assert {**state(english), "language": ""} == {**state(chinese), "language": ""}
    assert "JSON" in chinese.system


def test_an_unsound_symbol_is_shown_as_such_and_without_numbers():
    shown = prompt(unusable="its price is 95 s old")
    assert state(shown)["market"]["BTCUSDT"] == {"usable": False, "reason": "its price is 95 s old"}
    assert "95 s old" in shown.user


def test_an_indicator_without_enough_bars_is_not_shown():
    few = indicators(candles(60))
    assert few.ema50 is None
    assert few.rsi7 is not None
    assert indicators(()) == NOTHING
    assert "EMA50 n/a" in prompt().user


@pytest.mark.reference
def test_indicators_equal_the_reference_values():
    rows = list(csv.DictReader(reference_file("indicators.csv").read_text().splitlines()))
    bars = tuple(
        Candle(NOON + timedelta(minutes=5 * i), *(D(row[name]) for name in ("open", "high", "low", "close", "volume")))
        for i, row in enumerate(rows)
    )
    found = indicators(bars)
    last = rows[-1]
    for name, column in (
        ("ema20", "ema20"),
        ("ema50", "ema50"),
        ("macd", "macd"),
        ("macd_hist", "macd_hist"),
        ("rsi7", "rsi7"),
        ("rsi14", "rsi14"),
        ("atr3", "atr3"),
        ("atr14", "atr14"),
        ("volume_average", "vol_sma20"),
    ):
        assert getattr(found, name) == pytest.approx(float(last[column]), rel=1e-9), name
