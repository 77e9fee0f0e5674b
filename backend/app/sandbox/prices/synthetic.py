"""A market that never was: six correlated coins whose every minute since 2020 is a pure function of the seed.

Any minute may be asked in any order, after a restart too, and is the same. Whole days are computed and the last few kept; hours of more
days are kept, because four-hour candles reach far back.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

import numpy as np

from app.sandbox.prices.bars import DAY_MINUTES, HOUR_MINUTES, MINUTE_MS, NO_BARS, Bars, Ints, coarser, joined, turnover_cents
from app.sandbox.prices.chance import Floats, normals
from app.sandbox.prices.contracts import CONTRACTS, FUNDING_MS, LISTED_SINCE_MINUTE, VOLUME_PLACES
from app.sandbox.prices.day import Day, make_day, ticks
from app.sandbox.prices.feed import Feed, Kind
from app.sandbox.prices.levels import CHARACTERS, SYMBOLS, Levels
from app.sandbox.prices.premium import funding_rate, interval_start, premium

DAYS_KEPT = 8
MINUTE_DAYS_KEPT = 90
HOUR_DAYS_KEPT = 500
SETTLEMENTS_KEPT = 400
SMOOTH_MINUTES = 3

Key = TypeVar("Key")
Value = TypeVar("Value")


class _Kept(OrderedDict[Key, Value]):
    """The last `most` values that were asked for."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def get_or(self, key: Key, make: Callable[[], Value]) -> Value:
        if key not in self:
            self[key] = make()
            if len(self) > self._most:
                self.popitem(last=False)
        self.move_to_end(key)
        return self[key]


