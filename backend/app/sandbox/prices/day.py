"""One day of the synthetic market for all coins at once: a Brownian bridge between two midnights, minute by minute. Pure.

Volatility comes in clusters and bursts and follows the hours of the day; coins share a factor; now and then a minute opens away from the
last close, or a coin does not trade at all for a while.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.sandbox.prices.bars import DAY_MINUTES, Ints
from app.sandbox.prices.chance import Floats, normals, uniforms
from app.sandbox.prices.levels import BETA, FACTOR_DAILY, OWN_DAILY, SYMBOLS, Levels

CLUSTER_MEMORY_MINUTES = 240
CLUSTER_SPREAD = 0.45
BURSTS_MAX = 4
GAPS_MAX = 3
FLAT_CHANCE = 0.4
FLAT_MINUTES_MAX = 20
WICK = 0.55
ACTIVITY_SCALE = 0.8
"""Clusters, bursts and the hours of the day add variance; this takes it back."""

ACTIVITY_MAX = 6.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Day:
    """Rows are coins in the order of SYMBOLS, columns minutes. Logs are natural; `activity` is volatility as a multiple of the usual."""

    opening: Floats
    high: Floats
    low: Floats
    close: Floats
    activity: Floats
    flat: Flags


def make_day(seed: int, levels: Levels, day: int) -> Day:
    """The day as log prices."""
    nerves = levels.nerves(day)
    activity = np.vstack([_activity(seed, day, symbol) for symbol in SYMBOLS]) * _activity(seed, day, "all")
    activity = np.minimum(ACTIVITY_SCALE * activity, ACTIVITY_MAX)
    flat = np.vstack([_flat(seed, day, symbol) for symbol in SYMBOLS])
    activity[flat] = 0.0
    common = BETA[:, None] * FACTOR_DAILY * normals(DAY_MINUTES, seed, day, "factor")
    own = OWN_DAILY[:, None] * np.vstack([normals(DAY_MINUTES, seed, day, "own", symbol) for symbol in SYMBOLS])
    moves = nerves * (common + own) * activity / np.sqrt(DAY_MINUTES)
    gaps = np.where(flat, 0.0, np.vstack([_gaps(seed, day, symbol) for symbol in SYMBOLS]))
    start, end = levels.midnight(day)[:, None], levels.midnight(day + 1)[:, None]
    close = start + _bridged(moves + gaps, end - start, activity)
    close[:, -1:] = end
    opening = np.hstack([start, close[:, :-1]]) + gaps
    spread = nerves * np.hypot(BETA * FACTOR_DAILY, OWN_DAILY)[:, None] * activity / np.sqrt(DAY_MINUTES)
    up, down = (WICK * spread * np.vstack([_wicks(seed, day, way, symbol) for symbol in SYMBOLS]) for way in ("up", "down"))
    return Day(opening, np.maximum(opening, close) + up, np.minimum(opening, close) - down, close, activity, flat)


def ticks(logs: Floats, places: int) -> Ints:
    """Log prices in whole ticks of 10^-places, at least one."""
    return np.maximum(np.rint(np.exp(logs) * 10.0**places), 1.0).astype(np.int64)


def _bridged(moves: Floats, target: Floats, activity: Floats) -> Floats:
    # The correction is spread like the variance, so that calm minutes stay calm and flat ones flat.
    weight = np.cumsum(activity**2, axis=1)
    path = np.cumsum(moves, axis=1)
    return path + (target - path[:, -1:]) * weight / weight[:, -1:]


def _activity(seed: int, day: int, name: str) -> Floats:
    clock = np.arange(DAY_MINUTES) / DAY_MINUTES
    hours = 1.0 + 0.25 * np.sin(2 * np.pi * (clock - 0.33)) if name == "all" else np.ones(DAY_MINUTES)
    noise = normals(DAY_MINUTES + CLUSTER_MEMORY_MINUTES - 1, seed, day, "cluster", name)
    kernel = 0.985 ** np.arange(CLUSTER_MEMORY_MINUTES)
    cluster = np.convolve(noise, kernel / np.sqrt((kernel**2).sum()), mode="valid")
    spread = CLUSTER_SPREAD if name == "all" else CLUSTER_SPREAD / 2
    return hours * np.exp(spread * cluster - spread**2) * _bursts(seed, day, name)


def _bursts(seed: int, day: int, name: str) -> Floats:
    dice = uniforms(4 * BURSTS_MAX, seed, day, "bursts", name).reshape(BURSTS_MAX, 4)
    minute = np.arange(DAY_MINUTES)
    strength = np.ones(DAY_MINUTES)
    for happens, begins, size, lasts in dice:
        if happens < (0.35 if name == "all" else 0.1):
            since = minute - begins * DAY_MINUTES
            strength += np.where(since >= 0, (2.0 + 3.0 * size) * np.exp(-np.maximum(since, 0.0) / (5.0 + 20.0 * lasts)), 0.0)
    return strength


def _gaps(seed: int, day: int, symbol: str) -> Floats:
    dice = uniforms(3 * GAPS_MAX, seed, day, "gaps", symbol).reshape(GAPS_MAX, 3)
    jumps = np.zeros(DAY_MINUTES)
    for happens, at, size in dice:
        if happens < 0.3:  # noqa: PLR2004 - about one gap a day and coin
            jumps[1 + int(at * (DAY_MINUTES - 1))] = (0.001 + 0.004 * abs(2 * size - 1)) * np.sign(2 * size - 1)
    return jumps


def _flat(seed: int, day: int, symbol: str) -> Flags:
    happens, begins, lasts = uniforms(3, seed, day, "flat", symbol)
    minute = np.arange(DAY_MINUTES)
    first = 1 + int(begins * (DAY_MINUTES - FLAT_MINUTES_MAX - 2))
    flat: Flags = (happens < FLAT_CHANCE) & (minute >= first) & (minute < first + 4 + int(lasts * (FLAT_MINUTES_MAX - 4)))
    return flat


def _wicks(seed: int, day: int, way: str, symbol: str) -> Floats:
    return np.abs(normals(DAY_MINUTES, seed, day, "wick", way, symbol))
