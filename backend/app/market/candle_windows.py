"""Which closed candles to keep between cycles and how few to ask for: only the tail while it joins on, all when it doesn't. Pure.

A window starts on a whole chunk of 50 bars, so that snapshots share chunks, and holds at least 300 bars where the venue has them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.engine.clock import floor_time
from app.engine.market import Candle, Timeframe
from app.market.snapshot import window_start

WINDOW_BARS_MIN = 300
WHOLE_BARS = 360
TAIL_SPARE_BARS = 6
"""The open bar, one for overlap, and some for a market clock that runs fast while the answer is on its way."""

SETTLED_AFTER = timedelta(minutes=5)
"""Venues still revise a bar for a moment after its close."""


@dataclass(frozen=True, slots=True)
class Window:
    """Closed bars, oldest first, and the market time they were asked for."""

    bars: tuple[Candle, ...]
    asked_at: datetime


def bars_to_ask(window: Window | None, timeframe: Timeframe, at: datetime) -> int:
    """How many of the newest rows are needed to bring the window up to `at`; 0 when it is complete and settled."""
    if window is None or not window.bars:
        return WHOLE_BARS
    newest = window.bars[-1].open_time
    missing = (floor_time(at, timeframe.width) - timeframe.width - newest) // timeframe.width
    if missing <= 0 and window.asked_at - (newest + timeframe.width) >= SETTLED_AFTER:
        return 0
    return min(max(missing, 0) + 1 + TAIL_SPARE_BARS, WHOLE_BARS)


def joined(window: Window, tail: tuple[Candle, ...], timeframe: Timeframe, at: datetime) -> Window | None:
    """The window with the tail's bars put in place of its own where both have one; None when a gap lies between them."""
    if not tail or tail[0].open_time > window.bars[-1].open_time + timeframe.width:
        return None
    kept = tuple(bar for bar in window.bars if bar.open_time < tail[0].open_time)
    return fitted(kept + tail, timeframe, at)


def fitted(bars: tuple[Candle, ...], timeframe: Timeframe, at: datetime) -> Window:
    """The bars that belong in a window."""
    if not bars:
        return Window((), at)
    start = window_start(bars[-1].open_time, timeframe, WINDOW_BARS_MIN)
    return Window(tuple(bar for bar in bars if bar.open_time >= start), at)
