"""A trade is one round trip of a symbol from flat to flat; partial closes belong to it. Averages and sums over its fills."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from app.engine.money import ZERO


class Side(StrEnum):
    """Direction of a position."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        """+1 for long, -1 for short."""
        return 1 if self is Side.LONG else -1


class Purpose(StrEnum):
    """Why a fill happened."""

    OPEN = "open"
    ADD = "add"
    REDUCE = "reduce"
    CLOSE = "close"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    LIQUIDATION = "liquidation"


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip so far. `number` counts an account's trades from 1. Prices are averages over fills, money is USDT.

    `funding` is signed: what the contestant received. `insured` is the part of fees, losses and funding that the insurance bore.
    """

    number: int
    symbol: str
    side: Side
    leverage: int
    opened_at: datetime
    entry_quantity: Decimal = ZERO
    entry_price: Decimal = ZERO
    exit_quantity: Decimal = ZERO
    exit_price: Decimal | None = None
    gross_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    insured: Decimal = ZERO
    funding: Decimal = ZERO
    closed_at: datetime | None = None
    exit_reason: Purpose | None = None

    @property
    def net_pnl(self) -> Decimal:
        """Realised profit and loss after fees and funding, and after what the insurance bore."""
        return self.gross_pnl - self.fees + self.funding + self.insured

    def entered(self, quantity: Decimal, price: Decimal, fee: Decimal) -> "Trade":
        """After a fill that opened or added."""
        total = self.entry_quantity + quantity
        average = (self.entry_price * self.entry_quantity + price * quantity) / total
        return replace(self, entry_quantity=total, entry_price=average, fees=self.fees + fee)

    def left(
        self,
        quantity: Decimal,
        price: Decimal,
        *,
        gross: Decimal,
        fee: Decimal,
        insured: Decimal,
        closed_at: datetime | None = None,
        exit_reason: Purpose | None = None,
    ) -> "Trade":
        """After a fill that reduced, or that closed for a reason."""
        total = self.exit_quantity + quantity
        average = ((self.exit_price or ZERO) * self.exit_quantity + price * quantity) / total
        return replace(
            self,
            exit_quantity=total,
            exit_price=average,
            gross_pnl=self.gross_pnl + gross,
            fees=self.fees + fee,
            insured=self.insured + insured,
            closed_at=closed_at,
            exit_reason=exit_reason,
        )

    def funded(self, amount: Decimal, insured: Decimal) -> "Trade":
        """After a funding settlement that came to `amount`, of which the insurance bore `insured`."""
        return replace(self, funding=self.funding + amount, insured=self.insured + insured)
