"""What an account holds: free cash and isolated-margin positions. Values and the arithmetic that follows from them, nothing that trades."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from app.engine.instruments import Instrument, deductions
from app.engine.money import ONE, ZERO, to_cash
from app.engine.trades import Side, Trade


@dataclass(frozen=True, slots=True)
class Position:
    """An open isolated position. `quantity` > 0 in the base coin, prices and margin in USDT.

    `entry_price` is the average of the fills that built what is held; reducing leaves it alone. `armed_from` is the first moment from which
    a candle may trigger its stops: nothing of the minute before a fill or a stop change counts.
    """

    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    leverage: int
    margin: Decimal
    stop_loss: Decimal | None
    take_profit: Decimal | None
    armed_from: datetime
    trade: Trade

    def unrealised_pnl(self, mark: Decimal) -> Decimal:
        """D x q x (M - E), USDT."""
        return self.side.sign * self.quantity * (mark - self.entry_price)

    def notional(self, mark: Decimal) -> Decimal:
        """Q x M, USDT."""
        return self.quantity * mark


@dataclass(frozen=True, slots=True)
class Account:
    """A contestant's books at one moment. `trades_opened` numbers the trades; `available` is free USDT, margins lie in the positions."""

    contestant: str
    available: Decimal
    positions: Mapping[str, Position] = field(default_factory=dict)
    trades_opened: int = 0

    @property
    def wallet(self) -> Decimal:
        """Free cash plus all isolated margins: what would be left if every position closed at its entry without a fee."""
        return self.available + sum((position.margin for position in self.positions.values()), ZERO)

    def equity(self, marks: Mapping[str, Decimal]) -> Decimal:
        """Wallet plus unrealised profit and loss at `marks`. A position without a mark counts at its entry price."""
        return self.wallet + self.unrealised_pnl(marks)

    def unrealised_pnl(self, marks: Mapping[str, Decimal]) -> Decimal:
        """Sum over the positions that have a mark, to 1e-8 as all cash."""
        return to_cash(sum((held.unrealised_pnl(marks[held.symbol]) for held in self.positions.values() if held.symbol in marks), ZERO))

    def holding(self, position: Position) -> "Account":
        """The account with one position put in place of its namesake; a quantity of zero removes it."""
        others = {name: held for name, held in self.positions.items() if name != position.symbol}
        if position.quantity > 0:
            others[position.symbol] = position
        return replace(self, positions=others)


def maintenance_margin(instrument: Instrument, notional: Decimal) -> Decimal:
    """Tiered, marginal form, plus the fee of closing: N x m_k - D_k + N x f."""
    fee = notional * instrument.taker_fee_rate
    for tier, deduction in zip(instrument.tiers, deductions(instrument.tiers), strict=True):
        if notional <= tier.upper or tier is instrument.tiers[-1]:
            return notional * tier.maintenance_rate - deduction + fee
    return fee


def liquidation_price(position: Position, instrument: Instrument) -> Decimal | None:
    """Mark price at which isolated margin plus unrealised PnL equals maintenance margin; None when no positive price does.

    P* = (IM + D_k - q x E x d) / (q x (m_k + f - d)), in the tier k that holds q x P* (Bitget, tiers of 2025-11).
    """
    sign, quantity = position.side.sign, position.quantity
    rows = tuple(zip(instrument.tiers, deductions(instrument.tiers), strict=True))
    for tier, deduction in rows:
        rate = tier.maintenance_rate + instrument.taker_fee_rate - sign
        price = (position.margin + deduction - quantity * position.entry_price * sign) / (quantity * rate)
        if price <= 0:
            continue
        within = tier.lower < quantity * price and (quantity * price <= tier.upper or tier is instrument.tiers[-1])
        if within:
            return price
    return None


def bankruptcy_price(position: Position, taker_fee_rate: Decimal) -> Decimal:
    """Price at which closing, fee included, consumes exactly the isolated margin: (IM - q x E x d) / (q x (f - d))."""
    sign = position.side.sign
    return (position.margin - position.quantity * position.entry_price * sign) / (position.quantity * (taker_fee_rate - sign * ONE))
