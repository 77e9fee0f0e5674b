"""Numbers as a prompt shows them. Significant digits instead of fixed decimals, so that small coins don't read as zeros.

| what | shown with |
|---|---|
| prices | the contract's tick |
| averages of prices | 6 significant digits |
| funding rates | 4 significant digits |
| MACD, ATR, volumes, open interest, Sharpe | 3 significant digits |
| RSI, confidence, spreads, percentages | 2 decimals |
| USDT | 2 decimals, always written out |

Digits before the point are never rounded away. No exponent, no trailing zeros (USDT apart), no "-0"; None reads `n/a`. Every published
template shows its numbers through these functions: a change here is a new version of all of them.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal

NOT_AVAILABLE = "n/a"
LEVEL_DIGITS = 6
CHANGE_DIGITS = 3
RATE_DIGITS = 4
SHARPE_DIGITS = 3

Number = Decimal | float
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_CENT = Decimal("0.01")


def price(value: Decimal | None, tick: Decimal) -> str:
    """A price in USDT on the contract's tick, ties to even."""
    if value is None:
        return NOT_AVAILABLE
    steps = _EXACT.divide(value, tick).to_integral_value(rounding=ROUND_HALF_EVEN)
    return trimmed(_EXACT.multiply(steps, tick))


def significant(value: Number | None, digits: int, decimals_min: int = 0) -> str:
    """A number with `digits` significant digits; its whole part is kept whatever its length, and at least `decimals_min` decimals."""
    if value is None:
        return NOT_AVAILABLE
    exact = _decimal(value)
    decimals = max(digits - 1 - exact.adjusted(), decimals_min, 0)
    return trimmed(exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN, context=_EXACT))


def level(value: Number | None) -> str:
    """An average of prices, USDT."""
    return significant(value, LEVEL_DIGITS)


def change(value: Number | None) -> str:
    """A difference or range of prices in USDT, or an amount in the base coin."""
    return significant(value, CHANGE_DIGITS)


def rate(value: Decimal | None) -> str:
    """A funding rate, as a fraction."""
    return significant(value, RATE_DIGITS)


def sharpe(value: Number | None) -> str:
    """A Sharpe ratio: over short periods they are small."""
    return significant(value, SHARPE_DIGITS)


def ratio(value: Number | None) -> str:
    """A number without unit, two decimals at most."""
    return NOT_AVAILABLE if value is None else trimmed(_cents(_decimal(value)))


def percent(fraction: Number | None) -> str:
    """A fraction as a signed percentage, like +1.25%."""
    return NOT_AVAILABLE if fraction is None else f"{_signed(_cents(_EXACT.multiply(_decimal(fraction), Decimal(100))))}%"


def money(value: Decimal | None) -> str:
    """USDT with its cents."""
    return NOT_AVAILABLE if value is None else format(_cents(value), "f")


def gain(value: Decimal | None) -> str:
    """USDT won or lost, with its sign."""
    return NOT_AVAILABLE if value is None else _signed(_cents(value))


def trimmed(value: Decimal) -> str:
    """All digits of a number, without an exponent and without zeros that say nothing."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def row(texts: Iterable[str]) -> str:
    """A series as one row, oldest to newest; without values it isn't available."""
    return " ".join(texts) or NOT_AVAILABLE


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def _cents(value: Decimal) -> Decimal:
    """To two decimals; a zero loses its sign."""
    rounded = value.quantize(_CENT, rounding=ROUND_HALF_EVEN, context=_EXACT)
    return abs(rounded) if rounded.is_zero() else rounded


def _signed(value: Decimal) -> str:
    return format(value, "+f") if value else format(value, "f")
