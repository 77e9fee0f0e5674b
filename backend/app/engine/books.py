"""Order books and how a market order walks one. Rule: domain of taker fills, volume-weighted over the levels that are there."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.engine.instruments import Instrument
from app.engine.money import ONE, ZERO, ceil_to, floor_to

MISSING_DEPTH_SLIPPAGE = Decimal("0.0005")
"""What is bought beyond the last shown level costs 5 basis points (at least one tick) more than that level."""


@dataclass(frozen=True, slots=True)
class Level:
    """A price in USDT and the quantity (base coin) resting there."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Book:
    """Depth of one symbol, best level first on both sides."""

    symbol: str
    time: datetime
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """How an order of `quantity` was filled: the parts taken, and whether it went beyond the depth that was shown."""

    parts: tuple[Level, ...]
    exhausted: bool

    @property
    def quantity(self) -> Decimal:
        """Sum of the parts."""
        return sum((part.quantity for part in self.parts), ZERO)

    @property
    def cost(self) -> Decimal:
        """USDT: sum of price x quantity over the parts."""
        return sum((part.price * part.quantity for part in self.parts), ZERO)

    @property
    def price(self) -> Decimal:
        """Volume-weighted average price."""
        return self.cost / self.quantity

    def slippage_bps(self, reference: Decimal) -> Decimal:
        """How far the average price lies from a reference price, in hundredths of a percent, without sign."""
        return abs(self.price / reference - ONE) * 10_000


def walk(levels: tuple[Level, ...], quantity: Decimal, *, buying: bool, instrument: Instrument) -> Walk:
    """Fill `quantity` (> 0) level by level. `levels` must not be empty; what depth lacks is filled beyond the last level."""
    parts: list[Level] = []
    rest = quantity
    for level in levels:
        taken = min(rest, level.quantity)
        if taken > 0:
            parts.append(Level(level.price, taken))
            rest -= taken
        if rest == 0:
            return Walk(tuple(parts), exhausted=False)
    parts.append(Level(beyond(levels[-1].price, buying=buying, tick=instrument.tick), rest))
    return Walk(tuple(parts), exhausted=True)


def beyond(price: Decimal, *, buying: bool, tick: Decimal) -> Decimal:
    """The price charged past the last shown level, on tick, against the taker."""
    if buying:
        return max(price + tick, ceil_to(price * (ONE + MISSING_DEPTH_SLIPPAGE), tick))
    return max(min(price - tick, floor_to(price * (ONE - MISSING_DEPTH_SLIPPAGE), tick)), tick)


def without(levels: tuple[Level, ...], taken: tuple[Level, ...]) -> tuple[Level, ...]:
    """The levels left after one's own fill; other accounts keep seeing the whole snapshot.

    The last level stays, empty, when everything is gone: from its price on the depth that is missing is charged.
    """
    rest = sum((part.quantity for part in taken), ZERO)
    left: list[Level] = []
    for level in levels:
        used = min(rest, level.quantity)
        rest -= used
        if used < level.quantity:
            left.append(Level(level.price, level.quantity - used))
    return tuple(left) or tuple(Level(level.price, ZERO) for level in levels[-1:])
