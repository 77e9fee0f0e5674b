"""Numbers as prompts show them: digits that say something, and nothing else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agents.figures import change, gain, level, money, percent, price, rate, ratio, row, sharpe, significant, trimmed

D = Decimal


@pytest.mark.parametrize(
    ("value", "tick", "text"),
    [
        (D("113808.5"), D("0.1"), "113808.5"),
        (D("113808.50"), D("0.1"), "113808.5"),
        (D("113683.0"), D("0.1"), "113683"),
        (D("0.198595"), D("0.00001"), "0.1986"),
        (D("0.198606"), D("0.00001"), "0.19861"),
        (D("0.00000123"), D("0.00000001"), "0.00000123"),
        (D("100000.05"), D("0.1"), "100000"),
        (D("100000.15"), D("0.1"), "100000.2"),
        (D(1000), D(10), "1000"),
        (D("12.3"), D("0.5"), "12.5"),
        (None, D("0.1"), "n/a"),
    ],
)
def test_a_price_stands_on_its_tick_without_idle_zeros(value, tick, text):
    assert price(value, tick) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (113855.746, "113856"),
        (4091.1334, "4091.13"),
        (0.19863412, "0.198634"),
        (1234567.891, "1234568"),
        (2.5, "2.5"),
        (0.0, "0"),
        (None, "n/a"),
    ],
)
def test_an_average_has_six_digits_and_keeps_its_whole_part(value, text):
    assert level(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-33.833, "-33.8"),
        (-0.000012345, "-0.0000123"),  # three fixed decimals would say -0.0
        (1.25e-9, "0.00000000125"),
        (1173.061, "1173"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (9.996, "10"),
        (98457.43, "98457"),
    ],
)
def test_a_small_difference_never_reads_zero_and_never_has_an_exponent(value, text):
    assert change(value) == text


def test_ratios_percentages_rates_and_money_read_as_they_should():
    assert [ratio(one) for one in (65.404, 50.0, 100.0, 0.004, -0.001, D("0.65"), None)] == ["65.4", "50", "100", "0", "0", "0.65", "n/a"]
    assert [percent(one) for one in (D("0.0038"), D("-0.5"), D("0.00001"), 0.1095, None)] == [
        "+0.38%",
        "-50.00%",
        "0.00%",
        "+10.95%",
        "n/a",
    ]
    assert [rate(one) for one in (D("0.0000125"), D("-0.0000225902"), D(0), None)] == ["0.0000125", "-0.00002259", "0", "n/a"]
    assert [money(one) for one in (D("9999.4"), D("-0.001"), D("0.005"), None)] == ["9999.40", "0.00", "0.00", "n/a"]
    assert [gain(one) for one in (D("141.31"), D("-38.03"), D("0.004"), None)] == ["+141.31", "-38.03", "0.00", "n/a"]
    assert [sharpe(one) for one in (0.0481, -1.23456, None)] == ["0.0481", "-1.23", "n/a"]
    assert row(["1", "n/a", "3"]) == "1 n/a 3"
    assert row([]) == "n/a"


def test_decimals_can_be_asked_for_at_least():
    assert significant(113855.7461, 6, 3) == "113855.746"
    assert significant(-0.0000123456, 3, 3) == "-0.0000123"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15), st.integers(1, 12))
def test_significant_digits_are_kept_whatever_the_size(value, digits):
    text = significant(value, digits)
    assert "e" not in text.lower()
    assert text != "-0"
    assert not (("." in text) and text.endswith(("0", ".")))
    assert abs(float(text) - value) <= abs(value) * 10.0 ** (1 - digits) * 0.5000001


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=8))
def test_trimming_changes_no_number(value):
    assert D(trimmed(value)) == value
