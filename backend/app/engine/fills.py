"""How one fill changes an account: cash, margin, position and trade together, with the posting that says so.

The only place where a balance changes. Nothing here decides whether a fill should happen.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from app.engine.books import Level
from app.engine.facts import Filled
from app.engine.ledger import Entry, LedgerAccount, PostingKind, posting
from app.engine.margin import initial_margin
from app.engine.money import ZERO, to_cash
from app.engine.positions import Account, Position
from app.engine.rules import MarginMode
from app.engine.trades import Purpose, Side, Trade

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


@dataclass(frozen=True, slots=True)
class Entering:
    """What is to be held after an entry: side, leverage and exit levels (on tick). A level of None keeps what is set."""

    symbol: str
    side: Side
    leverage: int
    stop_loss: Decimal | None
    take_profit: Decimal | None


def enter(account: Account, order: Entering, done: Execution, *, fee: Decimal, index: int) -> tuple[Account, Filled]:
    """Open or add: margin moves from the free balance to the position, the fee to the venue."""
    held = account.positions.get(order.symbol)
    margin = initial_margin(done.price * done.quantity, order.leverage)
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
        funded_until=held.funded_until if held else done.at,
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
        ZERO,
        done.beyond_depth,
        done.at,
        trade,
        moved,
    )
    return account.holding(position, -(margin + fee)), fact


@dataclass(frozen=True, slots=True)
class Leaving:
    """Why and on what terms a position is left. `index` is that of the order, None for a trigger.

    `closed_at_price` is where the insurance gets rid of a position that it took over at `Execution.price`; None when it took none.
    `still_open` is the unrealised profit and loss of what stays open, USDT: in cross margin it stands for losses too.
    """

    purpose: Purpose
    fee_rate: Decimal
    mode: MarginMode
    index: int | None = None
    closed_at_price: Decimal | None = None
    still_open: Decimal = ZERO


def leave(account: Account, held: Position, done: Execution, why: Leaving) -> tuple[Account, Filled]:
    """Reduce or close: margin is released in proportion, profit and loss realised, the fee paid.

    Isolated, a contestant never loses more than the margin released, and a liquidation costs exactly that; in cross margin, never more than
    the equity: the insurance bears the rest.
    """
    whole = done.quantity == held.quantity
    released = held.margin if whole else to_cash(held.margin * done.quantity / held.quantity)
    gross = to_cash(held.side.sign * done.quantity * (done.price - held.entry_price))
    fee = to_cash(done.price * done.quantity * why.fee_rate)
    back = released + gross - fee
    insured = _insured(account.wallet + gross - fee, back, why)
    takeover = ZERO if why.closed_at_price is None else to_cash(held.side.sign * done.quantity * (why.closed_at_price - done.price))
    trade = held.trade.left(
        done.quantity,
        done.price,
        gross=gross,
        fee=fee,
        insured=insured,
        closed_at=done.at if whole else None,
        exit_reason=why.purpose if whole else None,
    )
    moved = posting(
        POSTING_KINDS[why.purpose],
        done.at,
        Entry(LedgerAccount.MARGIN, -released, held.symbol),
        Entry(LedgerAccount.AVAILABLE, back + insured),
        Entry(LedgerAccount.PNL, -gross - takeover),
        Entry(LedgerAccount.FEES, fee),
        Entry(LedgerAccount.INSURANCE, takeover - insured),
    )
    fact = Filled(
        why.index,
        held.symbol,
        held.side,
        why.purpose,
        done.quantity,
        done.price,
        done.parts,
        fee,
        gross,
        insured,
        takeover,
        done.beyond_depth,
        done.at,
        trade,
        moved,
    )
    if whole:
        return account.without(held.symbol, back + insured), fact
    position = replace(held, quantity=held.quantity - done.quantity, margin=held.margin - released, trade=trade)
    return account.holding(position, back + insured), fact


def _insured(wallet: Decimal, back: Decimal, why: Leaving) -> Decimal:
    """What the insurance bears, USDT; below zero in the case of an isolated liquidation that rounding would leave something of."""
    if why.mode is MarginMode.CROSS:
        return max(ZERO, -(wallet + why.still_open))
    return -back if why.purpose is Purpose.LIQUIDATION else max(ZERO, -back)


def _average_entry(held: Position | None, done: Execution) -> Decimal:
    if held is None:
        return done.price
    return (held.entry_price * held.quantity + done.price * done.quantity) / (held.quantity + done.quantity)
