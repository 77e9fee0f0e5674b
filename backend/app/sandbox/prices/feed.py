"""What the venue asks of a source of prices. Two sources exist: the synthetic market and the tape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from app.sandbox.prices.bars import Bars
from app.sandbox.prices.contracts import Contract


class Kind(StrEnum):
    """Which of a contract's three prices."""

    LAST = "market"
    MARK = "mark"
    INDEX = "index"


class Prices(Protocol):
    """Bars of the past and of the minute that is being made."""

    def minutes(self, symbol: str, kind: Kind, first: int, last: int) -> Bars:
        """Whole one-minute bars with first <= minute < last, the future ones included: the caller must not look ahead."""

    def hours(self, symbol: str, kind: Kind, first: int, last: int) -> Bars:
        """The same as exact one-hour bars; `first` and `last` are minutes on whole hours."""

    def as_of(self, symbol: str, now_ms: int) -> int | None:
        """The time (ms) that the newest price at `now_ms` is from: now, or earlier where the source has ended. None before its start."""


class Carry(Protocol):
    """What holding a position costs and how much is held."""

    def settled(self, symbol: str, now_ms: int) -> Sequence[tuple[int, Decimal]]:
        """Settled funding as (ms, rate), oldest first."""

    def current_rate(self, symbol: str, now_ms: int) -> Decimal | None:
        """The rate expected at the next settlement; None when the source doesn't say."""

    def open_interest(self, symbol: str, now_ms: int) -> int | None:
        """Open interest in lots; None when the source doesn't say."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A source of prices with the terms of what it trades. `origin` describes it for people: the seed, or the tape's folder."""

    origin: Mapping[str, str | int]
    seed: int
    contracts: Mapping[str, Contract]
    prices: Prices
    carry: Carry
