"""How one fill changes an account: cash, margin, position and trade together, with the posting that says so.

The only place where a balance changes. Nothing here decides whether a fill should happen.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from app.engine.books import Level
from app.engine.facts import Filled
from app.engine.ledger import Entry, LedgerAccount, PostingKind, posting
from app.engine.money import ZERO, to_cash, to_cash_up
from app.engine.orders import OpenOrder
from app.engine.positions import Account, Position
from app.engine.trades import Purpose, Trade

POSTING_KINDS = {
    Purpose.OPEN: PostingKind.OPEN,
    Purpose.ADD: PostingKind.OPEN,
    Purpose.REDUCE: PostingKind.CLOSE,
    Purpose.CLOSE: PostingKind.CLOSE,
    Purpose.STOP_LOSS: PostingKind.STOP_LOSS,
    Purpose.TAKE_PROFIT: PostingKind.TAKE_PROFIT,
    Purpose.LIQUIDATION: PostingKind.LIQUIDATION,
}


@dataclass(frozen=True, slots=True)
class Execution:
    """Price and quantity of a fill as the market gave it, and when."""

    quantity: Decimal
    price: Decimal
    parts: tuple[Level, ...]
    beyond_depth: bool
    at: datetime
    armed_from: datetime


def entry_margin(order: OpenOrder, cost: Decimal) -> Decimal:
    """Isolated margin of a fill that cost `cost` USDT: q x P / L, rounded up."""
    return to_cash_up(cost / order.leverage)


def enter(account: Account, order: OpenOrder, done: Execution, *, fee: Decimal, index: int) -> tuple[Account, Filled]:
    """Open or add: margin moves from free cash to the position, the fee to the venue."""
    held = account.positions.get(order.symbol)
    margin = entry_margin(order, done.price * done.quantity)
    trade = held.trade if held else Trade(account.trades_opened + 1, order.symbol, order.side, order.leverage, done.at)
    trade = trade.entered(done.quantity, done.price, fee)
    position = Position(
        symbol=order.symbol,
        side=order.side,
        quantity=done.quantity + (held.quantity if held else ZERO),
        entry_price=_average_entry(held, done),
        leverage=order.leverage,
        margin=margin + (held.margin if held else ZERO),
        stop_loss=order.stop_loss if order.stop_loss is not None or held is None else held.stop_loss,
        take_profit=order.take_profit if order.take_profit is not None or held is None else held.take_profit,
        armed_from=done.armed_from,
        trade=trade,
    )
    purpose = Purpose.ADD if held else Purpose.OPEN
    moved = posting(
        POSTING_KINDS[purpose],
        done.at,
        Entry(LedgerAccount.AVAILABLE, -(margin + fee)),
        Entry(LedgerAccount.MARGIN, margin, order.symbol),
        Entry(LedgerAccount.FEES, fee),
    )
    after = replace(account, available=account.available - margin - fee, trades_opened=max(account.trades_opened, trade.number))
    fact = Filled(
        index,
        order.symbol,
        order.side,
        purpose,
        done.quantity,
        done.price,
        done.parts,
        fee,
        ZERO,
        ZERO,
        done.beyond_depth,
        done.at,
        trade,
        moved,
    )
    return after.holding(position), fact


def leave(
    account: Account, held: Position, done: Execution, *, purpose: Purpose, fee_rate: Decimal, index: int | None
) -> tuple[Account, Filled]:
    """Reduce or close: margin is released in proportion, profit and loss realised, the fee paid. A contestant never loses more than the
    margin released: the insurance account takes the rest. A liquidation costs exactly the margin.
    """
    whole = done.quantity == held.quantity
    released = held.margin if whole else to_cash(held.margin * done.quantity / held.quantity)
    gross = to_cash(held.side.sign * done.quantity * (done.price - held.entry_price))
    fee = to_cash(done.price * done.quantity * fee_rate)
    back = released + gross - fee
    insured = -back if purpose is Purpose.LIQUIDATION else max(ZERO, -back)
    trade = held.trade.left(done.quantity, done.price, gross=gross, fee=fee, insured=insured)
    if whole:
        trade = replace(trade, closed_at=done.at, exit_reason=purpose)
    moved = posting(
        POSTING_KINDS[purpose],
        done.at,
        Entry(LedgerAccount.MARGIN, -released, held.symbol),
        Entry(LedgerAccount.AVAILABLE, back + insured),
        Entry(LedgerAccount.PNL, -gross),
        Entry(LedgerAccount.FEES, fee),
        Entry(LedgerAccount.INSURANCE, -insured),
    )
    position = replace(held, quantity=held.quantity - done.quantity, margin=held.margin - released, trade=trade)
    after = replace(account, available=account.available + back + insured).holding(position)
    fact = Filled(
        index,
        held.symbol,
        held.side,
        purpose,
        done.quantity,
        done.price,
        done.parts,
        fee,
        gross,
        insured,
        done.beyond_depth,
        done.at,
        trade,
        moved,
    )
    return after, fact


def _average_entry(held: Position | None, done: Execution) -> Decimal:
    if held is None:
        return done.price
    return (held.entry_price * held.quantity + done.price * done.quantity) / (held.quantity + done.quantity)
