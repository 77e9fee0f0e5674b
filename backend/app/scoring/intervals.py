"""How sure the standings are: 95 % intervals by the stationary bootstrap (Politis and Romano 1994), the same resamples for all contestants.

Blocks keep the autocorrelation of equity, common indices keep the correlation between contestants. The seed is an argument: the same data
give the same intervals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np

from app.scoring.metrics import Series, annualised_sharpe, max_drawdown, returns_of

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
    draws = stationary_indices(periods, repetitions, MEAN_BLOCK, seed)
    paths = [resampled(table[:, draw]) for draw in draws]
    ranks = np.array([np.argsort(np.argsort(-path[:, -1])) + 1 for path in paths])
    return {name: _one(index, names, paths, ranks, step) for index, name in enumerate(names)}


def stationary_indices(periods: int, repetitions: int, mean_block: int, seed: int) -> "list[np.ndarray[tuple[int], np.dtype[np.int64]]]":
    """Index vectors of length `periods`: circular blocks of geometric length with mean `mean_block`."""
    chance = np.random.default_rng(seed)
    drawn = []
    for _ in range(repetitions):
        starts_block = chance.random(periods) < 1.0 / mean_block
        starts_block[0] = True
        positions = np.arange(periods)
        last_start = np.maximum.accumulate(np.where(starts_block, positions, 0))
        origin = chance.integers(0, periods, periods)
        drawn.append((origin[last_start] + positions - last_start) % periods)
    return drawn


def resampled(returns: Series) -> Series:
    """Wealth paths from 1.0 for rows of returns."""
    return np.concatenate([np.ones((len(returns), 1)), np.cumprod(1.0 + returns, axis=1)], axis=1)


def separable(found: Mapping[str, Uncertainty], order: list[str]) -> bool:
    """Whether any contestant's plausible ranks lie clear of the next one's in the standings."""
    return any(found[better].rank_worst < found[worse].rank_best for better, worse in pairwise(order))


def _one(index: int, names: list[str], paths: list[Series], ranks: Series, step: timedelta) -> Uncertainty:
    wealth = [path[index] for path in paths]
    sharpes = [sharpe for path in wealth if (sharpe := annualised_sharpe(returns_of(path), step)) is not None]
    low, high = np.quantile(ranks[:, index], [0.025, 0.975], method="nearest")
    return Uncertainty(
        total_return=_interval([float(path[-1] - 1.0) for path in wealth]),
        max_drawdown=_interval([max_drawdown(path) for path in wealth]),
        sharpe=_interval(sharpes) if len(sharpes) == len(wealth) else None,
        rank_best=max(1, int(low)),
        rank_worst=min(len(names), int(high)),
    )


def _interval(values: list[float]) -> Interval:
    tail = (1.0 - LEVEL) / 2
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Interval(float(low), float(high))
