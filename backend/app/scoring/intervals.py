"""How sure the standings are: 95 % intervals by the stationary bootstrap (Politis and Romano 1994), the same resamples for all contestants.

Blocks keep the autocorrelation of equity, common indices keep the correlation between contestants. The seed is an argument: the same data
give the same intervals.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from app.scoring.metrics import Series, annualised_sharpe, returns_of

MEAN_BLOCK = 48
"""Mean block length in periods (4 hours of 5-minute steps): positions live that long, so returns inside hang together."""

OBSERVATIONS_MIN = 2 * MEAN_BLOCK
"""With fewer periods than two blocks no interval is given."""

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """Lower and upper bound of the central 95 %."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Intervals of one contestant's figures, and the range of plausible ranks (1 is best)."""

    total_return: Interval | None
    max_drawdown: Interval | None
    sharpe: Interval | None
    rank_best: int
    rank_worst: int


def uncertainty(equities: Mapping[str, Series], step: timedelta, *, seed: int, repetitions: int = 500) -> dict[str, Uncertainty]:
    """Intervals for contestants whose equity series share one grid. With too little history: no intervals, any rank plausible."""
    names = list(equities)
    returns = [returns_of(equities[name]) for name in names]
    periods = min((len(one) for one in returns), default=0)
    if periods < OBSERVATIONS_MIN:
        return {name: Uncertainty(None, None, None, 1, len(names)) for name in names}
    table = np.stack([one[-periods:] for one in returns])
    found = _Resampled.empty(repetitions, len(names))
    # One resample at a time: a month of fifty contestants is three megabytes each, and all of them at once would be gigabytes.
    for row, draw in enumerate(stationary_indices(periods, repetitions, MEAN_BLOCK, seed)):
        found.take(row, table[:, draw], step)
    ranks = np.argsort(np.argsort(-found.total_return, axis=1), axis=1) + 1
    return {name: _one(index, len(names), found, ranks) for index, name in enumerate(names)}


@dataclass(frozen=True, slots=True)
class _Resampled:
    """Figures of every resample (rows) and contestant (columns); a Sharpe that can't be told is NaN."""

    total_return: Series
    max_drawdown: Series
    sharpe: Series

    @classmethod
    def empty(cls, repetitions: int, contestants: int) -> "_Resampled":
        return cls(*(np.empty((repetitions, contestants)) for _ in range(3)))

    def take(self, row: int, returns: Series, step: timedelta) -> None:
        wealth = resampled(returns)
        self.total_return[row] = wealth[:, -1] - 1.0
        self.max_drawdown[row] = np.min(wealth / np.maximum.accumulate(wealth, axis=1) - 1.0, axis=1)
        sharpes = (annualised_sharpe(one, step) for one in returns)
        self.sharpe[row] = [np.nan if sharpe is None else sharpe for sharpe in sharpes]


def stationary_indices(
    periods: int, repetitions: int, mean_block: int, seed: int
) -> "Iterator[np.ndarray[tuple[int], np.dtype[np.int64]]]":
    """Index vectors of length `periods`, one a repetition: circular blocks of geometric length with mean `mean_block`."""
    chance = np.random.default_rng(seed)
    positions = np.arange(periods)
    for _ in range(repetitions):
        starts_block = chance.random(periods) < 1.0 / mean_block
        starts_block[0] = True
        last_start = np.maximum.accumulate(np.where(starts_block, positions, 0))
        origin = chance.integers(0, periods, periods)
        yield (origin[last_start] + positions - last_start) % periods


def resampled(returns: Series) -> Series:
    """Wealth paths from 1.0 for rows of returns."""
    return np.concatenate([np.ones((len(returns), 1)), np.cumprod(1.0 + returns, axis=1)], axis=1)


def separable(found: Mapping[str, Uncertainty], order: list[str]) -> bool:
    """Whether any contestant's plausible ranks lie clear of the next one's in the standings."""
    return any(found[better].rank_worst < found[worse].rank_best for better, worse in pairwise(order))


def _one(index: int, contestants: int, found: _Resampled, ranks: "np.ndarray[Any, Any]") -> Uncertainty:
    sharpes = found.sharpe[:, index]
    low, high = np.quantile(ranks[:, index], [0.025, 0.975], method="nearest")
    return Uncertainty(
        total_return=_interval(found.total_return[:, index]),
        max_drawdown=_interval(found.max_drawdown[:, index]),
        sharpe=None if np.isnan(sharpes).any() else _interval(sharpes),
        rank_best=max(1, int(low)),
        rank_worst=min(contestants, int(high)),
    )


def _interval(values: Series) -> Interval:
    tail = (1.0 - LEVEL) / 2
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Interval(float(low), float(high))
