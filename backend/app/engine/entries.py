"""Orders that enter: open, add, flip. Checks in the order a venue makes them, then one walk through the book."""

from dataclasses import replace
from decimal import Decimal

from app.engine.adjustments import relever
from app.engine.books import Level, Walk, walk
from app.engine.facts import Fact
from app.engine.fills import Entering, Execution, Leaving, enter, leave
from app.engine.instruments import Instrument
from app.engine.margin import free_balance, initial_margin
from app.engine.money import ONE, ZERO, floor_to, to_cash
from app.engine.order_checks import (
    above_order_limit,
    above_tier,
    no_room,
    outside_band,
    stops_on_tick,
    unfit_entry,
    unfit_quantity,
    wrong_side,
)
from app.engine.orders import FlipOrder, OpenOrder, RefusalCode, Refused
from app.engine.placing import Changed, Market, Round, execution, left_open, levels_of_book, position_of, would_liquidate
from app.engine.positions import Account, Position
from app.engine.trades import Purpose, Side

SIZING_STEPS_MAX = 8
"""How often a size given as a fraction is brought closer to what the depth allows before it is refused."""


def open_position(account: Account, order: OpenOrder, now: Round) -> Changed | Refused:
    """Open, or add to, a position; an add with another leverage changes that of the whole position first."""
    held, market = account.positions.get(order.symbol), now.market
    refused = unfit_entry(order, market.rules)
    if refused is not None:
        return refused
    if held is not None and held.side is not order.side:
        return Refused(RefusalCode.OPPOSITE_WITHOUT_CLOSE, f"{order.symbol} is held {held.side}: close it first")
    facts: tuple[Fact, ...] = ()
    if held is not None and held.leverage != order.leverage:
        changed = relever(account, held, order.leverage, now)
        if isinstance(changed, Refused):
            return changed
        account, facts = changed
    levels = levels_of_book(market, order.symbol, buying=order.side is Side.LONG)
    if isinstance(levels, Refused):
        return levels
    quantity = _wanted(account, order, levels, market)
    refused = _unfit_size(order, quantity, levels[0].price, held, market)
    if refused is not None:
        return refused
    filled = walk(levels, quantity, buying=order.side is Side.LONG, instrument=market.instruments[order.symbol])
    entered = _enter(account, order, execution(filled, now.at), filled.cost, now)
    return entered if isinstance(entered, Refused) else (entered[0], (*facts, *entered[1]))


def flip(account: Account, order: FlipOrder, now: Round) -> Changed | Refused:
    """Close everything and open the other side with one order: both legs at its average price, the fee split by quantity."""
    held, market = position_of(account, order.symbol, " to flip"), now.market
    if isinstance(held, Refused):
        return held
    refused = unfit_entry(order, market.rules)
    if refused is not None:
        return refused
    instrument, side = market.instruments[order.symbol], Side.SHORT if held.side is Side.LONG else Side.LONG
    levels = levels_of_book(market, order.symbol, buying=side is Side.LONG)
    if isinstance(levels, Refused):
        return levels
    opening = OpenOrder(order.symbol, side, order.notional, order.leverage, order.stop_loss, order.take_profit)
    quantity = floor_to(order.notional / levels[0].price, instrument.lot)
    refused = _unfit_size(opening, quantity, levels[0].price, None, market) or above_order_limit(held.quantity + quantity, instrument)
    if refused is not None:
        return refused
    filled = walk(levels, held.quantity + quantity, buying=side is Side.LONG, instrument=instrument)
    closing, rest = _split(filled, held.quantity, now)
    still_open = left_open(account, held, held.quantity, market)
    why = Leaving(Purpose.CLOSE, instrument.taker_fee_rate, market.rules.margin_mode, now.index, still_open=still_open)
    flat, closed = leave(account, held, closing, why)
    entered = _enter(flat, opening, rest, rest.price * rest.quantity, now)
    return entered if isinstance(entered, Refused) else (entered[0], (closed, *entered[1]))


def _wanted(account: Account, order: OpenOrder, levels: tuple[Level, ...], market: Market) -> Decimal:
    """The quantity asked for, on lot: by notional at the touch, or as much as the fraction of the free balance pays for in this depth."""
    instrument = market.instruments[order.symbol]
    if order.notional is not None:
        return floor_to(order.notional / levels[0].price, instrument.lot)
    budget = free_balance(account, market.marks, market.rules.margin_mode) * (order.fraction or ZERO)
    price, quantity = levels[0].price, ZERO
    for _ in range(SIZING_STEPS_MAX):
        quantity = floor_to(max(ZERO, budget) / (price * (ONE / order.leverage + instrument.taker_fee_rate)), instrument.lot)
        if quantity == 0:
            return quantity
        filled = walk(levels, quantity, buying=order.side is Side.LONG, instrument=instrument)
        if _price_of_entry(filled.cost, order.leverage, instrument) <= budget:
            return quantity
        price = filled.price + instrument.tick
    return ZERO


def _unfit_size(order: OpenOrder, quantity: Decimal, touch: Decimal, held: Position | None, market: Market) -> Refused | None:
    instrument, mark = market.instruments[order.symbol], market.marks[order.symbol]
    total = quantity * mark + (held.notional(mark) if held else ZERO)
    return unfit_quantity(quantity, touch, instrument) or above_tier(order.leverage, total, instrument)


def _enter(account: Account, order: OpenOrder, done: Execution, cost: Decimal, now: Round) -> Changed | Refused:
    market, instrument, mark = now.market, now.market.instruments[order.symbol], now.market.marks[order.symbol]
    fee = to_cash(cost * instrument.taker_fee_rate)
    stops = stops_on_tick(order.stop_loss, order.take_profit, instrument)
    refused = (
        outside_band(done.price, mark, instrument)
        or wrong_side(order.side, stops, mark)
        or no_room(
            initial_margin(done.price * done.quantity, order.leverage),
            fee,
            free_balance(account, market.marks, market.rules.margin_mode),
        )
    )
    if refused is not None:
        return refused
    entering = Entering(order.symbol, order.side, order.leverage, *stops)
    after, fact = enter(account, entering, done, fee=fee, index=now.index)
    return would_liquidate(after, order.symbol, market) or (after, (fact,))


def _price_of_entry(cost: Decimal, leverage: int, instrument: Instrument) -> Decimal:
    """Margin and fee of a fill that cost `cost` USDT."""
    return initial_margin(cost, leverage) + to_cash(cost * instrument.taker_fee_rate)


def _split(filled: Walk, closing: Decimal, now: Round) -> tuple[Execution, Execution]:
    """One walk as two executions at its average price: the first `closing` of it, and the rest. The parts are divided in walking order."""
    first: list[Level] = []
    second: list[Level] = []
    left = closing
    for part in filled.parts:
        taken = min(left, part.quantity)
        left -= taken
        if taken > 0:
            first.append(replace(part, quantity=taken))
        if part.quantity > taken:
            second.append(replace(part, quantity=part.quantity - taken))
    whole = execution(filled, now.at)
    return (
        replace(whole, quantity=closing, parts=tuple(first)),
        replace(whole, quantity=filled.quantity - closing, parts=tuple(second)),
    )
