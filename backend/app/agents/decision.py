"""One action as a contestant asked for it, and what the exchange is asked to do for it. Values only."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.engine.orders import CloseOrder, OpenOrder, Order, StopsOrder
from app.engine.trades import Side


class Action(StrEnum):
    """The closed list of what may be asked."""

    OPEN_LONG = "open_long"
    OPEN_SHORT = "open_short"
    CLOSE = "close"
    SET_STOPS = "set_stops"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Decision:
    """One action as asked. Money and prices in USDT; fields an action doesn't use are None. `position` is its place in the reply."""

    position: int
    action: Action
    symbol: str | None
    notional: Decimal | None
    leverage: int | None
    close_fraction: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    confidence: Decimal | None
    invalidation: str | None
    reason: str

    @property
    def order(self) -> Order | None:
        """What the exchange is asked to do; None for a hold."""
        match self.action:
            case Action.OPEN_LONG | Action.OPEN_SHORT:
                side = Side.LONG if self.action is Action.OPEN_LONG else Side.SHORT
                if self.symbol is None or self.notional is None or self.leverage is None:
                    raise ValueError(f"{self.action} without symbol, notional and leverage")
                return OpenOrder(self.symbol, side, self.notional, self.leverage, self.stop_loss, self.take_profit)
            case Action.CLOSE:
                return CloseOrder(self.symbol or "", Decimal(1) if self.close_fraction is None else self.close_fraction)
            case Action.SET_STOPS:
                return StopsOrder(self.symbol or "", self.stop_loss, self.take_profit)
            case Action.HOLD:
                return None
