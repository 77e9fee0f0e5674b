"""What may be asked of the exchange, and how it says no. A refusal is a value, returned, stored and shown; the books are untouched."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from app.engine.trades import Side


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """Open, or add to, a position at market, at the touch price of the fresh book, rounded down to the lot.

    Sized by `notional` USDT, or by `fraction` (0, 1] of the free balance to spend on margin and fee. Adding with another leverage changes
    that of the whole position, as the venue keeps one per symbol.
    """

    symbol: str
    side: Side
    notional: Decimal | None
    leverage: int
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    fraction: Decimal | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class CloseOrder:
    """Close a fraction (0, 1] of the position at market, or about `notional` USDT of it; rounded down to the lot. Never flips."""

    symbol: str
    fraction: Decimal | None = field(default=Decimal(1))
    notional: Decimal | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class FlipOrder:
    """Close the whole position and open `notional` USDT on the other side with one walk through the book; all or nothing."""

    symbol: str
    notional: Decimal
    leverage: int
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StopsOrder:
    """Replace both exit levels of a position; None removes one."""

    symbol: str
    stop_loss: Decimal | None
    take_profit: Decimal | None


@dataclass(frozen=True, slots=True)
class LeverageOrder:
    """Change the leverage of an open position: its margin becomes q x E / L."""

    symbol: str
    leverage: int


@dataclass(frozen=True, slots=True)
class MarginOrder:
    """Move USDT between the free balance and the margin of an isolated position: above zero adds, below zero takes back."""

    symbol: str
    amount: Decimal


Order = OpenOrder | CloseOrder | FlipOrder | StopsOrder | LeverageOrder | MarginOrder


class RefusalCode(StrEnum):
    """Why an order was refused. The venue's own reasons where it has one (its number in the comment)."""

    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    SYMBOL_UNUSABLE = "SYMBOL_UNUSABLE"  # no sound price in this cycle
    NO_DEPTH = "NO_DEPTH"  # the fresh order book is missing or one-sided
    SIZE_INVALID = "SIZE_INVALID"  # not finite, zero or negative
    ROUNDS_TO_ZERO = "ROUNDS_TO_ZERO"  # below one lot
    QUANTITY_TOO_SMALL = "QUANTITY_TOO_SMALL"  # 45111
    BELOW_MIN_NOTIONAL = "BELOW_MIN_NOTIONAL"  # 45110
    QUANTITY_TOO_LARGE = "QUANTITY_TOO_LARGE"  # 45112
    LEVERAGE_INVALID = "LEVERAGE_INVALID"  # below 1
    LEVERAGE_UNCHANGED = "LEVERAGE_UNCHANGED"  # the position has that leverage already
    LEVERAGE_ABOVE_CAP = "LEVERAGE_ABOVE_CAP"  # the contest's or the venue's cap
    ABOVE_TIER_MAX_LEVERAGE = "ABOVE_TIER_MAX_LEVERAGE"  # the tier of that notional allows less
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"  # 40762
    NO_ROOM_FOR_FEE = "NO_ROOM_FOR_FEE"  # the margin alone would fit, margin and fee don't
    PRICE_BAND = "PRICE_BAND"  # the fill would be too far from mark
    SL_WRONG_SIDE = "SL_WRONG_SIDE"  # 40917
    TP_WRONG_SIDE = "TP_WRONG_SIDE"  # 40915
    STOP_INVALID = "STOP_INVALID"  # not a finite number
    CLOSE_NOTHING = "CLOSE_NOTHING"  # 22002
    OPPOSITE_WITHOUT_CLOSE = "OPPOSITE_WITHOUT_CLOSE"  # an open on the other side: close first, or flip
    MARGIN_BELOW_INITIAL = "MARGIN_BELOW_INITIAL"  # taking margin back may not go below q x E / L
    WOULD_LIQUIDATE = "WOULD_LIQUIDATE"  # what is left would not cover the maintenance margin
    MARGIN_SHARED = "MARGIN_SHARED"  # cross margin: a position has no margin of its own to move
    INTERRUPTED = "INTERRUPTED"  # the arena stopped before the cycle reached its fills
    CLOSE_ONLY = "CLOSE_ONLY"  # the operator stopped new entries


@dataclass(frozen=True, slots=True)
class Refused:
    """A named no with the numbers that matter: what was needed, what there was or is allowed."""

    code: RefusalCode
    message: str
    needed: Decimal | None = None
    available: Decimal | None = None
