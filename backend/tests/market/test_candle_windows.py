from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.market import Timeframe
from app.market.candle_windows import TAIL_SPARE_BARS, WHOLE_BARS, WINDOW_BARS_MIN, Window, bars_to_ask, fitted, joined
from app.market.snapshot import CHUNK_BARS, EPOCH
from tests.market.values import AT, candle, candles

FIVE = Timeframe.FIVE_MINUTES


def window(count: int = 320, missing: int = 0) -> Window:
    until = AT - missing * FIVE.width
    return Window(candles(count, until=until), until)


def test_without_a_window_all_bars_are_asked_for():
    assert bars_to_ask(None, FIVE, AT) == bars_to_ask(Window((), AT), FIVE, AT) == WHOLE_BARS


@pytest.mark.parametrize(("missing", "asked"), [(1, 2 + TAIL_SPARE_BARS), (10, 11 + TAIL_SPARE_BARS), (10_000, WHOLE_BARS)])
def test_only_missing_bars_and_a_few_more_are_asked_for(missing, asked):
    assert bars_to_ask(window(missing=missing), FIVE, AT) == asked


def test_a_complete_window_is_asked_for_again_until_its_last_bar_has_settled():
    bars = candles(320, timeframe=Timeframe.FOUR_HOURS)
    closed_at = bars[-1].open_time + Timeframe.FOUR_HOURS.width
    assert bars_to_ask(Window(bars, closed_at + timedelta(seconds=3)), Timeframe.FOUR_HOURS, AT) > 0
    assert bars_to_ask(Window(bars, closed_at + timedelta(minutes=5)), Timeframe.FOUR_HOURS, AT) == 0


def test_a_tail_that_joins_on_completes_the_window_and_revises_it():
    old = window(320, missing=2)
    tail = tuple(candle(bar.open_time, "105") for bar in candles(4))
    new = joined(old, tail, FIVE, AT)
    assert new is not None
    assert new.bars[-4:] == tail
    assert new.bars[-5] == old.bars[-3]
    assert all(after.open_time - before.open_time == FIVE.width for before, after in pairwise(new.bars))


def test_a_tail_right_after_the_window_joins_on():
    assert joined(window(320, missing=3), candles(3), FIVE, AT) is not None


@pytest.mark.parametrize("tail", [(), candles(2)])
def test_a_tail_behind_a_gap_or_none_at_all_does_not_join(tail):
    assert joined(window(320, missing=3), tail, FIVE, AT) is None


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 400), st.integers(0, 100_000), st.sampled_from([FIVE, Timeframe.FOUR_HOURS]))
def test_a_window_starts_on_a_whole_chunk_and_keeps_enough(count, shift, timeframe):
    bars = candles(count, until=AT + shift * timedelta(minutes=5), timeframe=timeframe)
    kept = fitted(bars, timeframe, AT).bars
    assert kept == bars[-len(kept) :]
    assert len(kept) >= min(count, WINDOW_BARS_MIN)
    assert len(kept) < WINDOW_BARS_MIN + CHUNK_BARS
    if len(kept) < count:
        assert (kept[0].open_time - EPOCH) % (CHUNK_BARS * timeframe.width) == timedelta(0)
