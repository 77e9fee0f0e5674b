"""Leverage and margin of an open position."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.engine.exchange import apply
from app.engine.facts import MarginSet, OrderRefused
from app.engine.ledger import LedgerAccount, PostingKind
from app.engine.margin import liquidation_price
from app.engine.orders import CloseOrder, LeverageOrder, MarginOrder, RefusalCode, StopsOrder
from app.engine.rules import MarginMode, Rules
from app.engine.triggers import watch
from tests.engine.markets import NOON, D, bar, holder, holding, instrument, market

TERMS = instrument()


def only(outcome, kind):
    (fact,) = outcome.facts
    assert isinstance(fact, kind), fact
    return fact


def refused(before, order, there=None):
    outcome = apply(before, there or market(), [order], NOON)
    assert outcome.account == before
    return only(outcome, OrderRefused).refused


def test_less_leverage_takes_margin_from_the_free_balance_and_more_gives_it_back():
    for leverage, margin in ((5, D(2_000)), (20, D(500)), (3, D("3333.33333334"))):
        outcome = apply(holder(holding()), market(), [LeverageOrder("BTCUSDT", leverage)], NOON)
        fact = only(outcome, MarginSet)
        assert (fact.leverage_before, fact.leverage_after, fact.amount) == (10, leverage, margin - 1_000)
        assert (fact.posting.kind, fact.posting.total(LedgerAccount.MARGIN)) == (PostingKind.MARGIN, margin - 1_000)
        held = outcome.account.positions["BTCUSDT"]
        assert (held.leverage, held.margin, outcome.account.wallet) == (leverage, margin, D(11_000))


def test_the_margin_of_added_leverage_moves_the_liquidation_price_toward_the_entry():
    before = holder(holding())
    after = apply(before, market(), [LeverageOrder("BTCUSDT", 20)], NOON).account
    assert liquidation_price(after.positions["BTCUSDT"], TERMS) > liquidation_price(before.positions["BTCUSDT"], TERMS)


def test_leverage_that_can_not_be_had_is_refused_with_the_numbers():
    poor = holder(holding(), available="900")
    said = refused(poor, LeverageOrder("BTCUSDT", 5))
    assert (said.code, said.needed, said.available) == (RefusalCode.INSUFFICIENT_MARGIN, D(1_000), D(900))
    assert refused(poor, LeverageOrder("BTCUSDT", 0)).code is RefusalCode.LEVERAGE_INVALID
    assert refused(poor, LeverageOrder("BTCUSDT", 21)).code is RefusalCode.LEVERAGE_ABOVE_CAP
    big = holder(holding("2", margin="20000"), available="900")
    there = market(rules=Rules(max_leverage=125))
    assert refused(big, LeverageOrder("BTCUSDT", 101), there).code is RefusalCode.ABOVE_TIER_MAX_LEVERAGE
    assert refused(holder(), LeverageOrder("BTCUSDT", 5)).code is RefusalCode.CLOSE_NOTHING


def test_the_leverage_a_position_has_already_is_no_change_and_leaves_added_margin_alone():
    rich = holder(holding(margin="1500"))
    assert refused(rich, LeverageOrder("BTCUSDT", 10)).code is RefusalCode.LEVERAGE_UNCHANGED


def test_leverage_that_would_liquidate_at_once_is_refused():
    """At 96 000 the position has lost 400 and 500 of margin leave 100, at 95 400 they leave 40: less than the 43.88 it must keep."""
    losing = holder(holding())
    assert apply(losing, market(mark="96000"), [LeverageOrder("BTCUSDT", 20)], NOON).account.positions["BTCUSDT"].margin == 500
    said = refused(losing, LeverageOrder("BTCUSDT", 20), market(mark="95400"))
    assert (said.code, said.needed, said.available) == (RefusalCode.WOULD_LIQUIDATE, D("43.884"), D(40))


def test_added_margin_moves_the_liquidation_price_as_published():
    """LIQ-19 of the reference: 500 more on 0.1 BTC at 10x moves it to 85 392.8069117943."""
    outcome = apply(holder(holding()), market(), [MarginOrder("BTCUSDT", D(500))], NOON)
    assert only(outcome, MarginSet).amount == 500
    assert round(liquidation_price(outcome.account.positions["BTCUSDT"], TERMS), 10) == D("85392.8069117943")
    assert outcome.account.available == 9_500


def test_added_margin_can_be_taken_back_down_to_the_initial_margin():
    rich = holder(holding(margin="1500"))
    assert apply(rich, market(), [MarginOrder("BTCUSDT", D(-500))], NOON).account.available == 10_500
    said = refused(rich, MarginOrder("BTCUSDT", D("-500.01")))
    assert (said.code, said.needed, said.available) == (RefusalCode.MARGIN_BELOW_INITIAL, D(1_000), D("999.99"))


def test_margin_that_a_loss_needs_stays():
    rich = holder(holding(margin="1500"))
    assert refused(rich, MarginOrder("BTCUSDT", D(-500)), market(mark="90000")).code is RefusalCode.WOULD_LIQUIDATE


@pytest.mark.parametrize("amount", ["0", "NaN", "Infinity", "-Infinity", "0.000000001"])
def test_an_amount_that_moves_nothing_is_refused(amount):
    assert refused(holder(holding()), MarginOrder("BTCUSDT", D(amount))).code is RefusalCode.SIZE_INVALID


def test_margin_can_not_be_moved_without_money_or_position_or_in_cross_margin():
    assert refused(holder(holding()), MarginOrder("BTCUSDT", D("10000.01"))).code is RefusalCode.INSUFFICIENT_MARGIN
    assert refused(holder(), MarginOrder("BTCUSDT", D(5))).code is RefusalCode.CLOSE_NOTHING
    cross = market(rules=Rules(margin_mode=MarginMode.CROSS))
    assert refused(holder(holding()), MarginOrder("BTCUSDT", D(5)), cross).code is RefusalCode.MARGIN_SHARED


def test_a_partial_close_releases_added_margin_in_proportion():
    rich = holder(holding(margin="1500"))
    after = apply(rich, market(), [CloseOrder("BTCUSDT", D("0.5"))], NOON).account
    assert after.positions["BTCUSDT"].margin == 750


def test_what_is_changed_keeps_everything_else_of_the_position():
    before = holding(stop="95000", target="110000")
    after = apply(holder(before), market(), [MarginOrder("BTCUSDT", D(5))], NOON).account.positions["BTCUSDT"]
    assert after == replace(before, margin=D(1_005))
    later = NOON + timedelta(minutes=5, seconds=30)
    after = apply(holder(before), market(), [MarginOrder("BTCUSDT", D(5))], later).account.positions["BTCUSDT"]
    assert after.armed_from == NOON + timedelta(minutes=6)


def test_a_change_of_leverage_or_margin_neither_brings_about_nor_undoes_what_the_minute_did_before_it():
    """More leverage would have been liquidated at the low of 95 300; that came before the change."""
    at = NOON + timedelta(minutes=5, seconds=30)
    changed = apply(holder(holding()), market(mark="97500"), [LeverageOrder("BTCUSDT", 20)], at).account
    crash = bar(95_400, 97_600, 95_300, 97_500, minute=5)
    assert watch(changed, {"BTCUSDT": [crash]}, {"BTCUSDT": TERMS}, Rules()).facts == ()
    assert watch(changed, {"BTCUSDT": [bar(95_400, 97_600, 95_300, 97_500, minute=6)]}, {"BTCUSDT": TERMS}, Rules()).facts != ()


def test_stops_that_are_no_numbers_or_lie_on_the_wrong_side_leave_the_old_ones_standing():
    before = holder(holding(stop="95000", target="110000"))
    for stop, target, code in (
        (D("NaN"), None, RefusalCode.STOP_INVALID),
        (None, D("Infinity"), RefusalCode.STOP_INVALID),
        (D(100_000), None, RefusalCode.SL_WRONG_SIDE),
        (D(-1), None, RefusalCode.SL_WRONG_SIDE),
        (D(95_000), D(100_000), RefusalCode.TP_WRONG_SIDE),
    ):
        assert refused(before, StopsOrder("BTCUSDT", stop, target)).code is code


def test_margin_that_funding_has_eaten_can_be_added_to_however_little_it_is():
    """990 are left of 1 000, and at 90 500 the position is close to its end: half a dollar is welcome."""
    before = holder(holding(margin="990"))
    after = apply(before, market(mark="90000"), [MarginOrder("BTCUSDT", D("0.5"))], NOON).account
    assert after.positions["BTCUSDT"].margin == D("990.5")


def test_a_change_of_leverage_that_moves_no_margin_is_made_whatever_the_price():
    """2 000 stand behind 10 000 already, so 5x takes nothing; at 80 000 all of it is lost."""
    before = holder(holding(margin="2000"))
    outcome = apply(before, market(mark="80000"), [LeverageOrder("BTCUSDT", 5)], NOON)
    assert only(outcome, MarginSet).amount == 0
    assert outcome.account.positions["BTCUSDT"].leverage == 5
