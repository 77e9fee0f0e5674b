"""Floats of a tape as exact integers of a power of ten, whole columns at a time. A float that stands for no short decimal is an error,
never rounded away.
"""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PLACES_MAX = 12
"""Most decimals a number on a tape may have."""

EXACT_BELOW = 1e15
"""Decimals of at most 15 digits and doubles map one to one, so below this the nearest integer is the decimal that `repr` shows."""


def scaled(values: Floats, places: int) -> tuple[Ints, Flags]:
    """(integers n, which are exact): n / 10^places equals Decimal(repr(value)) wherever the flag is set; NaN and infinities never are."""
    factor = 10.0**places
    with np.errstate(over="ignore"):
        near = np.rint(values * factor)
    exact = (near / factor == values) & (np.abs(near) < EXACT_BELOW)
    return np.where(exact, near, 0.0).astype(np.int64), exact


def places_of(value: Decimal) -> int:
    """Decimals a number needs."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def whole(value: Decimal, places: int) -> int:
    """Value x 10^places, which must be whole."""
    return int(value.scaleb(places))


def smallest_places(values: Floats, least: int) -> tuple[int, Ints] | None:
    """The fewest decimals, `least` or more, that keep every value exact, and the integers; None where PLACES_MAX don't suffice."""
    for places in range(least, PLACES_MAX + 1):
        numbers, exact = scaled(values, places)
        if exact.all():
            return places, numbers
    return None


def decimal_of(number: int, places: int) -> Decimal:
    """Number / 10^places."""
    return Decimal(number).scaleb(-places)


def half_even(numbers: Ints, divisor: int) -> Ints:
    """Numbers / divisor (> 0) to the nearest whole, ties to even, as Decimal's ROUND_HALF_EVEN does."""
    if divisor == 1:
        return numbers
    down, rest = np.divmod(numbers, divisor)
    twice = rest * 2
    up = (twice > divisor) | ((twice == divisor) & (down & 1 == 1))
    result: Ints = down + up
    return result


def to_places(numbers: Ints, places: int, wanted: int) -> Ints:
    """Numbers of 10^-places as numbers of 10^-wanted, rounded half-even where digits are lost."""
    return numbers * 10 ** (wanted - places) if wanted >= places else half_even(numbers, 10 ** (places - wanted))
