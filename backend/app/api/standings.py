"""The statistics behind the standings: computed off the event loop, once a cycle, and kept until the next one."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from app.api.context import Arena
from app.api.measured import Figures, Measured
from app.api.schemas import Estimate
from app.cycle.parts import Parts
from app.scoring.intervals import Interval, Uncertainty, separable, uncertainty
from app.scoring.metrics import Performance, Series, performance
from app.store import equity

GRID_POINTS_MAX = 8_640
"""Metrics look back at most this many cycles (30 days of five minutes); a longer season is measured over its last part."""

SEED = 20260101
PATIENCE_SECONDS = 0.3
"""How long an answer waits for fresh figures before it goes out with the last ones."""


async def figures(arena: Arena, parts: Parts) -> Measured:
    """Figures of the current season. A new cycle has them measured again; a long season is answered with the last ones meanwhile."""
    async with parts.database.reading() as connection:
        key = (parts.season_id, await equity.last_cycle_with_equity(connection, parts.season_id))
    if arena.measured.key != key and (arena.measuring is None or arena.measuring.done()):
        arena.measuring = asyncio.create_task(_measure_again(arena, parts, key))
    if arena.measuring is not None:
        await asyncio.wait({arena.measuring}, timeout=PATIENCE_SECONDS)
    return arena.measured


async def _measure_again(arena: Arena, parts: Parts, key: tuple[int, int]) -> None:
    async with parts.database.reading() as connection:
        rows = await equity.cycle_grid(connection, parts.season_id, points=GRID_POINTS_MAX)
    arena.measured = await asyncio.to_thread(_measure, key, rows, timedelta(minutes=arena.interval_minutes))


def _measure(key: tuple[int, int], rows: Sequence[tuple[str, float]], step: timedelta) -> Measured:
    series: dict[str, list[float]] = defaultdict(list)
    for name, value in rows:
        series[name].append(value)
    common = min((len(values) for values in series.values()), default=0)
    if common == 0:
        return Measured(key)
    arrays: dict[str, Series] = {name: np.array(values[-common:]) for name, values in series.items()}
    found = uncertainty(arrays, step, seed=SEED)
    order = sorted(arrays, key=lambda name: -float(arrays[name][-1]))
    return Measured(
        key,
        {name: _figures(performance(series[name], step), found[name]) for name in arrays},
        separable(found, order),
        common,
    )


def _figures(measured: Performance | None, unsure: Uncertainty) -> Figures:
    low, high = _bounds(unsure.total_return)
    return Figures(
        return_low=low,
        return_high=high,
        max_drawdown=_estimate(measured.max_drawdown if measured else None, unsure.max_drawdown),
        # An annualised Sharpe of a few points is noise with an exponent: shown only together with its interval.
        sharpe=_estimate(measured.sharpe if measured and unsure.sharpe else None, unsure.sharpe),
        rank_best=unsure.rank_best,
        rank_worst=unsure.rank_worst,
    )


def _estimate(value: float | None, interval: Interval | None) -> Estimate:
    low, high = _bounds(interval)
    return Estimate(value=value, low=low, high=high)


def _bounds(interval: Interval | None) -> tuple[float | None, float | None]:
    return (interval.low, interval.high) if interval else (None, None)
