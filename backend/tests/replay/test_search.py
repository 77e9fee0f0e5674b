import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.replay.inputs import Bars
from app.replay.search import extremes, first_touches, ladder, next_touch


@st.composite
def bars(draw):
    lows = draw(st.lists(st.integers(1, 60), min_size=1, max_size=150))
    low = np.array(lows, np.int64)
    high = low + np.array(draw(st.lists(st.integers(0, 20), min_size=len(lows), max_size=len(lows))), np.int64)
    return Bars("BTCUSDT", 1, np.arange(len(lows)) * 60_000, low, high, low, low)


def visited(one, start, end, below, above):
    """The same by looking at each bar."""
    return next((at for at in range(start, end) if one.low[at] <= below or one.high[at] >= above), end)


@given(bars(), st.data())
def test_searches_find_the_first_bar_that_reaches_a_level(one, data):
    count = len(one.time)
    stretches = data.draw(st.lists(st.tuples(st.integers(0, count), st.integers(0, count)).map(sorted), min_size=1, max_size=20))
    below = data.draw(st.integers(-1, 12))
    above = data.draw(st.integers(60, 90))
    starts, ends = (np.array(column, np.int64) for column in zip(*stretches, strict=True))
    rungs = ladder(one, int((ends - starts).max()))
    levels = np.full(len(starts), below), np.full(len(starts), above)
    assert first_touches(rungs, starts, ends, *levels).tolist() == [visited(one, start, end, below, above) for start, end in stretches]
    assert [next_touch(one, start, below, above) for start in starts] == [visited(one, start, count, below, above) for start in starts]


@given(bars(), st.data())
def test_the_ladder_knows_the_extremes_of_every_stretch(one, data):
    count = len(one.time)
    stretches = data.draw(st.lists(st.tuples(st.integers(0, count), st.integers(0, count)).map(sorted), min_size=1, max_size=20))
    real = [(start, end) for start, end in stretches if start < end] or [(0, 1)]
    starts, ends = (np.array(column, np.int64) for column in zip(*real, strict=True))
    low, high = extremes(ladder(one, int((ends - starts).max())), starts, ends)
    assert low.tolist() == [one.low[start:end].min() for start, end in real]
    assert high.tolist() == [one.high[start:end].max() for start, end in real]
