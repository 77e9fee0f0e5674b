"""Bitget's candle widths by name: where their bars begin and how far back the recent endpoint looks. Pure.

The plain names from 6H up count from 16:00 UTC (midnight in UTC+8), the `utc` names from midnight UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from app.sandbox.prices.bars import DAY_MINUTES, HOUR_MINUTES, Ints

MONDAY = 4 * DAY_MINUTES
UTC8 = -8 * HOUR_MINUTES
MONTH_MINUTES = 31 * DAY_MINUTES


@dataclass(frozen=True, slots=True)
class Granularity:
    """`edges(first, last)` gives the opening minutes of all bars that overlap [first, last). `width` is the longest a bar can be."""

    width: int
    edges: Callable[[int, int], Ints]

    @property
    def recent_days(self) -> int:
        """Look-back of the `candles` endpoint."""
        if self.width < HOUR_MINUTES:
            return 30
        return 90 if self.width < 7 * DAY_MINUTES else 366


def _even(width: int, offset: int = 0) -> Granularity:
    def edges(first: int, last: int) -> Ints:
        return np.arange((first - offset) // width * width + offset, last, width, dtype=np.int64)

    return Granularity(width, edges)


def _months(offset: int) -> Granularity:
    def edges(first: int, last: int) -> Ints:
        start = datetime.fromtimestamp((first - offset) * 60, UTC)
        found: list[int] = []
        year, month = start.year, start.month
        while not found or found[-1] < last:
            found.append(int(datetime(year, month, 1, tzinfo=UTC).timestamp()) // 60 + offset)
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004 - December
        return np.array([edge for edge in found if edge < last], dtype=np.int64)

    return Granularity(MONTH_MINUTES, edges)


GRANULARITIES = {
    "1m": _even(1),
    "3m": _even(3),
    "5m": _even(5),
    "15m": _even(15),
    "30m": _even(30),
    "1H": _even(60),
    "2H": _even(120),
    "4H": _even(240),
    "6H": _even(360, UTC8),
    "12H": _even(720, UTC8),
    "1D": _even(DAY_MINUTES, UTC8),
    "3D": _even(3 * DAY_MINUTES, UTC8),
    "1W": _even(7 * DAY_MINUTES, MONDAY + UTC8),
    "1M": _months(UTC8),
    "6Hutc": _even(360),
    "12Hutc": _even(720),
    "1Dutc": _even(DAY_MINUTES),
    "3Dutc": _even(3 * DAY_MINUTES),
    "1Wutc": _even(7 * DAY_MINUTES, MONDAY),
    "1Mutc": _months(0),
}
