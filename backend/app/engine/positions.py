"""What an account holds: free cash, positions with their margins, and funding not yet settled. Values, nothing that trades."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.engine.money import ZERO, to_cash
from app.engine.trades import Side, Trade


@dataclass(frozen=True, slots=True)
class Position:
    """An open position. `quantity` > 0 in the base coin, prices and margin in USDT.

    `entry_price` is the average of the fills that built what is held; reducing leaves it alone. `armed_from` is the first moment from which
    a candle may trigger its exits: nothing of the minute before a fill or a stop change counts. Funding settlements at or before
    `funded_until` are accounted for.
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
    funded_until: datetime
    trade: Trade

    def unrealised_pnl(self, mark: Decimal) -> Decimal:
        """D x q x (M - E), USDT."""
        return self.side.sign * self.quantity * (mark - self.entry_price)

    def notional(self, mark: Decimal) -> Decimal:
        """Q x M, USDT."""
        return self.quantity * mark


@dataclass(frozen=True, slots=True)
class FundingDue:
    """What was held in the instant of a funding settlement whose rate was not published yet. `quantity` base coin, `mark` USDT at `at`."""

    symbol: str
    side: Side
    quantity: Decimal
    mark: Decimal
    at: datetime
    trade_number: int


@dataclass(frozen=True, slots=True)
class Account:
    """A contestant's books at one moment. `trades_opened` numbers the trades; `available` is free USDT, margins lie in the positions."""

    contestant: str
    available: Decimal
    positions: Mapping[str, Position] = field(default_factory=dict)
    trades_opened: int = 0
    dues: tuple[FundingDue, ...] = ()

    @property
    def wallet(self) -> Decimal:
        """Free cash plus all margins: what would be left if every position closed at its entry without a fee."""
        return self.available + sum((position.margin for position in self.positions.values()), ZERO)

    def equity(self, marks: Mapping[str, Decimal]) -> Decimal:
        """Wallet plus unrealised profit and loss at `marks`. A position without a mark counts at its entry price."""
        return self.wallet + self.unrealised_pnl(marks)

    def unrealised_pnl(self, marks: Mapping[str, Decimal]) -> Decimal:
        """Sum over the positions that have a mark, to 1e-8 as all cash."""
        return to_cash(sum((held.unrealised_pnl(marks[held.symbol]) for held in self.positions.values() if held.symbol in marks), ZERO))

    def holding(self, position: Position, received: Decimal = ZERO) -> "Account":
        """The account with one position put in place of its namesake, and `received` USDT more free."""
        positions = {name: held for name, held in self.positions.items() if name != position.symbol}
        positions[position.symbol] = position
        return Account(self.contestant, self.available + received, positions, max(self.trades_opened, position.trade.number), self.dues)

    def without(self, symbol: str, received: Decimal = ZERO) -> "Account":
        """The account when a position is gone, and `received` USDT more free."""
        positions = {name: held for name, held in self.positions.items() if name != symbol}
        return Account(self.contestant, self.available + received, positions, self.trades_opened, self.dues)
