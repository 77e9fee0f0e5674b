"""Funding: at each settlement of the venue, whoever holds a position in that instant pays or receives -d x q x M x rate.

Once per settlement, named by (symbol, instant). A rate that is published late is charged on what was held then, whatever was traded since.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from app.engine.facts import FundingOwed, FundingPaid
from app.engine.instruments import Instrument
from app.engine.ledger import Entry, LedgerAccount, PostingKind, posting
from app.engine.margin import maintenance_margin
from app.engine.money import CASH_STEP, ZERO, floor_to, to_cash
from app.engine.positions import Account, FundingDue, Position
from app.engine.rules import MarginMode, Rules

INTEREST = Decimal("0.0001")
INTEREST_BAND = Decimal("0.0005")
USUAL_INTERVAL_HOURS = 8


@dataclass(frozen=True, slots=True)
class Settlement:
    """One funding settlement of the venue: instant, and rate as a fraction; None while the venue has not published it."""

    symbol: str
    at: datetime
    rate: Decimal | None


def settled_rate(premium: Decimal, hours: int, lowest: Decimal | None = None, highest: Decimal | None = None) -> Decimal:
    """The rate that follows from the average premium of an interval of `hours` (Bitget, since 2025-09-22 16:01 UTC+8).

    F = clamp((P + clamp(0.01% - P, -0.05%, 0.05%)) / (8 / hours), lowest, highest).
    """
    rate = (premium + min(max(INTEREST - premium, -INTEREST_BAND), INTEREST_BAND)) * hours / USUAL_INTERVAL_HOURS
    if lowest is not None:
        rate = max(rate, lowest)
    return rate if highest is None else min(rate, highest)


def settle(
    account: Account, settlement: Settlement, mark: Decimal | None, instrument: Instrument, rules: Rules
) -> tuple[Account, tuple[FundingPaid | FundingOwed, ...]]:
    """Book one settlement for whoever held at its instant; nothing for who did not, or who has been charged.

    `mark` is that of the instant; raises ValueError when it is needed and None.
    """
    due = next((one for one in account.dues if (one.symbol, one.at) == (settlement.symbol, settlement.at)), None)
    if due is None:
        held = account.positions.get(settlement.symbol)
        if held is None or settlement.at <= held.funded_until:
            return account, ()
        if mark is None:
            raise ValueError(
                f"no mark price of {settlement.symbol} at its funding settlement of {settlement.at}: give the minutes around it"
            )
        due = FundingDue(held.symbol, held.side, held.quantity, mark, settlement.at, held.trade.number)
        account = replace(account.holding(replace(held, funded_until=settlement.at)), dues=(*account.dues, due))
        if settlement.rate is None:
            return account, (FundingOwed(due),)
    if settlement.rate is None:
        return account, ()
    after, paid = _pay(account, due, settlement.rate, instrument, rules)
    return after, (paid,)


def _pay(account: Account, due: FundingDue, rate: Decimal, instrument: Instrument, rules: Rules) -> tuple[Account, FundingPaid]:
    """From the free balance; what that lacks from the position's margin above maintenance; the rest is borne by the insurance."""
    amount = to_cash(-due.side.sign * due.quantity * due.mark * rate) + ZERO  # a rate of zero makes no negative zero
    held = account.positions.get(due.symbol)
    if held is not None and held.trade.number != due.trade_number:
        held = None
    from_free = max(amount, -_reachable(account, due, rules))
    from_margin = max(amount - from_free, -_spare_margin(held, due.mark, instrument, rules))
    insured = from_free + from_margin - amount
    moved = posting(
        PostingKind.FUNDING,
        due.at,
        Entry(LedgerAccount.AVAILABLE, from_free),
        Entry(LedgerAccount.MARGIN, from_margin, due.symbol),
        Entry(LedgerAccount.FUNDING, -amount),
        Entry(LedgerAccount.INSURANCE, -insured),
    )
    after = replace(account, available=account.available + from_free, dues=tuple(one for one in account.dues if one != due))
    if held is not None:
        after = after.holding(replace(held, margin=held.margin + from_margin, trade=held.trade.funded(amount, insured)))
    paid = FundingPaid(due.symbol, due.side, due.quantity, rate, due.mark, amount, insured, due.at, due.trade_number, moved)
    return after, paid


def _reachable(account: Account, due: FundingDue, rules: Rules) -> Decimal:
    """USDT that a charge may take from the balance: what is free; in cross margin the whole equity, as far as this mark tells it."""
    if rules.margin_mode is MarginMode.ISOLATED or not account.positions:
        return account.available
    if account.positions.keys() == {due.symbol}:
        return max(ZERO, account.equity({due.symbol: due.mark}))
    return Decimal("Infinity")


def _spare_margin(held: Position | None, mark: Decimal, instrument: Instrument, rules: Rules) -> Decimal:
    """USDT of a position's own margin that could go without bringing about its liquidation, which acts at equality."""
    if held is None or rules.margin_mode is MarginMode.CROSS:
        return ZERO
    spare = held.margin + held.unrealised_pnl(mark) - maintenance_margin(instrument, held.notional(mark))
    return max(ZERO, min(held.margin, floor_to(spare, CASH_STEP) - CASH_STEP))
