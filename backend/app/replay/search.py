"""The next bar that reaches a level, found by searching instead of visiting: cost grows with events, not with bars.

Levels are integers of the bars' own scale. What is found may turn out to change nothing (the engine decides); nothing is passed over.
"""

from dataclasses import dataclass

import numpy as np

from app.replay.inputs import Bars
from app.replay.scaled import Ints

NEVER_BELOW = -1
"""A lower level no low reaches."""

NEVER_ABOVE = int(np.iinfo(np.int64).max)
"""An upper level no high reaches."""

FIRST_STRETCH = 256
GROWTH = 4


def next_touch(bars: Bars, start: int, below: int, above: int) -> int:
    """Position of the first bar from `start` on whose low is at most `below` or high at least `above`; the tape's length when none is."""
    end, width = len(bars.time), FIRST_STRETCH
    while start < end:
        stop = start + width
        hit = (bars.low[start:stop] <= below) | (bars.high[start:stop] >= above)
        first = int(hit.argmax())
        if hit[first]:
            return start + first
        start, width = stop, width * GROWTH
    return end


@dataclass(frozen=True, slots=True)
class Ladder:
    """Lowest low and highest high of every stretch of 1, 2, 4, ... bars: row k, column i covers the 2^k bars from i on."""

    lowest: tuple[Ints, ...]
    highest: tuple[Ints, ...]


def ladder(bars: Bars, longest: int) -> Ladder:
    """Rungs enough for stretches of `longest` bars."""
    lowest, highest = [bars.low], [bars.high]
    for rung in range(max(1, longest).bit_length() - 1):
        step = 1 << rung
        if step >= len(bars.time):
            break
        lowest.append(_pairs(np.minimum, lowest[-1], step))
        highest.append(_pairs(np.maximum, highest[-1], step))
    return Ladder(tuple(lowest), tuple(highest))


def _pairs(choose: np.ufunc, row: Ints, step: int) -> Ints:
    """Each stretch joined with its neighbour; near the end of the tape, where there is none, it stays as it is."""
    joined = row.copy()
    choose(row[:-step], row[step:], out=joined[:-step])
    return joined


def first_touches(rungs: Ladder, starts: Ints, ends: Ints, below: Ints, above: Ints) -> Ints:
    """For each stretch [start, end) the first bar whose low is at most `below` or high at least `above`; `end` when none is."""
    at = starts.copy()
    last = len(rungs.lowest[0]) - 1
    for rung in range(len(rungs.lowest) - 1, -1, -1):
        here = np.minimum(at, last)
        quiet = (rungs.lowest[rung][here] > below) & (rungs.highest[rung][here] < above) & (at < ends)
        at = at + (quiet.astype(np.int64) << rung)
    return np.minimum(at, ends)


def extremes(rungs: Ladder, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """(lowest low, highest high) of each stretch [start, end), which must hold a bar and lie on the tape."""
    length = ends - starts
    rung = np.zeros(len(starts), np.int64)
    for power in range(1, len(rungs.lowest)):
        rung += length >= (1 << power)
    low, high = np.empty(len(starts), np.int64), np.empty(len(starts), np.int64)
    for power in range(len(rungs.lowest)):
        rows = np.flatnonzero(rung == power)
        left, right = starts[rows], ends[rows] - (1 << power)
        low[rows] = np.minimum(rungs.lowest[power][left], rungs.lowest[power][right])
        high[rows] = np.maximum(rungs.highest[power][left], rungs.highest[power][right])
    return low, high
