"""Funding: who pays how much, when, once, and from where."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.engine.exchange import apply
from app.engine.facts import FundingOwed, FundingPaid
from app.engine.funding import Settlement, settled_rate
from app.engine.ledger import Entry, LedgerAccount, Posting, PostingKind
from app.engine.orders import CloseOrder, OpenOrder
from app.engine.positions import Account
from app.engine.rules import MarginMode, Rules
from app.engine.trades import Purpose, Side
from app.engine.triggers import watch
from tests.engine.markets import NOON, D, bar, book, holder, holding, instrument, market

TERMS = {"BTCUSDT": instrument(), "ETHUSDT": instrument("ETHUSDT")}
FOUR = NOON + timedelta(hours=4)
RATE = D("0.0001")


def flat(minute, price="100000"):
    return bar(price, price, price, price, minute=minute)


AROUND = [flat(239), flat(240, "101000"), flat(241, "102000")]


def settled(before, *settlements, bars=AROUND, rules=None, symbol="BTCUSDT"):
    return watch(before, {symbol: bars}, TERMS, rules or Rules(), settlements=settlements)


def paid(outcome):
    (fact,) = outcome.facts
    assert isinstance(fact, FundingPaid)
    return fact


@pytest.mark.parametrize(
    ("side", "rate", "amount"), [(Side.LONG, "0.0001", "-1"), (Side.SHORT, "0.0001", "1"), (Side.LONG, "-0.003", "30")]
)
def test_the_holder_pays_or_receives_on_the_mark_of_the_instant(side, rate, amount):
    before = holder(holding(side=side))
    outcome = settled(before, Settlement("BTCUSDT", FOUR, D(rate)))
    fact = paid(outcome)
    assert (fact.amount, fact.mark, fact.rate, fact.quantity, fact.at) == (D(amount), D(100_000), D(rate), D("0.1"), FOUR)
    assert outcome.account.available == before.available + D(amount)
    assert (fact.posting.kind, fact.posting.total(LedgerAccount.FUNDING)) == (PostingKind.FUNDING, -D(amount))
    held = outcome.account.positions["BTCUSDT"]
    assert (held.trade.funding, held.trade.net_pnl, held.funded_until) == (D(amount), D(amount), FOUR)


def test_a_settlement_is_charged_once_however_often_it_is_reported():
    once = Settlement("BTCUSDT", FOUR, RATE)
    first = settled(holder(holding()), once, once)
    assert len(first.facts) == 1
    assert settled(first.account, once).facts == ()


def test_who_opened_at_the_instant_or_after_it_does_not_pay():
    for opened in (FOUR, FOUR + timedelta(milliseconds=1)):
        assert settled(holder(holding(opened=opened)), Settlement("BTCUSDT", FOUR, RATE)).facts == ()
    assert settled(holder(holding(opened=FOUR - timedelta(milliseconds=1))), Settlement("BTCUSDT", FOUR, RATE)).facts != ()


def test_who_holds_nothing_or_something_else_does_not_pay():
    assert settled(holder(), Settlement("BTCUSDT", FOUR, RATE)).facts == ()
    assert settled(holder(holding()), Settlement("ETHUSDT", FOUR, RATE)).facts == ()


def test_a_position_that_was_added_to_pays_for_what_it_was_at_each_instant():
    """Funding at noon + 4 h on 0.1 BTC, at noon + 12 h on 0.3: 1 and 3 USDT."""
    deep = market(books={"BTCUSDT": book(bid="100000", ask="100000", size="9")})
    first = settled(holder(holding()), Settlement("BTCUSDT", FOUR, RATE))
    added = apply(first.account, deep, [OpenOrder("BTCUSDT", Side.LONG, D(20_000), 10)], FOUR + timedelta(hours=1)).account
    twelve = NOON + timedelta(hours=12)
    second = settled(added, Settlement("BTCUSDT", FOUR, RATE), Settlement("BTCUSDT", twelve, RATE), bars=[flat(719)])
    assert (paid(first).amount, paid(second).amount) == (D(-1), D(-3))
    assert second.account.positions["BTCUSDT"].trade.funding == D(-4)


def test_settlements_of_a_gap_are_charged_in_order_and_only_until_the_stop_that_fell_in_it():
    """Down for a day: the stop of the 13th hour spares the settlement of the 20th."""
    bars = [
        *(flat(minute) for minute in range(1, 780)),
        bar(100_000, 100_000, 94_000, 96_000, minute=780),
        *(flat(m) for m in range(781, 1440)),
    ]
    instants = [NOON + timedelta(hours=hours) for hours in (20, 4, 12)]
    outcome = settled(holder(holding(stop="95000")), *(Settlement("BTCUSDT", at, RATE) for at in instants), bars=bars)
    *fundings, exited = outcome.facts
    assert [fact.at for fact in fundings] == [NOON + timedelta(hours=4), NOON + timedelta(hours=12)]
    assert (exited.purpose, exited.at) == (Purpose.STOP_LOSS, NOON + timedelta(minutes=781))
    assert exited.trade.net_pnl == exited.realised_pnl - exited.fee - 2


def test_a_bar_that_ended_at_the_instant_comes_first_and_one_that_opened_at_it_after():
    instant = NOON + timedelta(minutes=2)
    stopped = bar(100_000, 100_000, 94_000, 95_500, minute=1)
    later = bar(100_000, 100_000, 94_000, 95_500, minute=2)
    once = Settlement("BTCUSDT", instant, RATE)
    assert [type(fact) for fact in settled(holder(holding(stop="95000")), once, bars=[stopped]).facts] != [FundingPaid]
    assert len(settled(holder(holding(stop="95000")), once, bars=[stopped]).facts) == 1
    assert isinstance(settled(holder(holding(stop="95000")), once, bars=[later]).facts[0], FundingPaid)


def test_without_a_minute_before_the_instant_the_next_open_is_its_mark():
    assert paid(settled(holder(holding()), Settlement("BTCUSDT", FOUR, RATE), bars=[flat(240, "101000")])).mark == D(101_000)


def test_a_settlement_without_any_minute_around_it_says_what_is_missing():
    with pytest.raises(ValueError, match="no mark price of BTCUSDT at its funding settlement"):
        settled(holder(holding()), Settlement("BTCUSDT", FOUR, RATE), bars=[])


def test_a_rate_published_late_is_charged_on_what_was_held_in_the_instant():
    unknown, known = Settlement("BTCUSDT", FOUR, None), Settlement("BTCUSDT", FOUR, RATE)
    noted = settled(holder(holding()), unknown)
    (owed,) = noted.facts
    assert isinstance(owed, FundingOwed)
    assert noted.account.dues == (owed.due,)
    assert settled(noted.account, unknown).facts == ()
    half = apply(noted.account, market(books={"BTCUSDT": book(bid="100000")}), [CloseOrder("BTCUSDT", D("0.5"))], FOUR).account
    outcome = settled(half, known)
    assert (paid(outcome).amount, outcome.account.dues) == (D(-1), ())
    assert outcome.account.positions["BTCUSDT"].trade.funding == D(-1)
    assert settled(outcome.account, known).facts == ()


def test_a_late_rate_is_charged_although_the_position_is_gone_or_another_one_is_held():
    noted = settled(holder(holding()), Settlement("BTCUSDT", FOUR, None)).account
    closed = apply(noted, market(), [CloseOrder("BTCUSDT")], FOUR).account
    outcome = settled(closed, Settlement("BTCUSDT", FOUR, RATE), bars=[])
    assert (paid(outcome).amount, paid(outcome).trade_number) == (D(-1), 1)
    assert outcome.account.available == closed.available - 1
    again = apply(closed, market(), [OpenOrder("BTCUSDT", Side.LONG, D(1_000), 10)], FOUR).account
    outcome = settled(again, Settlement("BTCUSDT", FOUR, RATE), bars=[])
    assert paid(outcome).trade_number == 1
    assert outcome.account.positions == again.positions


def test_what_the_free_balance_lacks_comes_from_the_margin_down_to_maintenance_and_the_rest_from_the_insurance():
    """1 BTC at 100 000 must keep more than 460: of a charge of 300, 100 is free, nearly 140 can go from the margin of 600, the rest is insured."""
    before = holder(holding("1", leverage=100, margin="600"), available="100")
    outcome = settled(before, Settlement("BTCUSDT", FOUR, D("0.003")))
    fact = paid(outcome)
    held = outcome.account.positions["BTCUSDT"]
    assert (fact.amount, fact.insured, outcome.account.available, held.margin) == (D(-300), D("60.00000001"), D(0), D("460.00000001"))
    assert [fact.posting.total(account) for account in (LedgerAccount.FUNDING, LedgerAccount.INSURANCE)] == [D(300), D("-60.00000001")]
    assert held.trade.net_pnl == D("-239.99999999")
    assert watch(outcome.account, {"BTCUSDT": [flat(242)]}, TERMS, Rules()).facts == ()


def test_a_position_already_below_maintenance_gives_nothing_more():
    before = holder(holding("1", leverage=100, margin="400"), available="100")
    outcome = settled(before, Settlement("BTCUSDT", FOUR, D("0.003")), bars=[flat(240)])
    funded, liquidated = outcome.facts
    assert liquidated.purpose is Purpose.LIQUIDATION
    assert (funded.insured, outcome.account.available) == (D(200), D(0))


def test_a_late_charge_on_a_closed_position_that_nobody_can_pay_is_insured():
    noted = settled(holder(holding(), available="0"), Settlement("BTCUSDT", FOUR, None)).account
    poor = Account(noted.contestant, D("0.25"), {}, 1, noted.dues)
    fact = paid(settled(poor, Settlement("BTCUSDT", FOUR, RATE), bars=[]))
    assert (fact.amount, fact.insured) == (D(-1), D("0.75"))


def test_in_cross_margin_the_whole_balance_pays():
    rules = Rules(margin_mode=MarginMode.CROSS)
    before = holder(holding(margin="1000"), available="0.4")
    outcome = settled(before, Settlement("BTCUSDT", FOUR, RATE), rules=rules)
    assert (paid(outcome).insured, outcome.account.available) == (D(0), D("-0.6"))
    assert outcome.account.positions["BTCUSDT"].margin == 1_000


def test_in_cross_margin_a_charge_takes_no_more_than_the_equity():
    """1 BTC at 100 000, 520 down at 99 480, 1 000 in all: of 994.8 only 480 are there."""
    before = holder(holding("1", margin="1000"), available="0")
    rules = Rules(margin_mode=MarginMode.CROSS)
    fact = settled(before, Settlement("BTCUSDT", FOUR, D("0.01")), bars=[flat(239, "99480")], rules=rules).facts[-1]
    assert (fact.amount, fact.insured) == (D("-994.8"), D("514.8"))


def test_in_cross_margin_with_several_positions_the_charge_is_paid_whole():
    both = holder(holding("1", margin="1000"), holding("1", "4000", symbol="ETHUSDT", margin="400"), available="0")
    rules = Rules(margin_mode=MarginMode.CROSS)
    outcome = watch(both, {"BTCUSDT": [flat(239)]}, TERMS, rules, settlements=[Settlement("BTCUSDT", FOUR, D("0.003"))])
    assert (paid(outcome).insured, outcome.account.available) == (D(0), D(-300))


def test_a_late_charge_without_positions_leaves_no_negative_balance_in_cross_margin_either():
    rules = Rules(margin_mode=MarginMode.CROSS)
    noted = settled(holder(holding()), Settlement("BTCUSDT", FOUR, None), rules=rules).account
    outcome = settled(Account("qwen3", D("0.25"), {}, 1, noted.dues), Settlement("BTCUSDT", FOUR, RATE), bars=[], rules=rules)
    assert (paid(outcome).insured, outcome.account.available) == (D("0.75"), D(0))


def test_a_rate_of_zero_moves_nothing_but_counts_as_settled():
    outcome = settled(holder(holding()), Settlement("BTCUSDT", FOUR, D(0)))
    assert (str(paid(outcome).amount), paid(outcome).posting.entries) == ("0E-8", ())
    assert outcome.account.positions["BTCUSDT"].funded_until == FOUR


def test_funding_alone_never_liquidates_although_the_margin_is_taken_down_as_far_as_may_be():
    """The mark stands still after the charge: what is left is just above the maintenance margin."""
    before = holder(holding(margin="1000"), available="6")
    outcome = settled(before, Settlement("BTCUSDT", FOUR, D("0.003")), bars=[flat(239, "90450"), flat(240, "90450"), flat(241, "90450")])
    assert [type(fact) for fact in outcome.facts] == [FundingPaid]


def test_the_rate_is_clamped_to_the_contracts_bounds():
    """FR of the reference, and both bounds: the interest rule pulls toward 0.01%, at most 0.05% a step; 4 hours settle half of it."""
    assert settled_rate(D("0.0002"), 8) == D("0.0001")
    assert settled_rate(D("0.002"), 4) == D("0.00075")
    assert settled_rate(D("-0.002"), 8) == D("-0.0015")
    assert settled_rate(D("-0.02"), 8, D("-0.003"), D("0.003")) == D("-0.003")
    assert settled_rate(D("0.02"), 8, D("-0.003"), D("0.003")) == D("0.003")


def test_a_settlement_between_others_symbols_is_told_apart():
    both = holder(holding(), replace(holding("1", "4000", symbol="ETHUSDT", margin="400"), trade=replace(holding().trade, number=2)))
    bars = {"BTCUSDT": [flat(239)], "ETHUSDT": [flat(239, "4000")]}
    given = [Settlement("ETHUSDT", FOUR, RATE), Settlement("BTCUSDT", FOUR, None)]
    owed, charged = watch(both, bars, TERMS, Rules(), settlements=given).facts
    assert (owed.due.symbol, charged.symbol, charged.amount, charged.trade_number) == ("BTCUSDT", "ETHUSDT", D("-0.4"), 2)


def test_a_payment_writes_everything_down():
    before = holder(holding("1", leverage=100, margin="600"), available="100")
    fact = paid(settled(before, Settlement("BTCUSDT", FOUR, D("0.003"))))
    entries = (
        Entry(LedgerAccount.AVAILABLE, D(-100)),
        Entry(LedgerAccount.MARGIN, D("-139.99999999"), "BTCUSDT"),
        Entry(LedgerAccount.FUNDING, D(300)),
        Entry(LedgerAccount.INSURANCE, D("-60.00000001")),
    )
    posted = Posting(PostingKind.FUNDING, FOUR, entries)
    assert fact == FundingPaid("BTCUSDT", Side.LONG, D(1), D("0.003"), D(100_000), D(-300), D("60.00000001"), FOUR, 1, posted)


@pytest.mark.parametrize(("side", "mark"), [(Side.LONG, "99900"), (Side.SHORT, "100100")])
def test_what_a_loss_has_used_of_the_margin_can_not_pay_funding(side, mark):
    """Of 600, 100 are lost and a hair more than 459.54 (460.46 for the short) must stay: 40.46 (39.54) can go."""
    hair = D("0.00000001")
    before = holder(holding("1", side=side, leverage=100, margin="600"), available="0")
    rate = D("0.003") * side.sign
    outcome = settled(before, Settlement("BTCUSDT", FOUR, rate), bars=[flat(239, mark)])
    assert outcome.account.positions["BTCUSDT"].margin == 100 + D(mark) * D("0.0046") + hair
    assert paid(outcome).insured == D(mark) * D("0.003") - (500 - D(mark) * D("0.0046")) + hair


def test_a_gain_that_covers_maintenance_lets_the_whole_margin_go_and_no_more():
    before = holder(holding("1", leverage=100, margin="600"), available="0")
    outcome = settled(before, Settlement("BTCUSDT", FOUR, D("0.01")), bars=[flat(239, "110000")])
    assert (outcome.account.positions["BTCUSDT"].margin, paid(outcome).insured) == (D(0), D(500))


def test_a_settlement_reported_first_without_and_then_with_its_rate_is_owed_and_then_paid():
    owed, charged = settled(holder(holding()), Settlement("BTCUSDT", FOUR, None), Settlement("BTCUSDT", FOUR, RATE)).facts
    assert isinstance(owed, FundingOwed)
    assert (charged.amount, charged.at) == (D(-1), FOUR)


def test_a_settlement_of_a_symbol_of_which_no_bars_were_given_says_what_is_missing():
    with pytest.raises(ValueError, match="no mark price of BTCUSDT at its funding settlement of 2026-01-05 16:00:00"):
        watch(holder(holding()), {}, TERMS, Rules(), settlements=[Settlement("BTCUSDT", FOUR, RATE)])
