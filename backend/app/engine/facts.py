"""What happened to an account: the record from which books, trades and pages are written. Values only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.engine.books import Level
from app.engine.ledger import Posting
from app.engine.orders import Refused
from app.engine.positions import Account, FundingDue, Position
from app.engine.trades import Purpose, Side, Trade


@dataclass(frozen=True, slots=True)
class Filled:
    """One execution. `order` is the index of the order it answers, None for a trigger. Prices USDT, quantity base coin, money USDT.

    `insured` is what the insurance bore for the contestant; `takeover` what it then won (+) or lost (-) by closing a liquidated position.
    """

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
    takeover: Decimal
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
class MarginSet:
    """The leverage or the margin of a position was changed; `amount` USDT went to its margin (below zero: came back)."""

    order: int
    symbol: str
    leverage_before: int
    leverage_after: int
    amount: Decimal
    at: datetime
    posting: Posting


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """One settlement of one holding. `amount` USDT is -d x q x M x rate, signed to the contestant; `insured` of it the insurance bore.

    `trade_number` names the trade, which may have been closed since when the rate was published late.
    """

    symbol: str
    side: Side
    quantity: Decimal
    rate: Decimal
    mark: Decimal
    amount: Decimal
    insured: Decimal
    at: datetime
    trade_number: int
    posting: Posting


@dataclass(frozen=True, slots=True)
class FundingOwed:
    """A settlement whose rate is not published yet: what was held in its instant is kept, money moves when the rate is known."""

    due: FundingDue


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """An order that changed nothing, and why."""

    order: int
    refused: Refused


Fact = Filled | StopsSet | MarginSet | FundingPaid | FundingOwed | OrderRefused


@dataclass(frozen=True, slots=True)
class Outcome:
    """The account afterwards and what happened on the way, in order."""

    account: Account
    facts: tuple[Fact, ...] = ()


def fills(facts: Iterable[Fact]) -> tuple[Filled, ...]:
    """The executions among the facts."""
    return tuple(fact for fact in facts if isinstance(fact, Filled))


def postings(facts: Iterable[Fact]) -> tuple[Posting, ...]:
    """The postings among the facts, in order."""
    return tuple(fact.posting for fact in facts if isinstance(fact, Filled | MarginSet | FundingPaid))


def levels_of(position: Position) -> tuple[Decimal | None, Decimal | None]:
    """(stop loss, take profit) of a position."""
    return position.stop_loss, position.take_profit
