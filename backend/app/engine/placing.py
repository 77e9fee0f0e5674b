"""What placing an order needs to know, and the first steps that all orders share: position, book, walk."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from app.engine.books import Book, Level, Walk
from app.engine.clock import floor_time
from app.engine.facts import Fact
from app.engine.fills import Execution
from app.engine.instruments import Instrument
from app.engine.margin import cross_collateral, maintenance_margin
from app.engine.orders import RefusalCode, Refused
from app.engine.positions import Account, Position
from app.engine.rules import MarginMode, Rules

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Market:
    """What the exchange knows at the moment of the fill: terms, marks of sound symbols, fresh books, why others are not sound."""

    instruments: Mapping[str, Instrument]
    marks: Mapping[str, Decimal]
    books: Mapping[str, Book]
    unusable: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True, slots=True)
class Round:
    """One order's place in a round: the market as earlier orders left it, the order's index, the moment of the fill."""

    market: Market
    index: int
    at: datetime


Changed = tuple[Account, tuple[Fact, ...]]
"""An account after an order, and what was done."""


def position_of(account: Account, symbol: str, doing: str) -> Position | Refused:
    """The open position in a symbol, or the refusal that there is none."""
    held = account.positions.get(symbol)
    return Refused(RefusalCode.CLOSE_NOTHING, f"no open position in {symbol}{doing}") if held is None else held


def levels_of_book(market: Market, symbol: str, *, buying: bool) -> tuple[Level, ...] | Refused:
    """The levels a taker meets, best first, or the refusal that there are none."""
    book = market.books.get(symbol)
    levels = () if book is None else book.asks if buying else book.bids
    return levels or Refused(RefusalCode.NO_DEPTH, f"no order book for {symbol} at the moment of the fill")


def execution(filled: Walk, at: datetime) -> Execution:
    """A walk through the book as the fill it makes."""
    return Execution(filled.quantity, filled.price, filled.parts, filled.exhausted, at, next_minute(at))


def next_minute(at: datetime) -> datetime:
    """Start of the first whole minute not before `at`: the first candle that may trigger what was placed then."""
    start = floor_time(at, MINUTE)
    return start if start == at else start + MINUTE


def left_open(account: Account, held: Position, quantity: Decimal, market: Market) -> Decimal:
    """Unrealised PnL at mark, USDT, of what stays open when `quantity` is closed; without bound while some of it has no price."""
    if unpriced(account, market) is not None:
        return Decimal("Infinity")
    return account.holding(replace(held, quantity=held.quantity - quantity)).unrealised_pnl(market.marks)


def unpriced(account: Account, market: Market) -> Refused | None:
    """In cross margin nothing is known of an account while something it holds has no sound price."""
    without = [name for name in account.positions if name not in market.marks]
    if not without or market.rules.margin_mode is MarginMode.ISOLATED:
        return None
    return Refused(RefusalCode.SYMBOL_UNUSABLE, f"cross margin can't be judged: no sound price for {', '.join(without)}")


def would_liquidate(account: Account, symbol: str, market: Market) -> Refused | None:
    """Whether a position, as it would be now, would lie at or below its maintenance margin at mark."""
    held, instrument, mark = account.positions[symbol], market.instruments[symbol], market.marks[symbol]
    backing = held.margin
    if market.rules.margin_mode is MarginMode.CROSS:
        refused = unpriced(account, market)
        if refused is not None:
            return refused
        backing = cross_collateral(account, symbol, market.marks, market.instruments)
    needed, there = maintenance_margin(instrument, held.notional(mark)), backing + held.unrealised_pnl(mark)
    if there > needed:
        return None
    return Refused(RefusalCode.WOULD_LIQUIDATE, f"the position in {symbol} would be liquidated at once, USDT", needed, there)
