"""What must be true after every step, recomputed from the postings. A failure is a bug of ours and stops that contestant's turn."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from app.engine.facts import Outcome, postings
from app.engine.ledger import BooksBrokenError, LedgerAccount, Posting
from app.engine.money import ZERO
from app.engine.positions import Account
from app.engine.rules import MarginMode


def check_books(before: Account, outcome: Outcome, mode: MarginMode) -> None:
    """Free cash and every margin must follow from `before` and the postings, and what a contestant owns is never negative.

    In cross margin the free cash alone may be: it then stands against what open positions have reserved or won. Raises BooksBrokenError.
    """
    after = outcome.account
    moved = _moved(postings(outcome.facts))
    expected = before.available + moved.pop((LedgerAccount.AVAILABLE, None), ZERO)
    if after.available != expected:
        raise BooksBrokenError(f"{after.contestant}: free balance is {after.available}, the postings say {expected}")
    if after.available < 0 and (mode is MarginMode.ISOLATED or not after.positions):
        raise BooksBrokenError(f"{after.contestant}: free balance is {after.available}, below zero")
    posted = {symbol for _, symbol in moved if symbol is not None}
    for symbol in before.positions.keys() | after.positions.keys() | posted:
        held = _margin(before, symbol) + moved.get((LedgerAccount.MARGIN, symbol), ZERO)
        if _margin(after, symbol) != held or held < 0:
            raise BooksBrokenError(f"{after.contestant}: margin of {symbol} is {_margin(after, symbol)}, the postings say {held}")


def _margin(account: Account, symbol: str) -> Decimal:
    position = account.positions.get(symbol)
    return position.margin if position else ZERO


def _moved(done: Iterable[Posting]) -> dict[tuple[LedgerAccount, str | None], Decimal]:
    """Net USDT by ledger account and symbol."""
    sums: dict[tuple[LedgerAccount, str | None], Decimal] = defaultdict(Decimal)
    for one in done:
        for entry in one.entries:
            sums[entry.account, entry.symbol] += entry.amount
    return sums
