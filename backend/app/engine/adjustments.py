"""Orders that change what stands behind a position or when it ends, without trading: stops, leverage, margin."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from app.engine.facts import MarginSet, StopsSet, levels_of
from app.engine.ledger import Entry, LedgerAccount, PostingKind, posting
from app.engine.margin import free_balance, initial_margin
from app.engine.money import ZERO, to_cash
from app.engine.order_checks import LARGEST, above_tier, finite_or_none, stops_on_tick, too_dear, unfit_levels, unfit_leverage, wrong_side
from app.engine.orders import LeverageOrder, MarginOrder, RefusalCode, Refused, StopsOrder
from app.engine.placing import Changed, Round, next_minute, position_of, unpriced, would_liquidate
from app.engine.positions import Account, Position
from app.engine.rules import MarginMode


def set_stops(account: Account, order: StopsOrder, now: Round) -> Changed | Refused:
    """Replace both exit levels; they are watched from the next whole minute."""
    held = position_of(account, order.symbol, " to set stops on")
    if isinstance(held, Refused):
        return held
    refused = unfit_levels(order.stop_loss, order.take_profit)
    if refused is not None:
        return refused
    stops = stops_on_tick(order.stop_loss, order.take_profit, now.market.instruments[order.symbol])
    refused = wrong_side(held.side, stops, now.market.marks[order.symbol])
    if refused is not None:
        return refused
    changed = replace(held, stop_loss=stops[0], take_profit=stops[1], armed_from=next_minute(now.at))
    return account.holding(changed), (StopsSet(now.index, order.symbol, levels_of(held), levels_of(changed)),)


def set_leverage(account: Account, order: LeverageOrder, now: Round) -> Changed | Refused:
    """Change the leverage of an open position."""
    held = position_of(account, order.symbol, " to change the leverage of")
    if isinstance(held, Refused):
        return held
    if order.leverage == held.leverage:
        said = Decimal(held.leverage)
        return Refused(RefusalCode.LEVERAGE_UNCHANGED, f"{order.symbol} is held at {held.leverage}x already", said, said)
    return unfit_leverage(order.leverage, now.market.rules) or relever(account, held, order.leverage, now)


def relever(account: Account, held: Position, leverage: int, now: Round) -> Changed | Refused:
    """IM' = q x E / L'. Less leverage takes from the free balance; more gives back, unless the position would be liquidated at once."""
    market = now.market
    refused = above_tier(leverage, held.notional(market.marks[held.symbol]), market.instruments[held.symbol])
    if refused is not None:
        return refused
    margin = initial_margin(held.quantity * held.entry_price, leverage)
    return _move(account, held, margin - held.margin, leverage, now)


def move_margin(account: Account, order: MarginOrder, now: Round) -> Changed | Refused:
    """Add margin from the free balance, or take back what lies above q x E / L."""
    if now.market.rules.margin_mode is MarginMode.CROSS:
        return Refused(
            RefusalCode.MARGIN_SHARED, "in cross margin the whole balance stands behind every position: there is nothing to move"
        )
    held = position_of(account, order.symbol, " to move margin of")
    if isinstance(held, Refused):
        return held
    if not order.amount.is_finite() or abs(order.amount) > LARGEST or to_cash(order.amount) == 0:
        return Refused(RefusalCode.SIZE_INVALID, "the amount must be a number of USDT, not zero", needed=finite_or_none(order.amount))
    amount = to_cash(order.amount)
    lowest = initial_margin(held.quantity * held.entry_price, held.leverage)
    if amount < 0 and held.margin + amount < lowest:
        return Refused(
            RefusalCode.MARGIN_BELOW_INITIAL, f"at {held.leverage}x the margin can't go lower, USDT", lowest, held.margin + amount
        )
    return _move(account, held, amount, held.leverage, now)


def _move(account: Account, held: Position, amount: Decimal, leverage: int, now: Round) -> Changed | Refused:
    market = now.market
    refused = unpriced(account, market) or too_dear(amount, max(ZERO, free_balance(account, market.marks, market.rules.margin_mode)))
    if refused is not None:
        return refused
    changed = replace(held, margin=held.margin + amount, leverage=leverage, armed_from=next_minute(now.at))
    after = account.holding(changed, -amount)
    fact = _margin_set(held, leverage, amount, now.index, now.at)
    return (would_liquidate(after, held.symbol, market) if amount < 0 else None) or (after, (fact,))


def _margin_set(held: Position, leverage: int, amount: Decimal, index: int, at: datetime) -> MarginSet:
    moved = posting(
        PostingKind.MARGIN,
        at,
        Entry(LedgerAccount.AVAILABLE, -amount),
        Entry(LedgerAccount.MARGIN, amount, held.symbol),
    )
    return MarginSet(index, held.symbol, held.leverage, leverage, amount, at, moved)
