"""Stops, targets and liquidations on one-minute mark bars."""

from datetime import timedelta
from decimal import localcontext

import pytest

from app.engine.exchange import apply
from app.engine.ledger import BooksBrokenError, LedgerAccount
from app.engine.margin import bankruptcy_price, liquidation_price, maintenance_margin
from app.engine.orders import OpenOrder
from app.engine.rules import Rules, TriggerPrice
from app.engine.trades import Purpose, Side
from app.engine.triggers import watch
from tests.engine.markets import NOON, D, account, bar, book, holder, instrument, market
from tests.engine.markets import holding as plain_holding
from tests.engine.markets import holding as priced

TERMS = {"BTCUSDT": instrument()}
FRICTIONLESS = Rules(slippage=D(0))


def holding(side=Side.LONG, *, stop_loss=None, take_profit=None, leverage=10, notional=10_000):
    order = OpenOrder("BTCUSDT", side, D(notional), leverage, stop_loss, take_profit)
    books = {"BTCUSDT": book(bid="100000", ask="100000")}
    return apply(account(), market(books=books), [order], NOON).account


def after(held, *bars, rules=FRICTIONLESS):
    return watch(held, {"BTCUSDT": bars}, TERMS, rules)


def only(outcome):
    (fill,) = outcome.facts
    return fill


def test_a_bar_that_stays_inside_changes_nothing():
    held = holding(stop_loss=D(95_000), take_profit=D(105_000))
    assert after(held, bar(100_000, 104_999, "95000.1", 100_000)).account == held


def test_a_long_that_moves_through_its_stop_is_filled_at_the_stop_at_the_end_of_the_minute():
    fill = only(after(holding(stop_loss=D(95_000)), bar(100_000, 100_000, 94_000, 96_000)))
    assert (fill.purpose, fill.price, fill.at) == (Purpose.STOP_LOSS, D(95_000), NOON + timedelta(minutes=2))


def test_a_long_that_gaps_past_its_stop_is_filled_at_the_open():
    fill = only(after(holding(stop_loss=D(95_000)), bar(94_000, 94_500, 93_000, 94_000)))
    assert (fill.purpose, fill.price, fill.at) == (Purpose.STOP_LOSS, D(94_000), NOON + timedelta(minutes=1))


def test_a_short_that_gaps_past_its_stop_is_filled_at_the_open():
    fill = only(after(holding(Side.SHORT, stop_loss=D(105_000)), bar(106_000, 107_000, 105_500, 106_000)))
    assert (fill.purpose, fill.price) == (Purpose.STOP_LOSS, D(106_000))


def test_a_target_that_is_gapped_over_is_filled_at_the_open():
    fill = only(after(holding(take_profit=D(105_000)), bar(107_000, 108_000, 106_000, 107_000)))
    assert (fill.purpose, fill.price, fill.at) == (Purpose.TAKE_PROFIT, D(107_000), NOON + timedelta(minutes=1))
    fill = only(after(holding(Side.SHORT, take_profit=D(95_000)), bar(94_000, 94_500, 93_000, 94_000)))
    assert (fill.purpose, fill.price) == (Purpose.TAKE_PROFIT, D(94_000))


def test_a_target_reached_inside_the_bar_never_fills_better_than_its_level():
    fill = only(after(holding(take_profit=D(105_000)), bar(100_000, 110_000, 99_000, 108_000)))
    assert (fill.purpose, fill.price, fill.at) == (Purpose.TAKE_PROFIT, D(105_000), NOON + timedelta(minutes=2))


def test_a_level_that_is_touched_exactly_acts_at_the_open_and_inside_the_bar():
    for opened, lowest in ((95_000, 94_000), (100_000, 95_000)):
        assert only(after(holding(stop_loss=D(95_000)), bar(opened, 100_000, lowest, 97_000))).price == D(95_000)
    for opened, highest in ((105_000, 106_000), (100_000, 105_000)):
        assert only(after(holding(take_profit=D(105_000)), bar(opened, highest, 100_000, 101_000))).price == D(105_000)