class SyntheticPrices:
    """Prices from a seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._levels = Levels(seed)
        self._days: _Kept[int, Day] = _Kept(DAYS_KEPT)
        self._minutes: _Kept[tuple[str, Kind, int], Bars] = _Kept(MINUTE_DAYS_KEPT)
        self._hours: _Kept[tuple[Kind, int], dict[str, Bars]] = _Kept(HOUR_DAYS_KEPT)

    def minutes(self, symbol: str, kind: Kind, first: int, last: int) -> Bars:
        """See Prices."""
        days = _days(first, last)
        return joined([self._day_minutes(symbol, kind, day) for day in days]).between(first, last) if days else NO_BARS

    def hours(self, symbol: str, kind: Kind, first: int, last: int) -> Bars:
        """See Prices."""
        days = _days(first, last)
        return joined([self._day_hours(symbol, kind, day) for day in days]).between(first, last) if days else NO_BARS

    def as_of(self, symbol: str, now_ms: int) -> int | None:
        """See Prices."""
        return now_ms if symbol in CONTRACTS and now_ms >= LISTED_SINCE_MINUTE * MINUTE_MS else None

    def _day_hours(self, symbol: str, kind: Kind, day: int) -> Bars:
        return self._hours.get_or((kind, day), lambda: self._make_hours(kind, day))[symbol]

    def _make_hours(self, kind: Kind, day: int) -> dict[str, Bars]:
        # All coins at once: whoever wants months of one wants them of all, and a day is made for all of them anyway.
        start = LISTED_SINCE_MINUTE + day * DAY_MINUTES
        edges = np.arange(start, start + DAY_MINUTES, HOUR_MINUTES, dtype=np.int64)
        return {symbol: coarser(self._day_minutes(symbol, kind, day), edges) for symbol in SYMBOLS}

    def _day_minutes(self, symbol: str, kind: Kind, day: int) -> Bars:
        make = self._make_last if kind is Kind.LAST else self._make_smooth
        return self._minutes.get_or((symbol, kind, day), lambda: make(symbol, kind, day))

    def _day(self, day: int) -> Day:
        return self._days.get_or(day, lambda: make_day(self._seed, self._levels, day))

    def _make_last(self, symbol: str, _: Kind, day: int) -> Bars:
        row, made, contract = SYMBOLS.index(symbol), self._day(day), CONTRACTS[symbol]
        opening, high, low, close = (ticks(logs[row], contract.price_places) for logs in (made.opening, made.high, made.low, made.close))
        volume = self._volume(symbol, day, made.activity[row], np.exp(made.close[row]))
        volume[made.flat[row]] = 0
        turnover = turnover_cents(opening + high + low + close, volume, contract.price_places + VOLUME_PLACES)
        return Bars(_minutes_of(day), opening, high, low, close, volume, turnover)

    def _volume(self, symbol: str, day: int, activity: Floats, price: Floats) -> Ints:
        # Trading grows with movement, a little faster than in proportion.
        usdt = (
            CHARACTERS[symbol].minute_usdt * (0.3 + activity**1.3) * np.exp(0.5 * normals(DAY_MINUTES, self._seed, day, "volume", symbol))
        )
        lots = np.maximum(np.rint(usdt / price * 10.0 ** CONTRACTS[symbol].lot_places), 1.0).astype(np.int64)
        units: Ints = lots * 10 ** (VOLUME_PLACES - CONTRACTS[symbol].lot_places)
        return units

    def _make_smooth(self, symbol: str, kind: Kind, day: int) -> Bars:
        """Mark: the average close of the last minutes. Index: mark without the premium. Their wicks are half as long."""
        row, made, places = SYMBOLS.index(symbol), self._day(day), CONTRACTS[symbol].price_places
        earlier = self._day(day - 1).close[row][-SMOOTH_MINUTES:] if day > 0 else np.full(SMOOTH_MINUTES, made.opening[row][0])
        minute = _minutes_of(day)
        path = np.convolve(np.concatenate((earlier, made.close[row])), np.full(SMOOTH_MINUTES, 1.0 / SMOOTH_MINUTES), mode="valid")
        if kind is Kind.INDEX:
            path = path - premium(np.arange(minute[0], minute[-1] + 2, dtype=np.float64), self._seed, symbol)
        opening, close = path[:-1], path[1:]
        top, bottom = np.maximum(made.opening[row], made.close[row]), np.minimum(made.opening[row], made.close[row])
        high = np.maximum(opening, close) + 0.5 * (made.high[row] - top)
        low = np.minimum(opening, close) - 0.5 * (bottom - made.low[row])
        nothing = np.zeros(DAY_MINUTES, dtype=np.int64)
        return Bars(minute, ticks(opening, places), ticks(high, places), ticks(low, places), ticks(close, places), nothing, nothing)


class SyntheticCarry:
    """Funding and open interest from a seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def settled(self, symbol: str, now_ms: int) -> Sequence[tuple[int, Decimal]]:
        """See Carry: the last 400 settlements."""
        newest = interval_start(now_ms)
        oldest = max(newest - (SETTLEMENTS_KEPT - 1) * FUNDING_MS, LISTED_SINCE_MINUTE * MINUTE_MS + FUNDING_MS)
        return [(at, funding_rate(at - FUNDING_MS, at, self._seed, symbol)) for at in range(oldest, newest + 1, FUNDING_MS)]

    def current_rate(self, symbol: str, now_ms: int) -> Decimal | None:
        """See Carry."""
        return funding_rate(interval_start(now_ms), now_ms, self._seed, symbol)

    def open_interest(self, symbol: str, now_ms: int) -> int | None:
        """See Carry: swings around its usual size like the premium does, more slowly."""
        character, contract = CHARACTERS[symbol], CONTRACTS[symbol]
        minute = np.array([now_ms / MINUTE_MS / 7.0])
        swing = 1.0 + 120.0 * float(premium(minute, self._seed, f"{symbol} open interest")[0])
        return int(character.open_interest_usdt * swing / character.anchor * 10**contract.lot_places)


def synthetic_feed(seed: int) -> Feed:
    """The synthetic market of a seed."""
    return Feed({"seed": seed}, seed, CONTRACTS, SyntheticPrices(seed), SyntheticCarry(seed))


def _minutes_of(day: int) -> Ints:
    start = LISTED_SINCE_MINUTE + day * DAY_MINUTES
    return np.arange(start, start + DAY_MINUTES, dtype=np.int64)


def _days(first: int, last: int) -> range:
    since = max(first - LISTED_SINCE_MINUTE, 0)
    return range(since // DAY_MINUTES, max(-(-(last - LISTED_SINCE_MINUTE) // DAY_MINUTES), 0))
