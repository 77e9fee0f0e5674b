"""What a fill leaves behind, whole: the fact, its posting entry by entry, the position, the trade."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.engine.books import Level
from app.engine.exchange import apply
from app.engine.facts import Filled, MarginSet, StopsSet
from app.engine.ledger import Entry, LedgerAccount, Posting, PostingKind
from app.engine.orders import CloseOrder, FlipOrder, LeverageOrder, MarginOrder, OpenOrder, StopsOrder
from app.engine.positions import Position
from app.engine.rules import MarginMode, Rules
from app.engine.trades import Purpose, Side, Trade
from app.engine.triggers import watch
from tests.engine.markets import NOON, D, account, bar, book, holder, holding, instrument, market

BTC, LONG, SHORT = "BTCUSDT", Side.LONG, Side.SHORT
FREE, HELD, FEES, PNL, INSURANCE = (
    LedgerAccount.AVAILABLE,
    LedgerAccount.MARGIN,
    LedgerAccount.FEES,
    LedgerAccount.PNL,
    LedgerAccount.INSURANCE,
)
LATER = NOON + timedelta(hours=1, seconds=5)
NEXT_MINUTE = NOON + timedelta(hours=1, minutes=1)


def posted(kind, at, *entries):
    return Posting(kind, at, tuple(Entry(where, D(amount), BTC if where is HELD else None) for where, amount in entries))


def fact_of(outcome):
    (fact,) = outcome.facts
    return fact


def test_an_open_writes_everything_down():
    order = OpenOrder(BTC, SHORT, D(1_000), 10, D(101_000), D(99_000))
    outcome = apply(account(), market(books={BTC: book(bid="100000")}), [order], LATER)
    trade = Trade(1, BTC, SHORT, 10, LATER, D("0.01"), D(100_000), fees=D("0.6"))
    assert fact_of(outcome) == Filled(
        order=0,
        symbol=BTC,
        side=SHORT,
        purpose=Purpose.OPEN,
        quantity=D("0.01"),
        price=D(100_000),
        parts=(Level(D(100_000), D("0.01")),),
        fee=D("0.6"),
        realised_pnl=D(0),
        insured=D(0),
        takeover=D(0),
        beyond_depth=False,
        at=LATER,
        trade=trade,
        posting=posted(PostingKind.OPEN, LATER, (FREE, "-100.6"), (HELD, "100"), (FEES, "0.6")),
    )
    position = Position(BTC, SHORT, D("0.01"), D(100_000), 10, D(100), D(101_000), D(99_000), NEXT_MINUTE, LATER, trade)
    assert outcome.account == replace(account("9899.4"), positions={BTC: position}, trades_opened=1)


def test_an_add_keeps_levels_trade_and_funding_of_what_was_held_and_sets_only_what_it_names():
    before = holder(holding("0.01", margin="100", stop="95000", target="110000"))
    for named, stop, target in (
        ({}, D(95_000), D(110_000)),
        ({"stop_loss": D(96_000)}, D(96_000), D(110_000)),
        ({"take_profit": D(120_000)}, D(95_000), D(120_000)),
    ):
        outcome = apply(before, market(), [OpenOrder(BTC, LONG, D(1_000), 10, **named)], LATER)
        fact, held = fact_of(outcome), outcome.account.positions[BTC]
        assert (fact.purpose, fact.posting.kind, fact.posting.at) == (Purpose.ADD, PostingKind.OPEN, LATER)
        assert (held.stop_loss, held.take_profit) == (stop, target)
        assert (held.funded_until, held.armed_from, held.margin) == (NOON, NEXT_MINUTE, D(200))
        assert (held.trade.number, held.trade.opened_at, held.trade.entry_quantity) == (1, NOON, D("0.02"))
        assert outcome.account.trades_opened == 1


def test_a_reduce_writes_everything_down():
    before = holder(holding("0.02", "99000", margin="198"))
    outcome = apply(before, market(books={BTC: book(bid="100000", size="0.005", levels=1)}), [CloseOrder(BTC, D("0.5"))], LATER)
    price = (D(100_000) + D(99_950)) / 2
    trade = replace(before.positions[BTC].trade, exit_quantity=D("0.01"), exit_price=price, gross_pnl=D("9.75"), fees=D("0.59985"))
    assert fact_of(outcome) == Filled(
        order=0,
        symbol=BTC,
        side=LONG,
        purpose=Purpose.REDUCE,
        quantity=D("0.01"),
        price=price,
        parts=(Level(D(100_000), D("0.005")), Level(D(99_950), D("0.005"))),
        fee=D("0.59985"),
        realised_pnl=D("9.75"),
        insured=D(0),
        takeover=D(0),
        beyond_depth=True,
        at=LATER,
        trade=trade,
        posting=posted(PostingKind.CLOSE, LATER, (HELD, "-99"), (FREE, "108.15015"), (PNL, "-9.75"), (FEES, "0.59985")),
    )
    kept = replace(before.positions[BTC], quantity=D("0.01"), margin=D(99), trade=trade)
    assert outcome.account == replace(before, available=D("10108.15015"), positions={BTC: kept})


def test_a_close_dates_and_names_the_end_of_its_trade():
    fact = fact_of(apply(holder(holding("0.02", margin="200")), market(), [CloseOrder(BTC)], LATER))
    assert (fact.order, fact.trade.closed_at, fact.trade.exit_reason) == (0, LATER, Purpose.CLOSE)
    assert fact.posting == posted(PostingKind.CLOSE, LATER, (HELD, "-200"), (FREE, "198.7980012"), (PNL, "0.002"), (FEES, "1.1999988"))


def test_a_close_releases_the_whole_margin_to_the_last_digit():
    before = holder(holding("0.0003", margin="10.00000001"))
    thirds = [CloseOrder(BTC, notional=D(11)), CloseOrder(BTC, notional=D(11)), CloseOrder(BTC)]
    outcome = apply(before, market(), thirds, NOON)
    assert [fact.posting.total(HELD) for fact in outcome.facts] == [D("-3.33333334"), D("-3.33333334"), D("-3.33333333")]
    assert outcome.account.wallet == outcome.account.available


@pytest.mark.parametrize(
    ("bars", "purpose", "kind"),
    [
        (bar(100_000, 100_000, 94_000, 96_000), Purpose.STOP_LOSS, PostingKind.STOP_LOSS),
        (bar(100_000, 111_000, 100_000, 111_000), Purpose.TAKE_PROFIT, PostingKind.TAKE_PROFIT),
        (bar(100_000, 100_000, 94_000, 96_000), Purpose.LIQUIDATION, PostingKind.LIQUIDATION),
    ],
)
def test_a_trigger_answers_no_order_and_is_posted_under_its_own_name(bars, purpose, kind):
    stop = None if purpose is Purpose.LIQUIDATION else "95000"
    before = holder(holding(stop=stop, target="110000", margin="500" if purpose is Purpose.LIQUIDATION else "1000"))
    fact = fact_of(watch(before, {BTC: [bars]}, {BTC: instrument()}, Rules()))
    assert (fact.order, fact.purpose, fact.trade.exit_reason, fact.posting.kind) == (None, purpose, purpose, kind)
    assert fact.at == fact.posting.at == fact.trade.closed_at == NOON + timedelta(minutes=2)
    assert (fact.beyond_depth, fact.parts) == (False, (Level(fact.price, D("0.1")),))


def test_a_liquidation_is_posted_with_both_sides_of_the_takeover():
    """500 of margin behind 0.1 BTC: bankrupt at 95 057.0342…, closed by the insurance at the stop of the fall, 94 000."""
    outcome = watch(holder(holding(leverage=20, margin="500")), {BTC: [bar(94_000, 94_000, 94_000, 94_000)]}, {BTC: instrument()}, Rules())
    fact = fact_of(outcome)
    assert fact.price == D("95057.03422053")
    assert fact.takeover == D("-105.70342205")
    lost, fee = fact.realised_pnl, fact.fee
    assert (lost, fee) == (D("-494.29657795"), D("5.70342205"))
    assert fact.insured == D("0.00000000")
    assert fact.posting == posted(
        PostingKind.LIQUIDATION,
        NOON + timedelta(minutes=1),
        (HELD, "-500"),
        (PNL, str(-lost - fact.takeover)),
        (FEES, str(fee)),
        (INSURANCE, str(fact.takeover)),
    )
    assert outcome.account.available == 10_000


@pytest.mark.parametrize(("margin", "insured"), [("7006", "-0.00000003"), ("7002", "0"), ("7005", "0.00000003")])
def test_a_liquidation_costs_exactly_the_margin_whichever_way_the_takeover_price_was_rounded(margin, insured):
    outcome = watch(holder(holding("7", margin=margin)), {BTC: [bar(*[80_000] * 4)]}, {BTC: instrument()}, Rules())
    fact = fact_of(outcome)
    assert (outcome.account.available, fact.trade.net_pnl, fact.insured) == (D(10_000), -D(margin), D(insured))


def test_a_flip_in_cross_margin_may_lose_more_than_the_margin_and_is_insured_only_beyond_the_equity():
    """1 BTC from 100 000 with 1 000 behind it and 9 500 free: sold at 99 000 it has lost more than its margin, nobody insures that."""
    rules = Rules(margin_mode=MarginMode.CROSS)
    low = market(mark="98000", books={BTC: book(bid="98000", ask="98000.1", size="50")}, rules=rules)
    before = holder(holding("1", margin="1000"), available="9500")
    closed, opened = apply(before, low, [FlipOrder(BTC, D(9_800), 10)], NOON).facts
    assert (closed.insured, opened.order, closed.order) == (D(0), 0, 0)
    assert closed.realised_pnl == -2_000
    isolated = replace(low, rules=Rules())
    closed, _ = apply(before, isolated, [FlipOrder(BTC, D(9_800), 10)], NOON).facts
    assert closed.insured == D(1_000) + D("58.8")


def test_a_flip_in_cross_margin_counts_what_the_other_positions_stand_for():
    """The loss of 3 058.8 is more than the balance of 2 000; ETH, 1 500 up, stands for the rest; nothing is left to open with."""
    rules = Rules(margin_mode=MarginMode.CROSS)
    before = holder(holding("1", margin="1000"), holding("1", "4000", symbol="ETHUSDT", margin="400"), available="600")
    there = market(mark="97000", books={BTC: book(bid="97000", ask="97000.1", size="50")}, rules=rules)
    both = replace(there, instruments={**there.instruments, "ETHUSDT": instrument("ETHUSDT")}, marks={**there.marks, "ETHUSDT": D(5_500)})
    (fact,) = apply(before, both, [CloseOrder(BTC)], NOON).facts
    assert (fact.insured, fact.realised_pnl) == (D(0), D(-3_000))


def test_every_fact_names_the_order_it_answers_its_symbol_and_its_moment():
    """Three orders that are refused come first, so that 3, 4, 5 are told apart from a first place or none."""
    bad = [OpenOrder("DOGUSDT", LONG, D(9), 1)] * 3
    before = holder(holding("0.02", margin="200"))
    orders = [
        *bad,
        StopsOrder(BTC, D(90_000), D(120_000)),
        LeverageOrder(BTC, 5),
        MarginOrder(BTC, D(50)),
        OpenOrder(BTC, LONG, D(1_000), 5),
    ]
    stops, leverage, margin, added = [fact for fact in apply(before, market(), orders, LATER).facts if hasattr(fact, "symbol")]
    assert stops == StopsSet(3, BTC, (None, None), (D(90_000), D(120_000)))
    moved = posted(PostingKind.MARGIN, LATER, (FREE, "-200"), (HELD, "200"))
    assert leverage == MarginSet(4, BTC, 10, 5, D(200), LATER, moved)
    assert margin == MarginSet(5, BTC, 5, 5, D(50), LATER, posted(PostingKind.MARGIN, LATER, (FREE, "-50"), (HELD, "50")))
    assert (added.order, added.symbol, added.at) == (6, BTC, LATER)
    (closed,) = [fact for fact in apply(before, market(), [*bad, CloseOrder(BTC)], LATER).facts if isinstance(fact, Filled)]
    assert closed.order == 3


def test_new_stops_are_watched_from_the_next_whole_minute_and_on_a_whole_minute_at_once():
    for at, armed in ((LATER, NEXT_MINUTE), (NEXT_MINUTE, NEXT_MINUTE)):
        held = apply(holder(holding()), market(), [StopsOrder(BTC, D(90_000), None)], at).account.positions[BTC]
        assert (held.stop_loss, held.take_profit, held.armed_from) == (D(90_000), None, armed)
