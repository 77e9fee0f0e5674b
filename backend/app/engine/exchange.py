"""The exchange as one function: `apply(account, market, orders, at) -> Outcome`. The live cycle and the replay both call it.

Order of one round: closes, then stop changes, then opens, each as listed. An order is filled whole or refused by name; nothing is clamped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from app.engine.books import Book, Level, Walk, walk, without
from app.engine.checks import check_books
from app.engine.clock import floor_time
from app.engine.facts import Fact, Filled, OrderRefused, Outcome, StopsSet, levels_of
from app.engine.fills import Execution, enter, entry_margin, leave
from app.engine.instruments import Instrument
from app.engine.money import CONTEXT, floor_to, to_cash
from app.engine.order_checks import (
    Rules,
    finite_or_none,
    outside_band,
    stops_on_tick,
    too_dear,
    unfit_levels,
    unfit_leverage,
    unfit_open,
    unfit_quantity,
    wrong_side,
)
from app.engine.orders import CloseOrder, OpenOrder, Order, RefusalCode, Refused, StopsOrder
from app.engine.positions import Account
from app.engine.trades import Purpose, Side


@dataclass(frozen=True, slots=True)
class Market:
    """What the exchange knows at the moment of the fill: terms, marks of sound symbols, fresh books, why others are not sound."""

    instruments: Mapping[str, Instrument]
    marks: Mapping[str, Decimal]
    books: Mapping[str, Book]
    unusable: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)


def apply(account: Account, market: Market, orders: Sequence[Order], at: datetime) -> Outcome:
    """Execute a contestant's orders against the market. A bad order never raises; BooksBrokenError means the engine is wrong."""
    with localcontext(CONTEXT):
        outcome = Outcome(account)
        books = dict(market.books)
        for index, order in sorted(enumerate(orders), key=lambda pair: _rank(pair[1])):
            outcome = _step(outcome, replace(market, books=books), order, index, at)
            _consume(books, outcome.facts[-1])
        check_books(account, outcome)
        return outcome


def _rank(order: Order) -> int:
    match order:
        case CloseOrder():
            return 0
        case StopsOrder():
            return 1
        case OpenOrder():
            return 2


def _step(outcome: Outcome, market: Market, order: Order, index: int, at: datetime) -> Outcome:
    done = _execute(outcome.account, market, order, index, at)
    if isinstance(done, Refused):
        return Outcome(outcome.account, (*outcome.facts, OrderRefused(index, done)))
    account, fact = done
    return Outcome(account, (*outcome.facts, fact))


def _execute(account: Account, market: Market, order: Order, index: int, at: datetime) -> tuple[Account, Fact] | Refused:
    if order.symbol not in market.instruments:
        return Refused(RefusalCode.UNKNOWN_SYMBOL, f"{order.symbol} is not traded here; symbols: {', '.join(market.instruments)}")
    if order.symbol not in market.marks:
        why = market.unusable.get(order.symbol, "it has no mark price")
        return Refused(RefusalCode.SYMBOL_UNUSABLE, f"{order.symbol} can't be traded in this cycle: {why}")
    match order:
        case OpenOrder():
            return _open(account, market, order, index, at)
        case CloseOrder():
            return _close(account, market, order, index, at)
        case StopsOrder():
            return _set_stops(account, market, order, index, at)


def _open(account: Account, market: Market, order: OpenOrder, index: int, at: datetime) -> tuple[Account, Fact] | Refused:
    instrument, held, mark = market.instruments[order.symbol], account.positions.get(order.symbol), market.marks[order.symbol]
    refused = unfit_open(order, market.rules, held) or unfit_levels(order.stop_loss, order.take_profit)
    if refused is not None:
        return refused
    levels = _levels(market.books.get(order.symbol), buying=order.side is Side.LONG)
    if not levels:
        return Refused(RefusalCode.NO_DEPTH, f"no order book for {order.symbol} at the moment of the fill")
    quantity = floor_to(order.notional / levels[0].price, instrument.lot)
    refused = unfit_quantity(quantity, levels[0].price, instrument) or unfit_leverage(order, instrument, held, quantity * mark, mark)
    if refused is not None:
        return refused
    filled = walk(levels, quantity, buying=order.side is Side.LONG, instrument=instrument)
    fee = to_cash(filled.cost * instrument.taker_fee_rate)
    stops = stops_on_tick(order.stop_loss, order.take_profit, instrument)
    refused = (
        outside_band(filled.price, mark, instrument)
        or wrong_side(order.side, stops, mark)
        or too_dear(entry_margin(order, filled.price * quantity) + fee, account)
    )
    if refused is not None:
        return refused
    ready = replace(order, stop_loss=stops[0], take_profit=stops[1])
    return enter(account, ready, _execution(filled, at), fee=fee, index=index)


