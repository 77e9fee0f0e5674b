"""The statistics behind the standings: computed off the event loop, once a cycle, and kept until the next one."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from app.api.context import Arena
from app.api.measured import Figures, Measured
from app.api.schemas import Estimate
from app.cycle.parts import Parts
from app.scoring.intervals import Interval, Uncertainty, separable, uncertainty
from app.scoring.metrics import Performance, Series, performance
from app.store import equity, seasons

GRID_POINTS_MAX = 8_640
"""Metrics look back at most this many cycles (30 days of five minutes); a longer season is measured over its last part."""

SEED = 20260101
PATIENCE_SECONDS = 0.3
"""How long an answer waits for fresh figures before it goes out with the last ones."""


async def figures(arena: Arena, parts: Parts, initials: Mapping[str, float]) -> Measured:
    """Figures of the contestants in `initials` (starting balances, USDT). A new cycle has them measured again; a long season is answered
    with the last ones meanwhile.
    """
    async with parts.database.reading() as connection:
        key = (parts.season_id, await equity.last_cycle_with_equity(connection, parts.season_id))
    if arena.measured.key != key and (arena.measuring is None or arena.measuring.done()):
        arena.measuring = asyncio.create_task(_measure_again(arena, parts, key, initials))
    if arena.measuring is not None:
        await asyncio.wait({arena.measuring}, timeout=PATIENCE_SECONDS)
    return arena.measured


async def _measure_again(arena: Arena, parts: Parts, key: tuple[int, int], initials: Mapping[str, float]) -> None:
    async with parts.database.reading() as connection:
        season = await seasons.current_season(connection)
        rows = await equity.cycle_grid(connection, parts.season_id, points=GRID_POINTS_MAX)
    step = timedelta(minutes=season.rules["interval_minutes"] if season else arena.interval_minutes)
    arena.measured = await asyncio.to_thread(_measure, key, [row for row in rows if row[0] in initials], step, initials)


def _measure(key: tuple[int, int], rows: Sequence[tuple[str, datetime, float]], step: timedelta, initials: Mapping[str, float]) -> Measured:
    series = regular(rows, step, initials)
    if not series:
        return Measured(key)
    found = uncertainty(series, step, seed=SEED)
    order = sorted(series, key=lambda name: -float(series[name][-1]))
    return Measured(
        key,
        {name: _figures(performance(list(series[name]), step), found[name]) for name in series},
        separable(found, order),
        min(len(values) for values in series.values()),
    )


def regular(rows: Sequence[tuple[str, datetime, float]], step: timedelta, initials: Mapping[str, float]) -> dict[str, Series]:
    """Equity on one grid of `step`, over the time all have in common: a missed slot repeats the value before it, and the starting balance
    stands before the first cycle of those that were there from the beginning.
    """
    if not rows:
        return {}
    begin = min(due_at for _, due_at, _ in rows)
    slots = max(round((due_at - begin) / step) for _, due_at, _ in rows) + 1
    found = {name: np.full(slots, np.nan) for name in {name for name, _, _ in rows}}
    for name, due_at, value in rows:
        found[name][round((due_at - begin) / step)] = value
    joined = max(int(np.argmax(~np.isnan(values))) for values in found.values())
    whole = {name: _carried(values)[max(joined, slots - GRID_POINTS_MAX) :] for name, values in found.items()}
    if joined > 0:
        return whole
    return {name: np.concatenate([[initials[name]], values]) for name, values in whole.items()}


def _carried(values: Series) -> Series:
    """The last known value in place of each missing one after it."""
    known = np.where(np.isnan(values), 0, np.arange(len(values)))
    carried: Series = values[np.maximum.accumulate(known)]
    return carried


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