def test_a_bar_holding_both_stop_and_target_counts_as_the_stop():
    fill = only(after(holding(stop_loss=D(95_000), take_profit=D(105_000)), bar(100_000, 106_000, 94_000, 100_000)))
    assert fill.purpose is Purpose.STOP_LOSS


def test_a_stop_nearer_than_liquidation_fires_first():
    fill = only(after(holding(stop_loss=D(92_000)), bar(100_000, 100_000, 80_000, 81_000)))
    assert (fill.purpose, fill.price) == (Purpose.STOP_LOSS, D(92_000))


def test_a_stop_beyond_liquidation_never_fires():
    fill = only(after(holding(stop_loss=D(85_000)), bar(100_000, 100_000, 80_000, 81_000)))
    assert fill.purpose is Purpose.LIQUIDATION


def test_an_open_beyond_everything_liquidates():
    fill = only(after(holding(stop_loss=D(95_000)), bar(70_000, 71_000, 69_000, 70_000)))
    assert (fill.purpose, fill.at) == (Purpose.LIQUIDATION, NOON + timedelta(minutes=1))


def test_a_liquidation_costs_exactly_the_margin_and_the_insurance_takes_the_rest():
    """0.1 BTC at 100 000, 10x: taken over at 90 054.03, closed by the insurance at 90 415.9, the first tick at which it is due."""
    for opened, insured in ((100_000, D("36.18675806")), (85_000, D("-505.40324194"))):
        held = holding()
        outcome = after(held, bar(opened, opened, 80_000, 81_000))
        fill = only(outcome)
        assert outcome.account.available == held.available
        assert outcome.account.positions == {}
        assert (fill.trade.net_pnl, fill.trade.exit_price) == (-(D(1000) + D(6)), D("90054.03241945"))
        assert fill.takeover == insured
        assert fill.posting.total(LedgerAccount.INSURANCE) == insured - fill.insured
        assert abs(fill.insured) < D("0.00000001") * 2


def test_on_last_prices_a_spike_of_mark_stops_nobody_and_a_liquidation_ignores_last():
    rules = Rules(slippage=D(0), trigger_price=TriggerPrice.LAST)
    spike, calm, crash = bar(100_000, 100_000, 94_000, 99_000), bar(100_000, 100_000, 99_000, 99_500), bar(100_000, 100_000, 90_000, 91_000)

    def watched(mark, last):
        return watch(holding(stop_loss=D(95_000)), {"BTCUSDT": [mark]}, TERMS, rules, last={"BTCUSDT": [last] if last else []}).facts

    assert watched(spike, calm) == ()
    assert watched(calm, spike)[0].price == D(95_000)
    assert watched(spike, None)[0].purpose is Purpose.STOP_LOSS
    without_stop = watch(holding(), {"BTCUSDT": [calm]}, TERMS, rules, last={"BTCUSDT": [crash]})
    assert without_stop.facts == ()
    assert watch(holding(), {"BTCUSDT": [crash]}, TERMS, rules, last={"BTCUSDT": [calm]}).facts[0].purpose is Purpose.LIQUIDATION


def test_the_minute_before_the_fill_can_trigger_nothing():
    held = holding(stop_loss=D(95_000))
    assert after(held, bar(94_000, 94_000, 90_000, 91_000, minute=-1)).account == held


def test_a_stop_costs_slippage_but_fills_inside_the_bar():
    held = holding(stop_loss=D(95_000))
    slipped = only(after(held, bar(100_000, 100_000, 94_000, 96_000), rules=Rules(slippage=D("0.0005"))))
    clamped = only(after(held, bar(100_000, 100_000, "94999.9", 96_000), rules=Rules(slippage=D("0.0005"))))
    assert (slipped.price, clamped.price) == (D("94952.5"), D("94999.9"))


