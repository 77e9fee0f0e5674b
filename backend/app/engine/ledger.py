"""Double entry: money moves only as postings whose entries sum to zero, and a balance is a sum of entries.

Each contestant has books of its own. `available` and `margin` are what the contestant holds; the rest are the other sides.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from app.engine.money import ZERO


class LedgerAccount(StrEnum):
    """The chart of accounts of one contestant."""

    AVAILABLE = "available"  # free USDT
    MARGIN = "margin"  # USDT reserved for an open position, one sub-account a symbol
    CAPITAL = "capital"  # where the starting balance came from
    FEES = "fees"  # taker fees paid to the venue
    PNL = "pnl"  # the market as the other side of realised profit and loss
    FUNDING = "funding"  # the other holders, as the other side of funding payments
    INSURANCE = "insurance"  # what contestants could not lose, and what closing their liquidated positions brought


class PostingKind(StrEnum):
    """Why money moved."""

    DEPOSIT = "deposit"
    OPEN = "open"
    CLOSE = "close"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    LIQUIDATION = "liquidation"
    MARGIN = "margin"
    FUNDING = "funding"


@dataclass(frozen=True, slots=True)
class Entry:
    """A signed amount of USDT on one ledger account; `symbol` names the sub-account where there is one."""

    account: LedgerAccount
    amount: Decimal
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """One event's entries, together summing to zero."""

    kind: PostingKind
    at: datetime
    entries: tuple[Entry, ...]

    def total(self, account: LedgerAccount) -> Decimal:
        """Net USDT this posting put on an account, over its sub-accounts."""
        return sum((entry.amount for entry in self.entries if entry.account is account), ZERO)


class BooksBrokenError(Exception):
    """An engine promise was broken: entries that don't sum to zero, or balances that don't follow. A bug, never a model's fault."""


def posting(kind: PostingKind, at: datetime, *entries: Entry) -> Posting:
    """A posting without its zero entries. Raises BooksBrokenError when the entries don't sum to zero."""
    kept = tuple(entry for entry in entries if entry.amount != 0)
    total = sum((entry.amount for entry in kept), ZERO)
    if total != 0:
        raise BooksBrokenError(f"{kind} posting at {at} sums to {total}, not zero: {kept}")
    return Posting(kind, at, kept)
