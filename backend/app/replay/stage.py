"""What an account is replayed on: the market of the tape in exact integers, the terms, and when funding is settled. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from app.engine.instruments import Instrument
from app.engine.rules import Rules
from app.replay.inputs import MINUTE_MS, Bars, Settlements
from app.replay.scaled import decimal_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a replay: contracts by symbol, the contest's rules, and the USDT that every account starts with."""

    instruments: Mapping[str, Instrument]
    rules: Rules = field(default_factory=Rules)
    starting_balance: Decimal = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything an account meets that is not its own decisions. Times in ms; the tape runs from `start` to `end`."""

    terms: Terms
    bars: Mapping[str, Bars]
    settlements: Mapping[str, Settlements]

    @property
    def start(self) -> int:
        """When the first bar opened."""
        return min(int(one.time[0]) for one in self.bars.values())

    @property
    def end(self) -> int:
        """When the last bar closed."""
        return max(int(one.time[-1]) for one in self.bars.values()) + MINUTE_MS


def moment(time_ms: int) -> datetime:
    """The instant, UTC."""
    return EPOCH + timedelta(milliseconds=time_ms)


def milliseconds(at: datetime) -> int:
    """Ms since the epoch."""
    return (at - EPOCH) // MILLISECOND


def close_at(bars: Bars, position: int) -> Decimal:
    """The close of a bar, USDT."""
    return decimal_of(int(bars.close[position]), bars.places)


def closed_by(bars: Bars, time_ms: int) -> int:
    """Position of the last bar that had closed at an instant; -1 when none had."""
    return int(np.searchsorted(bars.time, time_ms - MINUTE_MS, side="right")) - 1
