"""Indicators over closed candles, as TA-Lib defines them, and the rule that says when a value may be shown.

Only closed bars enter. Floats are right here: these are statistics shown to models, not money. TA-Lib seeds an EMA with the mean of its
first n closes, RSI and ATR with Wilder's means, and calls a flat RSI 0; where it defines no value yet there is NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import talib

from app.engine.market import Candle

WARM_UP = 5
"""Bars needed behind a value, in multiples of its period: with fewer the seed still shows."""

MACD_FAST, MACD_SLOW, MACD_SIGNAL = 12, 26, 9
MACD_PERIOD = MACD_SLOW + MACD_SIGNAL
"""What counts as MACD's period: its signal is an average of an average."""

Column = np.ndarray[tuple[int], np.dtype[np.float64]]
Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Closed candles of one symbol and width as columns, oldest first."""

    high: Column
    low: Column
    close: Column
    volume: Column

    @classmethod
    def of(cls, candles: Sequence[Candle]) -> "Bars":
        """The columns of these candles."""
        return cls(*(np.array([float(getattr(one, name)) for one in candles]) for name in ("high", "low", "close", "volume")))


@dataclass(frozen=True, slots=True, eq=False)
class Macd:
    """MACD(12, 26, 9): the line, its signal, and what lies between."""

    line: Column
    signal: Column
    histogram: Column


def ema(bars: Bars, period: int) -> Column:
    """Exponential moving average of closes, USDT."""
    return _column(talib.EMA(bars.close, period))


def macd(bars: Bars) -> Macd:
    """Moving average convergence and divergence of closes, USDT."""
    return Macd(*(_column(one) for one in talib.MACD(bars.close, MACD_FAST, MACD_SLOW, MACD_SIGNAL)))


def rsi(bars: Bars, period: int) -> Column:
    """Relative strength of closes, 0 to 100."""
    return _column(talib.RSI(bars.close, period))


def true_range(bars: Bars) -> Column:
    """The largest of high - low and the distances of both from the close before, USDT."""
    return _column(talib.TRANGE(bars.high, bars.low, bars.close))


def atr(bars: Bars, period: int) -> Column:
    """Wilder's average of the true range, USDT."""
    return _column(talib.ATR(bars.high, bars.low, bars.close, period))


def volume_average(bars: Bars, period: int) -> Column:
    """Plain mean of the volumes, base coin."""
    return _column(talib.SMA(bars.volume, period))


def bollinger(bars: Bars, period: int, width: float) -> tuple[Column, Column]:
    """Upper and lower band: mean of closes plus and minus `width` population standard deviations, USDT."""
    upper, _, lower = talib.BBANDS(bars.close, period, width, width)
    return _column(upper), _column(lower)


def shown(column: Column, bars_needed: int, count: int) -> Values:
    """The last `count` values; None for each with fewer than `bars_needed` bars up to its own, so that a series may begin cold."""
    first = max(0, len(column) - count)
    return tuple(
        float(value) if index >= bars_needed and np.isfinite(value) else None for index, value in enumerate(column[first:], first + 1)
    )


def latest(column: Column, bars_needed: int) -> float | None:
    """The last value; None where it may not be shown."""
    found = shown(column, bars_needed, 1)
    return found[0] if found else None


def _column(found: object) -> Column:
    """What TA-Lib gives, with its type: its own stubs name none."""
    return np.asarray(found, dtype=np.float64)
