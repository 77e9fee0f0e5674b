"""What a ticker tells, from bars: last, mark, index, the top of the book and the past day. Pure."""

from dataclasses import dataclass

from app.sandbox.prices.bars import DAY_MINUTES, Bars
from app.sandbox.prices.contracts import Contract
from app.sandbox.prices.feed import Feed, Kind
from app.sandbox.venue.candles import Line
from app.sandbox.venue.depth import Depth, make_depth

RECENT_MINUTES = 40


@dataclass(frozen=True, slots=True)
class Sight:
    """One contract as the venue shows it at market time `now_ms`. `as_of_ms` is older where the source has nothing newer."""

    feed: Feed
    contract: Contract
    now_ms: int
    as_of_ms: int

    def line(self, kind: Kind) -> Line:
        """One of the contract's prices."""
        return Line(self.feed, self.contract.symbol, kind, self.as_of_ms)

    def price(self, kind: Kind) -> int:
        """The newest price in ticks."""
        return int(self.line(kind).open_minute().close[0])

    def depth(self) -> Depth:
        """The order book."""
        line = self.line(Kind.LAST)
        return make_depth(self.feed.seed, self.contract, line.minutes(line.minute - RECENT_MINUTES, line.minute + 1), self.as_of_ms)

    def past_day(self) -> Bars:
        """The minutes of the last 24 hours."""
        line = self.line(Kind.LAST)
        return line.minutes(line.minute + 1 - DAY_MINUTES, line.minute + 1)


def sight(feed: Feed, symbol: str, now_ms: int) -> Sight | None:
    """The contract at a market time; None when it isn't listed or has no price yet."""
    contract = feed.contracts.get(symbol)
    as_of = feed.prices.as_of(symbol, now_ms)
    return None if contract is None or as_of is None else Sight(feed, contract, now_ms, as_of)
