"""Real trades of a public contest (REAL_DIR/nof1/trades.json), each bought and sold again by the engine and held against the venue's figures.

The rows say what a venue charged and paid: price and size of both legs, commission of each, gross and net. Commissions follow the venue's
schedule (`SCHEDULE`). The feed contradicts itself in places: it shows one price per leg, rounded to tick, while the venue paid out on the
average of all fills. Which rows those are, and why, is found from the figures of the row; `pytest -s` prints the table.
"""

import json
import sys
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum
from itertools import groupby

import pytest

from app.engine.books import Book, Level
from app.engine.exchange import Market, apply
from app.engine.facts import fills
from app.engine.money import CONTEXT, ZERO
from app.engine.orders import CloseOrder, OpenOrder
from app.engine.positions import Account
from app.engine.trades import Side
from tests.engine.markets import D, instrument
from tests.reference_data import real_folder

pytestmark = pytest.mark.real

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CENT = D("0.01")
LOT = D("0.00001")
"""Finer than any lot of that venue: takes the binary dust off sizes such as 17.990000000000002."""

SCHEDULE = ((D("0.00045"), D("0.00015")), (D("0.0004"), D("0.00012")))
"""(taker, maker) of the venue's two lowest volume tiers."""

CUT_OFF = D("0.00001")
"""Commissions are cut to a millionth of a dollar per fill, so the average price they tell is uncertain by some 0.1 basis points."""


class Why(StrEnum):
    """Why the gross profit of a row is not the one the venue paid out."""

    SEVERAL_PRICES = "a leg had fills at several prices; the commissions tell their averages, and those give what was paid"
    ONE_POSITION = "opened in several trades and held as one position; the trades closed with it give together what was paid"
    TAKER_AND_MAKER = "a leg was part taker, part maker, so its commission does not tell the average price"
    ELSEWHERE = "the venue's average entry is none of the row's prices: it holds fills that the feed does not show"


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a trade as the feed has it. `rate` is the schedule's when the commission fits it to the cent, else as charged."""

    price: Decimal
    commission: Decimal
    quantity: Decimal
    at: datetime

    @property
    def charged(self) -> Decimal:
        return self.commission / (self.price * self.quantity)

    @property
    def scheduled(self) -> Decimal:
        return min((rate for tier in SCHEDULE for rate in tier), key=lambda rate: abs(rate - self.charged))

    @property
    def mixed(self) -> bool:
        """Not of the schedule, but between what a maker and a taker pay."""
        off = abs(self.scheduled * self.price * self.quantity - self.commission) >= CENT
        return off and any(maker < self.charged < taker for taker, maker in SCHEDULE)

    @property
    def rate(self) -> Decimal:
        return self.charged if self.mixed else self.scheduled

    @property
    def average(self) -> Decimal:
        """The price that the commission was charged on."""
        return self.commission / (self.scheduled * self.quantity)


@dataclass(frozen=True, slots=True)
class Row:
    """One round trip of the feed. Money in USD; `paid` is the gross profit that the venue's closing entry holds."""

    number: int
    model: str
    symbol: str
    side: Side
    entry: Leg
    exit: Leg
    gross: Decimal
    net: Decimal
    total_commission: Decimal
    paid: Decimal

    @property
    def quantity(self) -> Decimal:
        return self.entry.quantity

    def gross_at(self, entry: Decimal, leaving: Decimal) -> Decimal:
        return self.side.sign * self.quantity * (leaving - entry)

    @property
    def contradicts_itself(self) -> bool:
        """The feed's own gross, commission and net don't add up."""
        return abs(self.gross - self.total_commission - self.net) >= CENT

    @property
    def left_by_averages(self) -> Decimal:
        """What the commissions' average prices leave unexplained of what was paid."""
        return self.gross_at(self.entry.average, self.exit.average) - self.paid

    @property
    def uncertain(self) -> Decimal:
        return max(CENT, CUT_OFF * self.exit.price * self.quantity)


def read(number, one):
    quantity = round(abs(one["quantity"]), 5)

    def leg(name):
        at = EPOCH + timedelta(seconds=float(one[f"{name}_time"]))
        return Leg(one[f"{name}_price"], one[f"{name}_commission_dollars"], quantity, at)

    side = Side.LONG if one["quantity"] > 0 else Side.SHORT
    paid = one["exit_closed_pnl"] + one["exit_commission_dollars"]
    return Row(
        number,
        one["model_id"],
        one["symbol"],
        side,
        leg("entry"),
        leg("exit"),
        one["realized_gross_pnl"],
        one["realized_net_pnl"],
        one["total_commission_dollars"],
        paid,
    )


@pytest.fixture(scope="module")
def rows():
    path = real_folder("nof1") / "trades.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    with localcontext(CONTEXT):
        found = json.loads(path.read_text(), parse_float=D, parse_int=D)
        return [read(number, one) for number, one in enumerate(found)]


@pytest.fixture(autouse=True)
def exact():
    with localcontext(CONTEXT):
        yield


def market(row, leg):
    """One price without end, and the rate of this leg."""
    terms = instrument(
        row.symbol,
        tick=LOT,
        lot=LOT,
        min_quantity=LOT,
        min_notional=ZERO,
        max_market_quantity=None,
        taker_fee_rate=leg.rate,
        tiers=(),
    )
    endless = (Level(leg.price, D(10) ** 12),)
    return Market({row.symbol: terms}, {row.symbol: leg.price}, {row.symbol: Book(row.symbol, leg.at, endless, endless)})


