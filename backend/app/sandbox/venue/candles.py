"""Candles of any width up to a moment, the still-open bar last: exact aggregates of the minutes, never a look ahead. Pure."""

from dataclasses import dataclass

import numpy as np

from app.sandbox.prices.bars import HOUR_MINUTES, MINUTE_MS, NO_BARS, Bars, coarser, joined
from app.sandbox.prices.feed import Feed, Kind
from app.sandbox.prices.granularity import Granularity
from app.sandbox.prices.minute_path import so_far


@dataclass(frozen=True, slots=True)
class Line:
    """One of a contract's prices, seen from a moment (ms) that the source has data for: nothing after it is visible."""

    feed: Feed
    symbol: str
    kind: Kind
    as_of_ms: int

    @property
    def minute(self) -> int:
        """The minute that is being made."""
        return self.as_of_ms // MINUTE_MS

    def open_minute(self) -> Bars:
        """The bar of the current minute as far as it has come."""
        whole = self.feed.prices.minutes(self.symbol, self.kind, self.minute, self.minute + 1)
        return so_far(whole, self.as_of_ms // 1000 % 60, self.feed.seed, self.symbol, self.kind)

    def minutes(self, first: int, last: int) -> Bars:
        """One-minute bars with first <= minute < last, the current one as far as it has come."""
        closed = self.feed.prices.minutes(self.symbol, self.kind, first, min(last, self.minute))
        return joined([closed, self.open_minute()]) if first <= self.minute < last else closed

    def hours_and_minutes(self, first: int, last: int) -> Bars:
        """The same span with whole hours as one bar each; `first` must be on a full hour."""
        hour = max(min(last, self.minute) // HOUR_MINUTES * HOUR_MINUTES, first)
        return joined([self.feed.prices.hours(self.symbol, self.kind, first, hour), self.minutes(hour, last)])


def window(line: Line, granularity: Granularity, start_ms: int | None, end_ms: int, limit: int) -> Bars:
    """The last `limit` bars that open in [start, end)."""
    last = min(-(-end_ms // MINUTE_MS), line.minute + 1)
    first = max(last - (limit + 1) * granularity.width, 0 if start_ms is None else -(-start_ms // MINUTE_MS))
    if first >= last:
        return NO_BARS
    edges = granularity.edges(first, last + granularity.width + 1)
    chosen = edges[(edges >= first) & (edges < last)][-limit:]
    if len(chosen) == 0:
        return NO_BARS
    begin, stop = int(chosen[0]), int(edges[np.searchsorted(edges, chosen[-1]) + 1])
    whole_hours = granularity.width % HOUR_MINUTES == 0
    bars = line.hours_and_minutes(begin, stop) if whole_hours else line.minutes(begin, stop)
    return coarser(bars, chosen)
