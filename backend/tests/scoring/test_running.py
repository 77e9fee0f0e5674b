"""The running Sharpe ratio says what the whole series would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scoring.metrics import returns_of
from app.scoring.running import RETURNS_MIN, RunningSharpe


def taken(points):
    running = RunningSharpe()
    for point in points:
        running.take(point)
    return running.value


@given(st.lists(st.floats(1.0, 1e6), min_size=RETURNS_MIN + 2, max_size=120))
def test_it_equals_mean_over_deviation_of_the_whole_series(points):
    returns = returns_of(np.array(points))
    deviation = float(np.std(returns, ddof=1))
    found = taken(points)
    if deviation > 1e-9 * max(1.0, abs(float(np.mean(returns)))):
        assert found == pytest.approx(float(np.mean(returns)) / deviation, rel=1e-6, abs=1e-9)


def test_a_short_or_constant_series_has_none():
    assert taken([10_000.0 + one for one in range(RETURNS_MIN)]) is None
    assert taken([10_000.0] * 200) is None


def test_a_ruined_account_adds_returns_of_zero_and_never_divides():
    assert taken([100.0, 50.0, 0.0, *([0.0] * 60)]) is not None
