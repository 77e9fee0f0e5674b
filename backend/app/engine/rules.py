"""What a contest allows: the same for every contestant of a season. Values only."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class MarginMode(StrEnum):
    """What stands behind a position: its own margin, or the whole account."""

    ISOLATED = "isolated"
    CROSS = "cross"


class TriggerPrice(StrEnum):
    """The price that stops and targets are judged on. Liquidation is always judged on mark."""

    MARK = "mark"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Rules:
    """What this contest allows. `slippage` is the fraction lost by a triggered exit that has no book to walk."""

    max_leverage: int = 20
    slippage: Decimal = Decimal("0.0005")
    entries_open: bool = True
    margin_mode: MarginMode = MarginMode.ISOLATED
    trigger_price: TriggerPrice = TriggerPrice.MARK

    def __post_init__(self) -> None:
        """Take the options by name too; raises ValueError for a name that is none."""
        object.__setattr__(self, "margin_mode", MarginMode(self.margin_mode))
        object.__setattr__(self, "trigger_price", TriggerPrice(self.trigger_price))
