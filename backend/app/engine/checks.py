"""What must be true after every step, recomputed from the postings. A failure is a bug of ours and stops that contestant's turn."""

from collections.abc import Iterable
from decimal import Decimal

from app.engine.facts import Outcome, fills
from app.engine.ledger import BooksBrokenError, LedgerAccount, Posting
from app.engine.money import ZERO
from app.engine.positions import Account


def check_books(before: Account, outcome: Outcome) -> None:
    """Free cash and every margin must follow from `before` and the postings, and none may be negative. Raises BooksBrokenError."""
    postings = [fill.posting for fill in fills(outcome.facts)]
    after = outcome.account
    expected = before.available + _moved(postings, LedgerAccount.AVAILABLE)
    if after.available != expected or after.available < 0:
        raise BooksBrokenError(f"{after.contestant}: free balance is {after.available}, the postings say {expected}")
    for symbol in {*before.positions, *after.positions}:
        held = _margin(before, symbol) + _moved(postings, LedgerAccount.MARGIN, symbol)
        if _margin(after, symbol) != held or held < 0:
            raise BooksBrokenError(f"{after.contestant}: margin of {symbol} is {_margin(after, symbol)}, the postings say {held}")


def _margin(account: Account, symbol: str) -> Decimal:
    position = account.positions.get(symbol)
    return position.margin if position else ZERO


def _moved(postings: Iterable[Posting], account: LedgerAccount, symbol: str | None = None) -> Decimal:
    entries = (entry for one in postings for entry in one.entries if entry.account is account)
    return sum((entry.amount for entry in entries if symbol is None or entry.symbol == symbol), ZERO)