def test_at_one_observed_moment_slippage_is_paid_in_full():
    rules = Rules(slippage=D("0.0005"))
    for side, stop, seen, price in ((Side.LONG, 95_000, 94_800, "94752.6"), (Side.SHORT, 105_000, 105_200, "105252.6")):
        held = holding(side, stop_loss=D(stop))
        (fill,) = watch(held, {"BTCUSDT": [bar(seen, seen, seen, seen)]}, TERMS, rules, timedelta(0)).facts
        assert (fill.price, fill.at) == (D(price), NOON + timedelta(minutes=1))


def test_at_one_observed_moment_no_exit_is_priced_at_nothing():
    held = holding(stop_loss=D("0.1"), leverage=1, notional=5_000)
    (fill,) = watch(held, {"BTCUSDT": [bar("0.1", "0.1", "0.1", "0.1")]}, TERMS, Rules(), timedelta(0)).facts
    assert fill.price == D("0.1")


def test_a_contract_of_tiny_prices_is_taken_over_at_a_price_fine_enough():
    """10^10 coins at 5e-8 with 50 of margin: the bankruptcy price lies between two steps of 1e-8."""
    fine = instrument(tick=D("1e-11"), lot=D(1), max_market_quantity=None)
    held = plain_holding("10000000000", "5e-8", margin="50")
    (fill,) = watch(holder(held), {"BTCUSDT": [bar("4e-8", "4e-8", "4e-8", "4e-8")]}, {"BTCUSDT": fine}, FRICTIONLESS).facts
    assert (fill.price, abs(fill.insured) < D("0.01")) == (D("4.50270162097E-8").quantize(D("1e-13")), True)


def test_a_second_trigger_finds_nothing_left_to_close():
    bars = (bar(100_000, 100_000, 94_000, 96_000), bar(96_000, 96_000, 90_000, 95_000, minute=2))
    assert len(after(holding(stop_loss=D(95_000)), *bars).facts) == 1


def test_liquidation_and_bankruptcy_prices_match_the_published_example():
    """LIQ-11 and LIQ-12 of the reference: 0.1 BTC at 100 000, 10x."""
    long, short = (holding(side).positions["BTCUSDT"] for side in (Side.LONG, Side.SHORT))
    terms = TERMS["BTCUSDT"]
    assert round(liquidation_price(long, terms), 10) == D("90415.9132007233")
    assert round(liquidation_price(short, terms), 10) == D("109496.3169420665")
    assert round(bankruptcy_price(long, terms.taker_fee_rate), 10) == D("90054.0324194517")
    assert round(bankruptcy_price(short, terms.taker_fee_rate), 10) == D("109934.0395762542")


def test_at_the_liquidation_price_margin_and_profit_equal_the_maintenance_margin():
    for side in (Side.LONG, Side.SHORT):
        held = holding(side).positions["BTCUSDT"]
        price = liquidation_price(held, TERMS["BTCUSDT"])
        left = held.margin + held.unrealised_pnl(price) - maintenance_margin(TERMS["BTCUSDT"], held.notional(price))
        assert abs(left) < D("1e-20")


def test_an_unlevered_long_cannot_be_liquidated():
    held = holding(leverage=1, notional=5_000).positions["BTCUSDT"]
    assert liquidation_price(held, TERMS["BTCUSDT"]) is None


@pytest.mark.parametrize(
    ("levels", "opened", "highest", "lowest", "purpose", "price"),
    [
        ({"stop_loss": D(105_000)}, 100_000, 106_000, 99_000, Purpose.STOP_LOSS, D(105_000)),
        ({"stop_loss": D(105_000)}, 100_000, 104_999, 94_000, None, None),
        ({"take_profit": D(95_000)}, 100_000, 101_000, 94_000, Purpose.TAKE_PROFIT, D(95_000)),
        ({"take_profit": D(95_000)}, 100_000, 106_000, "95000.1", None, None),
        ({}, 100_000, 112_000, 99_000, Purpose.LIQUIDATION, D("109934.03957625")),
        ({}, 100_000, 109_000, 50_000, None, None),
        ({"stop_loss": D(108_000)}, 100_000, 112_000, 99_000, Purpose.STOP_LOSS, D(108_000)),
        ({"stop_loss": D(109_800)}, 100_000, 112_000, 99_000, Purpose.LIQUIDATION, D("109934.03957625")),
        ({"stop_loss": D(105_000), "take_profit": D(95_000)}, 100_000, 106_000, 94_000, Purpose.STOP_LOSS, D(105_000)),
    ],
)
def test_inside_a_bar_a_short_is_the_mirror_of_a_long(levels, opened, highest, lowest, purpose, price):
    facts = after(holding(Side.SHORT, **levels), bar(opened, highest, lowest, 100_000)).facts
    assert [(fill.purpose, fill.price) for fill in facts] == ([] if purpose is None else [(purpose, price)])


