"""Stops, targets and liquidations on one-minute mark bars."""

from datetime import timedelta

from app.engine.exchange import apply
from app.engine.order_checks import Rules
from app.engine.orders import OpenOrder
from app.engine.positions import bankruptcy_price, liquidation_price, maintenance_margin
from app.engine.trades import Purpose, Side
from app.engine.triggers import watch
from tests.engine.markets import NOON, D, account, bar, book, instrument, market

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


def test_a_target_never_fills_better_than_its_level():
    fill = only(after(holding(take_profit=D(105_000)), bar(107_000, 108_000, 106_000, 107_000)))
    assert (fill.purpose, fill.price) == (Purpose.TAKE_PROFIT, D(105_000))


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


def test_a_liquidation_costs_exactly_the_margin():
    held = holding()
    outcome = after(held, bar(100_000, 100_000, 80_000, 81_000))
    assert outcome.account.available == held.available
    assert outcome.account.positions == {}
    assert only(outcome).trade.net_pnl == -(D(1000) + D(6))


def test_the_minute_before_the_fill_can_trigger_nothing():
    held = holding(stop_loss=D(95_000))
    assert after(held, bar(94_000, 94_000, 90_000, 91_000, minute=-1)).account == held


def test_a_stop_costs_slippage_but_fills_inside_the_bar():
    held = holding(stop_loss=D(95_000))
    slipped = only(after(held, bar(100_000, 100_000, 94_000, 96_000), rules=Rules(slippage=D("0.0005"))))
    clamped = only(after(held, bar(100_000, 100_000, "94999.9", 96_000), rules=Rules(slippage=D("0.0005"))))
    assert (slipped.price, clamped.price) == (D("94952.5"), D("94999.9"))


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
