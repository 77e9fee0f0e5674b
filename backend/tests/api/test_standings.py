"""The grid behind drawdown, Sharpe and intervals is regular, whatever the operator and the weather did."""

from datetime import timedelta

import pytest

from app.api.standings import regular
from app.scoring.metrics import performance
from tests.engine.markets import NOON

STEP = timedelta(minutes=5)
INITIALS = {"a": 10_000.0, "b": 10_000.0}


def rows(name, *values):
    return [(name, NOON + STEP * slot, float(value)) for slot, value in enumerate(values) if value is not None]


def test_the_starting_balance_stands_before_the_first_cycle():
    found = regular(rows("a", 9_950, 9_990), STEP, INITIALS)
    assert list(found["a"]) == [10_000, 9_950, 9_990]
    assert performance(list(found["a"]), STEP).max_drawdown == pytest.approx(-0.005)


def test_a_missed_slot_repeats_the_value_before_it():
    found = regular(rows("a", 10_010, None, None, 10_020), STEP, INITIALS)
    assert list(found["a"]) == [10_000, 10_010, 10_010, 10_010, 10_020]


def test_contestants_are_compared_over_the_time_they_have_in_common():
    found = regular([*rows("a", 10_010, 10_020, 10_030), *rows("b", None, 10_000, 9_990)], STEP, INITIALS)
    assert {name: list(values) for name, values in found.items()} == {"a": [10_020, 10_030], "b": [10_000, 9_990]}


def test_without_cycles_there_is_no_grid():
    assert regular([], STEP, INITIALS) == {}