def test_a_stop_of_a_short_costs_slippage_upward_and_fills_inside_the_bar():
    held, slipping = holding(Side.SHORT, stop_loss=D(105_000)), Rules(slippage=D("0.0005"))
    assert only(after(held, bar(100_000, 106_000, 99_000, 100_000), rules=slipping)).price == D("105052.5")
    assert only(after(held, bar(100_000, "105000.1", 99_000, 100_000), rules=slipping)).price == D("105000.1")


@pytest.mark.parametrize(("above", "purpose"), [("0", Purpose.STOP_LOSS), ("0.1", Purpose.STOP_LOSS), ("-0.1", Purpose.LIQUIDATION)])
def test_a_stop_at_the_liquidation_price_still_comes_first_and_one_a_tick_beyond_it_does_not(above, purpose):
    """1.5 BTC from 110 000 with 15 600: at 100 000 sharp the 600 are left that must be there, no fee."""
    for side, entry in ((Side.LONG, "110000"), (Side.SHORT, "90000")):
        stop = str(D(100_000) + side.sign * D(above))
        before = holder(priced(entry=entry, quantity="1.5", margin="15600", side=side, stop=stop))
        through = bar(entry, 112_000, 88_000, entry)
        fact = only(watch(before, {"BTCUSDT": [through]}, {"BTCUSDT": instrument(taker_fee_rate=D(0))}, FRICTIONLESS))
        assert fact.purpose is purpose


def test_a_bar_that_opens_the_moment_a_position_is_armed_can_end_it_and_an_earlier_one_can_not():
    before = holder(priced(stop="95000", opened=NOON + timedelta(minutes=1)))
    fall = {"BTCUSDT": [bar(100_000, 100_000, 94_000, 96_000, minute=1)]}
    assert only(watch(before, fall, TERMS, FRICTIONLESS)).purpose is Purpose.STOP_LOSS
    later = holder(priced(stop="95000", opened=NOON + timedelta(minutes=1, milliseconds=1)))
    assert watch(later, fall, TERMS, FRICTIONLESS).facts == ()


def test_last_prices_are_looked_at_only_where_the_rules_say_so_and_only_those_of_the_symbol():
    held, spike, calm = holding(stop_loss=D(95_000)), bar(100_000, 100_000, 94_000, 99_000), bar(100_000, 100_000, 99_000, 99_500)
    assert watch(held, {"BTCUSDT": [calm]}, TERMS, FRICTIONLESS, last={"BTCUSDT": [spike]}).facts == ()
    on_last = Rules(slippage=D(0), trigger_price=TriggerPrice.LAST)
    assert only(watch(held, {"BTCUSDT": [spike]}, TERMS, on_last, last={"ETHUSDT": [calm]})).purpose is Purpose.STOP_LOSS


def test_the_callers_decimal_context_does_not_matter_to_a_watch():
    held, fall = holding(), bar(90_000, 90_000, 80_000, 81_000)
    with localcontext(prec=6):
        coarse = after(held, fall)
    assert coarse == after(held, fall)


def test_a_watch_checks_the_books_it_was_given():
    broken = holder(priced(), available="-0.01")
    with pytest.raises(BooksBrokenError, match="below zero"):
        watch(broken, {}, TERMS, FRICTIONLESS)
    with pytest.raises(BooksBrokenError, match="below zero"):
        apply(broken, market(), [], NOON)
