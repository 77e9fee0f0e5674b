"""One contestant's books as rows, built from the engine's facts the way the store writes them, without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.engine.facts import Fact, Filled, FundingOwed, FundingPaid, MarginSet, Outcome, fills
from app.engine.positions import Account
from app.engine.trades import Purpose
from app.store.booking import Booking
from app.store.contestants import deposit
from app.store.fills import fill_row
from app.store.funding import owed_row, paid_row
from app.store.ledger import Booked, entry_rows, numbered
from app.store.orders import by_order, order_row
from app.store.positions import position_rows
from app.store.trades import trade_changes, trade_opening, trades_after

Row = dict[str, Any]


@dataclass(slots=True)
class Rows:
    """Rows so far. Orders, fills and trades are named by their number within the contestant's books, counted from 1."""

    orders: list[Row] = field(default_factory=list)
    fills: list[Row] = field(default_factory=list)
    trades: dict[int, Row] = field(default_factory=dict)
    entries: list[Row] = field(default_factory=list)
    payments: dict[tuple[str, datetime], Row] = field(default_factory=dict)
    positions: dict[str, Row] = field(default_factory=dict)
    postings: int = 0

    def begin(self, initial: Decimal, at: datetime) -> None:
        """The starting balance."""
        self._post([Booked(deposit(initial, at))])

    def book(self, booking: Booking, before: Account, outcome: Outcome, paid_after: datetime | None) -> None:
        """What an outcome writes."""
        facts = outcome.facts
        order_ids: dict[int, int] = {}
        for group in by_order(facts):
            self.orders.append(order_row(booking, group))
            order_ids |= {id(fact): len(self.orders) for fact in group}
        self._trades(booking, outcome)
        fill_ids: dict[int, int] = {}
        for fact in fills(facts):
            self.fills.append(fill_row(booking, fact, order_ids[id(fact)], fact.trade.number))
            fill_ids[id(fact)] = len(self.fills)
        places = [place for place, fact in enumerate(facts) if isinstance(fact, Filled | MarginSet | FundingPaid)]
        numbers = self._post([_booked(facts[place], order_ids, fill_ids) for place in places])
        for row in position_rows(before.positions, outcome, _Same()):
            self.positions[row["symbol"]] = row
        self._funding(booking, facts, dict(zip(places, numbers, strict=True)), paid_after)

    def total(self, column: str) -> Decimal:
        """Sum of a column over all trades."""
        return sum((row[column] for row in self.trades.values()), Decimal(0))

    @property
    def liquidations(self) -> int:
        """How many fills were liquidations."""
        return sum(row["purpose"] == Purpose.LIQUIDATION for row in self.fills)

    def _post(self, booked: Sequence[Booked]) -> list[int | None]:
        numbers = numbered(booked, after=self.postings)
        for number, one in zip(numbers, booked, strict=True):
            if number is not None:
                self.entries += entry_rows(number, one)
                self.postings = number
        return numbers

    def _trades(self, booking: Booking, outcome: Outcome) -> None:
        done = fills(outcome.facts)
        firsts = {fact.trade.number: fact for fact in reversed(done)}
        lasts = {fact.trade.number: fact for fact in done}
        after = trades_after(outcome)
        for number, trade in sorted(after.items()):
            known = self.trades.get(number) or trade_opening(booking, firsts[number])
            self.trades[number] = {**known, **trade_changes(booking, trade, lasts.get(number))}
        for fact in outcome.facts:
            if isinstance(fact, FundingPaid) and fact.trade_number not in after:
                row = self.trades[fact.trade_number]
                row["funding"] += fact.amount
                row["insured"] += fact.insured
                row["net_pnl"] += fact.amount + fact.insured

    def _funding(self, booking: Booking, facts: Sequence[Fact], numbers: Mapping[int, int | None], paid_after: datetime | None) -> None:
        for place, fact in enumerate(facts):
            if isinstance(fact, FundingOwed):
                self.payments[fact.due.symbol, fact.due.at] = {**owed_row(booking, fact, fact.due.trade_number), "paid_after": None}
            elif isinstance(fact, FundingPaid):
                late = paid_after if (fact.symbol, fact.at) in self.payments else None
                row = paid_row(booking, fact, fact.trade_number, numbers[place])
                self.payments[fact.symbol, fact.at] = {**row, "paid_after": late}


class _Same(Mapping[int, int]):
    """Every number named by itself."""

    def __getitem__(self, number: int) -> int:
        return number

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


def _booked(fact: Fact, order_ids: Mapping[int, int], fill_ids: Mapping[int, int]) -> Booked:
    if isinstance(fact, Filled):
        return Booked(fact.posting, fill_id=fill_ids[id(fact)])
    if isinstance(fact, MarginSet):
        return Booked(fact.posting, order_id=order_ids[id(fact)])
    if isinstance(fact, FundingPaid):
        return Booked(fact.posting)
    raise TypeError(f"no money moves with {type(fact).__name__}")
