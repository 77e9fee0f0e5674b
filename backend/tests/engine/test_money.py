"""The door for exact numbers: what comes in, and which way each rounding goes."""

import decimal
from decimal import localcontext

import pytest

from app.engine.money import CONTEXT, ceil_to, exact, floor_to, plain, round_to, to_cash, to_cash_up
from tests.engine.markets import D


@pytest.mark.parametrize(("given", "number"), [("0.1", "0.1"), ("-1e-8", "-0.00000001"), (7, "7"), (D("100.50"), "100.50"), (" 3 ", "3")])
def test_text_integers_and_decimals_become_exact_numbers(given, number):
    found = exact(given)
    assert type(found) is D
    assert (found, found.as_tuple()) == (D(number), D(number).as_tuple())


@pytest.mark.parametrize("given", [0.1, 1.0, True, False, None, b"1", [1]])
def test_floats_booleans_and_other_things_are_no_exact_numbers(given):
    with pytest.raises(ValueError, match="not an exact number: .*" + type(given).__name__):
        exact(given)


@pytest.mark.parametrize("given", ["", "ten", "1,5", "0x10", "1e"])
def test_text_that_is_no_number_is_named_and_not_blamed_on_the_arithmetic(given):
    with pytest.raises(ValueError, match=f"not a number: {given!r}") as raised:
        exact(given)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("given", ["NaN", "sNaN", "Infinity", "-inf", D("NaN"), D("-Infinity")])
def test_nan_and_infinities_never_enter(given):
    with pytest.raises(ValueError, match="not a finite number"):
        exact(given)


@pytest.mark.parametrize(
    ("amount", "nearest", "up"),
    [
        ("1.000000001", "1.00000000", "1.00000001"),
        ("1.000000005", "1.00000000", "1.00000001"),
        ("1.000000015", "1.00000002", "1.00000002"),
        ("1.00000001", "1.00000001", "1.00000001"),
        ("-1.000000005", "-1.00000000", "-1.00000000"),
        ("-1.000000016", "-1.00000002", "-1.00000001"),
    ],
)
def test_cash_goes_to_the_nearest_hundred_millionth_ties_to_even_and_what_must_be_put_up_goes_up(amount, nearest, up):
    assert (to_cash(D(amount)), to_cash_up(D(amount))) == (D(nearest), D(up))
    assert str(to_cash(D(3))) == str(to_cash_up(D(3))) == "3.00000000"


@pytest.mark.parametrize(
    ("value", "step", "below", "nearest", "above"),
    [
        ("100.05", "0.1", "100.0", "100.0", "100.1"),
        ("100.15", "0.1", "100.1", "100.2", "100.2"),
        ("100.1", "0.1", "100.1", "100.1", "100.1"),
        ("7.4", "2.5", "5.0", "7.5", "7.5"),
        ("0.00009", "0.0001", "0", "0.0001", "0.0001"),
        ("-0.15", "0.1", "-0.2", "-0.2", "-0.1"),
    ],
)
def test_a_value_goes_to_the_step_below_nearest_or_above(value, step, below, nearest, above):
    found = tuple(to_step(D(value), D(step)) for to_step in (floor_to, round_to, ceil_to))
    assert found == (D(below), D(nearest), D(above))
    assert all(one.as_tuple().exponent == D(step).as_tuple().exponent for one in found), "as many digits as the step has"


def test_numbers_are_written_without_an_exponent_and_with_all_their_digits():
    assert [plain(D(text)) for text in ("1E+3", "1E-8", "0.10", "-5")] == ["1000", "0.00000001", "0.10", "-5"]


def test_the_engine_counts_with_34_digits_and_stops_at_what_is_no_number():
    with localcontext(CONTEXT):
        assert str(D(1) / 3) == "0." + "3" * 34
        assert D("0." + "0" * 33 + "25") + 1 == D("1." + "0" * 32 + "2") - D("1E-33") * 2, "the 35th digit is rounded, ties to even"
        for signal, broken in (
            (decimal.DivisionByZero, lambda: D(1) / D(0)),
            (decimal.InvalidOperation, lambda: D("NaN") > 1),
            (decimal.Overflow, lambda: D("9E+999999") * 10),
        ):
            with pytest.raises(signal):
                broken()


def test_no_rounding_depends_on_the_context_it_is_called_in():
    with localcontext(CONTEXT) as context:
        context.rounding = decimal.ROUND_UP
        upward = (to_cash(D("1.000000001")), to_cash_up(D("-1.000000001")), *(step(D("1.02"), D("0.1")) for step in (floor_to, round_to)))
        context.rounding = decimal.ROUND_DOWN
        downward = (to_cash_up(D("1.000000001")), *(step(D("1.08"), D("0.1")) for step in (ceil_to, round_to)))
    assert upward == (D(1), D(-1), D("1.0"), D("1.0"))
    assert downward == (D("1.00000001"), D("1.1"), D("1.1"))
