"""Indicators over closed candles, as TA-Lib defines them. A value without enough bars behind it is None, never a half-warm number.

Only closed bars enter. Floats are right here: these are statistics shown to models, not money.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import talib

from app.engine.market import Candle

WARM_UP = 5
"""Bars needed behind a value, in multiples of its period: with fewer the seed still shows."""


@dataclass(frozen=True, slots=True)
class Indicators:
    """Latest value of each indicator for one symbol and timeframe; None where the history is too short."""

    ema20: float | None
    ema50: float | None
    macd: float | None
    macd_hist: float | None
    rsi7: float | None
    rsi14: float | None
    atr3: float | None
    atr14: float | None
    volume: float | None
    volume_average: float | None


NOTHING = Indicators(None, None, None, None, None, None, None, None, None, None)
_MACD_PERIODS = 26 + 9


def indicators(candles: Sequence[Candle]) -> Indicators:
    """Indicators of closed candles, oldest first."""
    if not candles:
        return NOTHING
    high, low, close, volume = (_column(candles, name) for name in ("high", "low", "close", "volume"))
    bars = len(candles)
    macd, _, histogram = talib.MACD(close, 12, 26, 9) if bars > _MACD_PERIODS else (np.array([np.nan]),) * 3
    return Indicators(
        ema20=_warm(talib.EMA(close, 20), 20, bars),
        ema50=_warm(talib.EMA(close, 50), 50, bars),
        macd=_warm(macd, _MACD_PERIODS, bars),
        macd_hist=_warm(histogram, _MACD_PERIODS, bars),
        rsi7=_warm(talib.RSI(close, 7), 7, bars),
        rsi14=_warm(talib.RSI(close, 14), 14, bars),
        atr3=_warm(talib.ATR(high, low, close, 3), 3, bars),
        atr14=_warm(talib.ATR(high, low, close, 14), 14, bars),
        volume=float(volume[-1]),
        volume_average=_warm(talib.SMA(volume, 20), 4, bars),
    )


def _column(candles: Sequence[Candle], name: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([float(getattr(candle, name)) for candle in candles], dtype=np.float64)


def _warm(series: "np.ndarray[tuple[int], np.dtype[np.float64]]", period: int, bars: int) -> float | None:
    if bars < WARM_UP * period:
        return None
    value = float(series[-1])
    return value if np.isfinite(value) else None
