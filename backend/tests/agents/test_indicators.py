"""Indicators equal the reference to the last digits, and nothing half-warm is shown."""

import csv
import math
from datetime import timedelta

import numpy as np
import pytest

from app.agents.indicators import MACD_PERIOD, WARM_UP, Bars, atr, bollinger, ema, latest, macd, rsi, shown, true_range, volume_average
from app.agents.market_figures import market_figures
from app.agents.scene import Scene
from app.engine.market import Candle, Quote, Snapshot, SymbolView
from app.engine.rules import Rules
from tests.engine.markets import NOON, D, instrument
from tests.reference_data import reference_file


def candles(count, width=timedelta(minutes=5)):
    levels = [100_000 + 400 * math.sin(i / 7) + i for i in range(count)]
    return tuple(
        Candle(NOON - width * (count - i), *(D(f"{level + away:.1f}") for away in (-1, 9, -11, 2)), D(3 + i % 5))
        for i, level in enumerate(levels)
    )


def figures(near, far):
    quote = Quote("BTCUSDT", NOON, D(100_000), D(100_000))
    view = SymbolView(instrument(), quote, candles(near), candles(far, timedelta(hours=4)))
    (coin,) = market_figures(Scene(1, Snapshot(NOON, "sandbox", {"BTCUSDT": view}), Rules(), 5)).coins
    return coin


@pytest.mark.reference
def test_every_reference_column_is_reproduced():
    rows = list(csv.DictReader(reference_file("indicators.csv").read_text().splitlines()))
    bars = Bars.of(
        [
            Candle(NOON + timedelta(minutes=5 * i), *(D(row[name]) for name in ("open", "high", "low", "close", "volume")))
            for i, row in enumerate(rows)
        ]
    )
    upper, lower = bollinger(bars, 20, 2.0)
    found = {
        "ema20": ema(bars, 20),
        "ema50": ema(bars, 50),
        "ema12": ema(bars, 12),
        "ema26": ema(bars, 26),
        "macd": macd(bars).line,
        "macd_signal": macd(bars).signal,
        "macd_hist": macd(bars).histogram,
        "rsi7": rsi(bars, 7),
        "rsi14": rsi(bars, 14),
        "tr": true_range(bars),
        "atr3": atr(bars, 3),
        "atr14": atr(bars, 14),
        "vol_sma20": volume_average(bars, 20),
        "bb_up20_2": upper,
        "bb_lo20_2": lower,
    }
    prices = {"i", "ts_ms", "open", "high", "low", "close", "volume"}
    assert set(found) == {name for name in rows[0] if name not in prices and not name.startswith("x_")}
    for name, column in found.items():
        expected = np.array([float(row[name]) if row[name] else np.nan for row in rows])
        assert (np.isnan(column) == np.isnan(expected)).all(), name
        defined = ~np.isnan(expected)
        np.testing.assert_allclose(column[defined], expected[defined], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(("field", "period"), [("rsi7", 7), ("rsi14", 14), ("ema20", 20), ("macd", MACD_PERIOD)])
def test_a_series_shows_a_value_from_five_periods_on_and_not_one_bar_earlier(field, period):
    assert WARM_UP == 5
    assert set(getattr(figures(5 * period - 1, 10).near, field)) == {None}
    first = getattr(figures(5 * period, 10).near, field)
    assert first[:-1] == (None,) * 9
    assert first[-1] is not None
    half = getattr(figures(5 * period + 4, 10).near, field)
    assert [one is None for one in half] == [True] * 5 + [False] * 5
    assert None not in getattr(figures(5 * period + 9, 10).near, field)


@pytest.mark.parametrize(
    ("field", "bars"),
    [
        ("atr3", 15),
        ("atr14", 70),
        ("ema20", 100),
        ("ema50", 250),
        ("macd_histogram", 5 * MACD_PERIOD),
        ("volume_average", 20),
        ("volume", 1),
    ],
)
def test_a_gauge_is_shown_from_enough_bars_on(field, bars):
    assert getattr(figures(10, bars - 1).far_gauges, field) is None
    assert getattr(figures(10, bars).far_gauges, field) is not None


def test_a_half_warm_average_differs_from_the_true_one():
    whole, cut = Bars.of(candles(400)), Bars.of(candles(400)[-60:])
    assert abs(ema(whole, 50)[-1] - ema(cut, 50)[-1]) > 1
    assert latest(ema(cut, 50), 5 * 50) is None
    assert latest(ema(whole, 50), 5 * 50) == pytest.approx(ema(whole, 50)[-1])


def test_no_bars_give_no_values_and_a_flat_market_a_strength_of_zero():
    assert shown(ema(Bars.of(()), 20), 100, 10) == ()
    assert latest(macd(Bars.of(())).line, 1) is None
    flat = Bars.of([Candle(NOON, D(5), D(5), D(5), D(5), D(0))] * 120)
    assert latest(rsi(flat, 14), 70) == 0
