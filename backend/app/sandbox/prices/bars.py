"""Bars in whole numbers: prices in ticks, volumes in small units of a coin, turnover in cents of USDT. Joining and coarsening is exact."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MINUTE_MS = 60_000
HOUR_MINUTES = 60
DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Bars:
    """Rows of equal length. `minute` is each bar's opening time in minutes since 1970, rising; gaps are allowed."""

    minute: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    turnover: Ints

    def __len__(self) -> int:
        """Number of bars."""
        return len(self.minute)

    def between(self, first: int, last: int) -> "Bars":
        """Bars with first <= minute < last."""
        start, stop = np.searchsorted(self.minute, (first, last))
        return self.rows(slice(int(start), int(stop)))

    def rows(self, which: slice) -> "Bars":
        """A slice of the rows."""
        return Bars(
            self.minute[which],
            self.open[which],
            self.high[which],
            self.low[which],
            self.close[which],
            self.volume[which],
            self.turnover[which],
        )


def joined(parts: Sequence[Bars]) -> Bars:
    """Bars after bars; the parts must follow each other in time."""
    if len(parts) == 1:
        return parts[0]
    return Bars(
        np.concatenate([part.minute for part in parts]),
        np.concatenate([part.open for part in parts]),
        np.concatenate([part.high for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.close for part in parts]),
        np.concatenate([part.volume for part in parts]),
        np.concatenate([part.turnover for part in parts]),
    )


def coarser(bars: Bars, edges: Ints) -> Bars:
    """One bar for each span [edge, next edge) that holds any; bars before the first edge are left out. `edges` are rising minutes."""
    kept = bars.rows(slice(int(np.searchsorted(bars.minute, edges[0])), None)) if len(edges) else bars.rows(slice(0, 0))
    if len(kept) == 0:
        return kept
    span = np.searchsorted(edges, kept.minute, side="right") - 1
    starts = np.flatnonzero(np.r_[True, span[1:] != span[:-1]])
    ends = np.r_[starts[1:], len(kept)] - 1
    return Bars(
        minute=edges[span[starts]],
        open=kept.open[starts],
        high=np.maximum.reduceat(kept.high, starts),
        low=np.minimum.reduceat(kept.low, starts),
        close=kept.close[ends],
        volume=np.add.reduceat(kept.volume, starts),
        turnover=np.add.reduceat(kept.turnover, starts),
    )


def turnover_cents(typical_four: Ints, volume: Ints, places: int) -> Ints:
    """Turnover in cents of USDT. `typical_four` is open + high + low + close in ticks, `places` (>= 2) the decimals of tick and volume."""
    cents: Ints = typical_four * volume // (4 * 10 ** (places - 2))
    return cents


NO_BARS = Bars(*(np.zeros(0, dtype=np.int64) for _ in range(7)))