def traded(row):
    """The row's round trip through the exchange: (entry fill, exit fill)."""
    notional = row.quantity * row.entry.price
    opened = apply(Account(row.model, notional * 2), market(row, row.entry), [OpenOrder(row.symbol, row.side, notional, 1)], row.entry.at)
    closed = apply(opened.account, market(row, row.exit), [CloseOrder(row.symbol)], row.exit.at)
    (entering,), (leaving,) = fills(opened.facts), fills(closed.facts)
    assert entering.quantity == leaving.quantity == row.quantity
    assert closed.account.available == notional * 2 + leaving.trade.net_pnl
    return entering, leaving


def why(row, rows):
    """The reason, by the figures, that the row's gross profit is not what the venue paid."""
    if row.entry.mixed or row.exit.mixed:
        return Why.TAKER_AND_MAKER
    if abs(row.left_by_averages) < row.uncertain:
        return Why.SEVERAL_PRICES
    together = [
        one
        for one in rows
        if (one.model, one.symbol, one.side) == (row.model, row.symbol, row.side)
        and one.entry.at < row.exit.at
        and row.entry.at < one.exit.at
    ]
    left = sum((one.left_by_averages for one in together), ZERO)
    if len(together) > 1 and abs(left) < sum((one.uncertain for one in together), ZERO):
        return Why.ONE_POSITION
    return Why.ELSEWHERE


def test_there_are_trades_to_recompute_of_both_sides_and_of_several_symbols(rows):
    assert len(rows) >= 100
    assert {row.side for row in rows} == {Side.LONG, Side.SHORT}
    assert len({row.symbol for row in rows}) >= 3


def test_gross_profit_of_every_real_trade_agrees_with_the_feed_to_the_cent(rows):
    found = {row.number: traded(row)[1].trade.gross_pnl for row in rows}
    assert {row.number: row.gross for row in rows if abs(found[row.number] - row.gross) >= CENT} == {}


def test_fees_of_every_leg_agree_with_the_venue_to_the_cent_at_its_published_rates(rows):
    wrong, mixed = [], []
    for row in rows:
        for fill, leg in zip(traded(row), (row.entry, row.exit), strict=True):
            if leg.mixed:
                mixed.append((row.number, leg.charged))
            if abs(fill.fee - leg.commission) >= CENT:
                wrong.append((row.number, fill.fee, leg.commission))
    assert wrong == []
    sys.stdout.write(f"\nlegs charged part taker, part maker (row, rate): {[(number, f'{rate:.7f}') for number, rate in mixed]}\n")
    assert len(mixed) <= len(rows) * 2 / 100, "a leg that is neither taker nor maker is the exception"


def test_net_profit_agrees_to_the_cent_wherever_the_feed_does_not_contradict_itself(rows):
    apart = {row.number: traded(row)[1].trade.net_pnl - row.net for row in rows}
    disagreeing = {number for number, amount in apart.items() if abs(amount) >= CENT}
    contradicting = {row.number for row in rows if row.contradicts_itself}
    sys.stdout.write(
        f"\nnet to the cent: {len(rows) - len(disagreeing)} of {len(rows)}; the feed contradicts itself: {len(contradicting)}\n"
    )
    assert disagreeing == contradicting
    for row in rows:
        assert abs(apart[row.number] - (row.gross - row.total_commission - row.net)) < CENT


def test_net_profit_agrees_for_every_trade_when_it_is_entered_at_the_average_the_venue_paid_out_on(rows):
    for row in rows:
        average = round(row.exit.price - row.side.sign * row.paid / row.quantity, 12)
        entry = replace(row.entry, price=average, commission=row.entry.rate * average * row.quantity)
        _, leaving = traded(replace(row, entry=entry))
        assert abs(leaving.realised_pnl - row.paid) < CENT
        assert abs(leaving.realised_pnl - leaving.fee - row.entry.commission - row.net) < CENT


def test_every_contradiction_of_the_feed_has_a_reason_that_its_own_figures_show(rows):
    reasons = {row: why(row, rows) for row in rows if row.contradicts_itself}
    for reason, group in groupby(sorted(reasons, key=lambda row: (reasons[row], row.number)), key=reasons.__getitem__):
        sys.stdout.write(f"\n{reason}:\n")
        for row in group:
            bps = abs(row.gross - row.paid) / (row.exit.price * row.quantity) * 10_000
            sys.stdout.write(
                f"  row {row.number:3} {row.symbol:4} {row.side:5} gross {row.gross:12} paid {row.paid:12} ({bps:.2f} bp of it)\n"
            )
    counted = Counter(reasons.values())
    assert counted[Why.SEVERAL_PRICES] >= len(reasons) * 9 / 10
    assert counted[Why.ELSEWHERE] <= len(rows) * 2 / 100
    off_by = [abs(row.gross - row.paid) / (row.exit.price * row.quantity) for row in reasons if reasons[row] is Why.SEVERAL_PRICES]
    assert max(off_by) < 4 * D("0.0001"), "rounding and a few fills explain basis points, not percents"
