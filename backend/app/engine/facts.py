"""What happened to an account: the record from which books, trades and pages are written. Values only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.engine.books import Level
from app.engine.ledger import Posting
from app.engine.orders import Refused
from app.engine.positions import Account, Position
from app.engine.trades import Purpose, Side, Trade


@dataclass(frozen=True, slots=True)
class Filled:
    """One execution. `order` is the index of the order it answers, None for a trigger. Prices USDT, quantity base coin, money USDT."""

    order: int | None
    symbol: str
    side: Side
    purpose: Purpose
    quantity: Decimal
    price: Decimal
    parts: tuple[Level, ...]
    fee: Decimal
    realised_pnl: Decimal
    insured: Decimal
    beyond_depth: bool
    at: datetime
    trade: Trade
    posting: Posting


@dataclass(frozen=True, slots=True)
class StopsSet:
    """Exit levels of a position before and after; both are (stop loss, take profit)."""

    order: int
    symbol: str
    before: tuple[Decimal | None, Decimal | None]
    after: tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """An order that changed nothing, and why."""

    order: int
    refused: Refused


Fact = Filled | StopsSet | OrderRefused


@dataclass(frozen=True, slots=True)
class Outcome:
    """The account afterwards and what happened on the way, in order."""

    account: Account
    facts: tuple[Fact, ...] = ()


def fills(facts: Iterable[Fact]) -> tuple[Filled, ...]:
    """The executions among the facts."""
    return tuple(fact for fact in facts if isinstance(fact, Filled))


def levels_of(position: Position) -> tuple[Decimal | None, Decimal | None]:
    """(stop loss, take profit) of a position."""
    return position.stop_loss, position.take_profit