def _close(account: Account, market: Market, order: CloseOrder, index: int, at: datetime) -> tuple[Account, Fact] | Refused:
    held, instrument = account.positions.get(order.symbol), market.instruments[order.symbol]
    if held is None:
        return Refused(RefusalCode.CLOSE_NOTHING, f"no open position in {order.symbol}")
    if not order.fraction.is_finite() or not 0 < order.fraction <= 1:
        return Refused(RefusalCode.SIZE_INVALID, "close_fraction must be above 0 and at most 1", needed=finite_or_none(order.fraction))
    quantity = held.quantity if order.fraction == 1 else floor_to(held.quantity * order.fraction, instrument.lot)
    if quantity == 0:
        return Refused(
            RefusalCode.ROUNDS_TO_ZERO,
            f"that fraction is below one lot of {instrument.lot}",
            held.quantity * order.fraction,
            instrument.lot,
        )
    buying = held.side is Side.SHORT
    levels = _levels(market.books.get(order.symbol), buying=buying)
    if not levels:
        return Refused(RefusalCode.NO_DEPTH, f"no order book for {order.symbol} at the moment of the fill")
    filled = walk(levels, quantity, buying=buying, instrument=instrument)
    refused = outside_band(filled.price, market.marks[order.symbol], instrument)
    if refused is not None:
        return refused
    purpose = Purpose.CLOSE if quantity == held.quantity else Purpose.REDUCE
    return leave(account, held, _execution(filled, at), purpose=purpose, fee_rate=instrument.taker_fee_rate, index=index)


def _set_stops(account: Account, market: Market, order: StopsOrder, index: int, at: datetime) -> tuple[Account, Fact] | Refused:
    held = account.positions.get(order.symbol)
    if held is None:
        return Refused(RefusalCode.CLOSE_NOTHING, f"no open position in {order.symbol} to set stops on")
    refused = unfit_levels(order.stop_loss, order.take_profit)
    if refused is not None:
        return refused
    stops = stops_on_tick(order.stop_loss, order.take_profit, market.instruments[order.symbol])
    refused = wrong_side(held.side, stops, market.marks[order.symbol])
    if refused is not None:
        return refused
    changed = replace(held, stop_loss=stops[0], take_profit=stops[1], armed_from=next_minute(at))
    return account.holding(changed), StopsSet(index, order.symbol, levels_of(held), levels_of(changed))


def next_minute(at: datetime) -> datetime:
    """Start of the first whole minute not before `at`: the first candle that may trigger what was placed then."""
    minute = timedelta(minutes=1)
    start = floor_time(at, minute)
    return start if start == at else start + minute


def _levels(book: Book | None, *, buying: bool) -> tuple[Level, ...]:
    if book is None:
        return ()
    return book.asks if buying else book.bids


def _execution(filled: Walk, at: datetime) -> Execution:
    return Execution(filled.quantity, filled.price, filled.parts, filled.exhausted, at, next_minute(at))


def _consume(books: dict[str, Book], fact: Fact) -> None:
    if not isinstance(fact, Filled):
        return
    book = books[fact.symbol]
    buying = (fact.side is Side.LONG) == (fact.purpose in {Purpose.OPEN, Purpose.ADD})
    if buying:
        books[fact.symbol] = replace(book, asks=without(book.asks, fact.parts))
    else:
        books[fact.symbol] = replace(book, bids=without(book.bids, fact.parts))
