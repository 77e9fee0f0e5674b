from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay.scaled import decimal_of, half_even, places_of, scaled, smallest_places, to_places


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1), st.integers(0, 12))
def test_what_is_called_exact_is_the_decimal_that_repr_shows(values, places):
    numbers, exact = scaled(np.array(values), places)
    for value, number, fine in zip(values, numbers.tolist(), exact.tolist(), strict=True):
        if fine:
            assert decimal_of(number, places) == Decimal(repr(value))


@given(st.integers(-(10**14), 10**14), st.integers(0, 8))
def test_every_decimal_of_fifteen_digits_is_found_exact(number, places):
    value = float(Decimal(number).scaleb(-places))
    assert scaled(np.array([value]), places)[0].tolist() == [number]


@given(st.integers(-(10**18), 10**18), st.sampled_from([1, 2, 5, 10, 1000, 12_500, 10**9]))
def test_rounding_is_that_of_decimal_with_ties_to_even(number, divisor):
    expected = (Decimal(number) / divisor).to_integral_value(ROUND_HALF_EVEN)
    assert half_even(np.array([number]), divisor).tolist() == [int(expected)]


@pytest.mark.parametrize(("number", "expected"), [(5, 0), (15, 2), (25, 2), (-5, 0), (-15, -2), (26, 3)])
def test_ties_go_to_the_even_neighbour(number, expected):
    assert to_places(np.array([number]), 1, 0).tolist() == [expected]


def test_the_fewest_places_that_keep_all_values_are_found_or_none():
    assert smallest_places(np.array([1.5, 2.25]), 0)[0] == 2
    assert smallest_places(np.array([1.0]), 3)[0] == 3
    assert smallest_places(np.array([1 / 3]), 0) is None
    assert (places_of(Decimal("0.0100")), places_of(Decimal("1E+3"))) == (2, 0)
