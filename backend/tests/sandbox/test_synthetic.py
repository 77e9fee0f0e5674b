"""The synthetic market: one market per seed, sound bars at any time, lifelike enough."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sandbox.prices.bars import coarser
from app.sandbox.prices.contracts import CONTRACTS, LISTED_SINCE_MINUTE
from app.sandbox.prices.feed import Kind
from app.sandbox.prices.granularity import GRANULARITIES
from app.sandbox.prices.minute_path import walk
from app.sandbox.prices.synthetic import synthetic_feed

FEED = synthetic_feed(7)
START = LISTED_SINCE_MINUTE + 2_000 * 1440
MONTH = 30 * 1440
minutes = st.integers(LISTED_SINCE_MINUTE, LISTED_SINCE_MINUTE + 12 * 365 * 1440)
symbols = st.sampled_from(list(CONTRACTS))
kinds = st.sampled_from(list(Kind))


def columns(bars):
    return [column.tolist() for column in (bars.minute, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.turnover)]


def returns(symbol, first=START, last=START + MONTH, step=5):
    close = FEED.prices.minutes(symbol, Kind.LAST, first, last).close[::step]
    return np.diff(np.log(close))


@settings(max_examples=40, deadline=None)
@given(symbols, kinds, minutes)
def test_any_hour_holds_sound_bars_one_a_minute(symbol, kind, first):
    bars = FEED.prices.minutes(symbol, kind, first, first + 60)
    assert bars.minute.tolist() == list(range(first, first + 60))
    assert (bars.low > 0).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.volume >= 0).all()
    assert bars.open.dtype == np.int64


@settings(max_examples=20, deadline=None)
@given(symbols, kinds, minutes)
def test_a_market_made_anew_and_asked_elsewhere_first_gives_the_same_bars(symbol, kind, first):
    fresh = synthetic_feed(7)
    fresh.prices.minutes(symbol, Kind.LAST, first + 40_000, first + 40_001)
    assert columns(fresh.prices.minutes(symbol, kind, first, first + 30)) == columns(FEED.prices.minutes(symbol, kind, first, first + 30))


def test_another_seed_is_another_market():
    other = synthetic_feed(8).prices.minutes("BTCUSDT", Kind.LAST, START, START + 60)
    assert columns(other) != columns(FEED.prices.minutes("BTCUSDT", Kind.LAST, START, START + 60))


@settings(max_examples=30, deadline=None)
@given(symbols, minutes, st.sampled_from(["5m", "15m", "1H", "4H", "1Dutc", "1Wutc", "1Mutc", "1D"]))
def test_wider_bars_are_exact_aggregates_of_the_minutes(symbol, first, name):
    edges = GRANULARITIES[name].edges(first, first + 10 * 1440)
    whole = FEED.prices.minutes(symbol, Kind.LAST, int(edges[0]), first + 10 * 1440)
    bars = coarser(whole, edges)
    for index in (0, len(bars) // 2, len(bars) - 1):
        begin = int(bars.minute[index])
        end = int(bars.minute[index + 1]) if index + 1 < len(bars) else first + 10 * 1440
        part = whole.between(begin, end)
        assert (bars.open[index], bars.close[index]) == (part.open[0], part.close[-1])
        assert (bars.high[index], bars.low[index]) == (part.high.max(), part.low.min())
        assert (bars.volume[index], bars.turnover[index]) == (part.volume.sum(), part.turnover.sum())


@settings(max_examples=20, deadline=None)
@given(symbols, kinds, minutes)
def test_kept_hours_are_aggregates_of_the_minutes(symbol, kind, minute):
    first = minute // 60 * 60
    expected = coarser(FEED.prices.minutes(symbol, kind, first, first + 1440), np.arange(first, first + 1440, 60))
    assert columns(FEED.prices.hours(symbol, kind, first, first + 1440)) == columns(expected)


@settings(max_examples=40, deadline=None)
@given(symbols, kinds, minutes)
def test_the_walk_inside_a_minute_ends_as_its_bar(symbol, kind, minute):
    bar = FEED.prices.minutes(symbol, kind, minute, minute + 1)
    path = walk(bar, 7, symbol)
    assert len(path) == 60
    assert (path[0], path.max(), path.min(), path[-1]) == (bar.open[0], bar.high[0], bar.low[0], bar.close[0])


def test_days_join_without_a_seam():
    bars = FEED.prices.minutes("BTCUSDT", Kind.LAST, START, START + 20 * 1440)
    at = np.arange(1440, 20 * 1440, 1440)
    assert (bars.open[at] == bars.close[at - 1]).all()


@pytest.mark.parametrize("symbol", list(CONTRACTS))
def test_prices_stay_plausible_for_years(symbol):
    contract = CONTRACTS[symbol]
    closes = [
        int(FEED.prices.minutes(symbol, Kind.LAST, minute, minute + 1).close[0]) / 10**contract.price_places
        for minute in range(START, START + 10 * 365 * 1440, 45 * 1440)
    ]
    middle = float(np.median(closes))
    assert max(closes) < 4 * middle
    assert min(closes) > middle / 4


def test_coins_move_together_but_not_as_one():
    btc, eth, doge = (returns(symbol) for symbol in ("BTCUSDT", "ETHUSDT", "DOGEUSDT"))
    assert 0.5 < np.corrcoef(btc, eth)[0, 1] < 0.95
    assert 0.3 < np.corrcoef(btc, doge)[0, 1] < 0.9


def test_volatility_has_a_lifelike_size_and_comes_in_clusters():
    moves = returns("BTCUSDT")
    daily = moves.std() * np.sqrt(288)
    assert 0.01 < daily < 0.045
    size = np.abs(moves)
    assert np.corrcoef(size[:-1], size[1:])[0, 1] > 0.15
    assert abs(np.corrcoef(moves[:-1], moves[1:])[0, 1]) < 0.1
    assert ((moves - moves.mean()) ** 4).mean() / moves.var() ** 2 > 4


def test_there_are_gaps_and_flat_stretches_now_and_then():
    for symbol in CONTRACTS:
        bars = FEED.prices.minutes(symbol, Kind.LAST, START, START + MONTH)
        gaps = (bars.open[1:] != bars.close[:-1]).sum()
        assert 5 <= gaps <= 90
        flat = (bars.volume == 0) & (bars.high == bars.low) & (bars.open == bars.close)
        assert 20 <= flat.sum() <= 600
        assert (flat[1:] & flat[:-1]).any()


def test_mark_follows_last_more_smoothly():
    last, mark = (FEED.prices.minutes("BTCUSDT", kind, START, START + MONTH).close for kind in (Kind.LAST, Kind.MARK))
    assert np.abs(mark / last - 1).max() < 0.02
    assert np.abs(np.diff(mark)).std() < 0.8 * np.abs(np.diff(last)).std()


def test_funding_follows_the_premium():
    settled = FEED.carry.settled("ETHUSDT", (START + MONTH) * 60_000)[-90:]
    mark, index = (FEED.prices.minutes("ETHUSDT", kind, START, START + MONTH).close for kind in (Kind.MARK, Kind.INDEX))
    premium = (mark / index - 1).reshape(90, 480).mean(axis=1)
    rates = np.array([float(rate) for _, rate in settled])
    assert len(set(rates.tolist())) > 3
    assert rates[premium > 7e-4].min(initial=1) > rates[premium < -4e-4].max(initial=-1)
    assert np.abs(rates).max() <= 0.003


def test_nothing_traded_before_the_listing():
    assert FEED.prices.as_of("BTCUSDT", LISTED_SINCE_MINUTE * 60_000 - 1) is None
    assert len(FEED.prices.minutes("BTCUSDT", Kind.LAST, LISTED_SINCE_MINUTE - 5, LISTED_SINCE_MINUTE)) == 0
