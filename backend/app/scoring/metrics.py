"""Performance of one equity series on a regular grid: return, drawdown, Sharpe. Simple returns, 24/7 markets, risk-free rate zero.

Figures that can't be told from the data are None, never zero and never infinite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

Series = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

YEAR = timedelta(days=365)
FLAT = 1e-12
"""A deviation below this share of the mean is rounding noise of a constant series, not risk."""


@dataclass(frozen=True, slots=True)
class Performance:
    """Fractions, except Sharpe, which is annualised. `max_drawdown` is negative or zero."""

    total_return: float
    max_drawdown: float
    sharpe: float | None


def returns_of(equity: Series) -> Series:
    """r_t = E_t / E_(t-1) - 1. After equity has reached zero the return is zero: there is nothing left to lose."""
    before = equity[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = equity[1:] / before - 1.0
    return np.where(before > 0, changes, 0.0)


def performance(equity: Sequence[float], step: timedelta) -> Performance | None:
    """Metrics of an equity series with one point a `step`, oldest first; None for fewer than two points."""
    values = np.asarray(equity, dtype=np.float64)
    if len(values) < 2 or values[0] <= 0:  # noqa: PLR2004 - a return needs two points
        return None
    returns = returns_of(values)
    return Performance(
        total_return=float(values[-1] / values[0] - 1.0),
        max_drawdown=max_drawdown(values),
        sharpe=annualised_sharpe(returns, step),
    )


def max_drawdown(equity: Series) -> float:
    """Min over t of E_t / max_(s<=t) E_s - 1."""
    peaks = np.maximum.accumulate(equity)
    return float(np.min(equity / peaks - 1.0))


def annualised_sharpe(returns: Series, step: timedelta) -> float | None:
    """Mean / sample deviation x sqrt(periods a year); None for fewer than two returns or a constant series."""
    if len(returns) < 2:  # noqa: PLR2004 - a deviation needs two returns
        return None
    mean, deviation = float(np.mean(returns)), float(np.std(returns, ddof=1))
    if deviation <= FLAT * max(1.0, abs(mean)):
        return None
    return mean / deviation * float(np.sqrt(YEAR / step))
