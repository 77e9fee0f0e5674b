"""The one door for numbers that are money, price or quantity. Decimal only; floats are refused.

Cash is kept to 1e-8 USDT, quantities to the contract's lot, prices to its tick.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
"""The arithmetic every engine entry point works in, so that nobody's global context can change the books."""

CASH_STEP = Decimal("0.00000001")
ZERO = Decimal(0)
ONE = Decimal(1)


def exact(value: str | int | Decimal) -> Decimal:
    """A finite Decimal from text, an integer or a Decimal. Raises ValueError for anything else, NaN and infinities included."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"not an exact number: {value!r} ({type(value).__name__})")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"not a number: {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value!r}")
    return number


def to_cash(amount: Decimal) -> Decimal:
    """USDT rounded to 1e-8, ties to even."""
    return amount.quantize(CASH_STEP, rounding=ROUND_HALF_EVEN)


def to_cash_up(amount: Decimal) -> Decimal:
    """USDT rounded up to 1e-8: what a contestant must put up is never rounded in the contestant's favour."""
    return amount.quantize(CASH_STEP, rounding=ROUND_CEILING)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` not above `value`."""
    return ((value / step).to_integral_value(rounding=ROUND_FLOOR) * step).quantize(step)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` not below `value`."""
    return ((value / step).to_integral_value(rounding=ROUND_CEILING) * step).quantize(step)


def round_to(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` nearest to `value`, ties to even."""
    return ((value / step).to_integral_value(rounding=ROUND_HALF_EVEN) * step).quantize(step)


def plain(value: Decimal) -> str:
    """Decimal as text without an exponent, digits kept as they are."""
    return format(value, "f")
