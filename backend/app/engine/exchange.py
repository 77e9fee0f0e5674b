"""The exchange as one function: `apply(account, market, orders, at) -> Outcome`. The live cycle and the replay both call it.

Order of one round: closes, then changes of stops, leverage and margin, then flips and opens, each as listed. An order is carried out whole
or refused by name; nothing is clamped.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import localcontext

from app.engine.adjustments import move_margin, set_leverage, set_stops
from app.engine.books import Book, without
from app.engine.checks import check_books
from app.engine.entries import flip, open_position
from app.engine.exits import close
from app.engine.facts import Fact, Filled, OrderRefused, Outcome
from app.engine.money import CONTEXT
from app.engine.orders import CloseOrder, FlipOrder, LeverageOrder, MarginOrder, OpenOrder, Order, RefusalCode, Refused, StopsOrder
from app.engine.placing import Changed, Market, Round
from app.engine.positions import Account
from app.engine.trades import Purpose, Side

__all__ = ["Market", "apply"]


def apply(account: Account, market: Market, orders: Sequence[Order], at: datetime) -> Outcome:
    """Execute a contestant's orders against the market. A bad order never raises; BooksBrokenError means the engine is wrong."""
    with localcontext(CONTEXT):
        facts: list[Fact] = []
        books = dict(market.books)  # this contestant's own view: what it takes is gone for it alone
        seen = Market(market.instruments, market.marks, books, market.unusable, market.rules)
        current = account
        ranked = sorted(enumerate(orders), key=lambda pair: _rank(pair[1]))
        for index, order in ranked:
            done = _execute(current, order, Round(seen, index, at))
            if isinstance(done, Refused):
                facts.append(OrderRefused(index, done))
                continue
            current, new = done
            facts += new
            if index != ranked[-1][0]:
                _consume(books, new)
        outcome = Outcome(current, tuple(facts))
        check_books(account, outcome, market.rules.margin_mode)
        return outcome


def _rank(order: Order) -> int:
    match order:
        case CloseOrder():
            return 0
        case StopsOrder() | LeverageOrder() | MarginOrder():
            return 1
        case OpenOrder() | FlipOrder():
            return 2


def _execute(account: Account, order: Order, now: Round) -> Changed | Refused:
    market = now.market
    if order.symbol not in market.instruments:
        return Refused(RefusalCode.UNKNOWN_SYMBOL, f"{order.symbol} is not traded here; symbols: {', '.join(market.instruments)}")
    if order.symbol not in market.marks:
        why = market.unusable.get(order.symbol, "it has no mark price")
        return Refused(RefusalCode.SYMBOL_UNUSABLE, f"{order.symbol} can't be traded in this cycle: {why}")
    match order:
        case OpenOrder():
            return open_position(account, order, now)
        case CloseOrder():
            return close(account, order, now)
        case FlipOrder():
            return flip(account, order, now)
        case StopsOrder():
            return set_stops(account, order, now)
        case LeverageOrder():
            return set_leverage(account, order, now)
        case MarginOrder():
            return move_margin(account, order, now)


def _consume(books: dict[str, Book], facts: Sequence[Fact]) -> None:
    """Take from the books what was just filled: the next order of this contestant meets what is left."""
    for fact in facts:
        if not isinstance(fact, Filled):
            continue
        book = books[fact.symbol]
        buying = (fact.side is Side.LONG) == (fact.purpose in {Purpose.OPEN, Purpose.ADD})
        if buying:
            books[fact.symbol] = replace(book, asks=without(book.asks, fact.parts))
        else:
            books[fact.symbol] = replace(book, bids=without(book.bids, fact.parts))
