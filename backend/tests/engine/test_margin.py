"""Margins and the prices at which they end, with numbers worked out by hand."""

import pytest

from app.engine.instruments import LeverageTier
from app.engine.margin import (
    bankruptcy_price,
    counted_pnl,
    cross_collateral,
    initial_margin,
    liquidation_price,
    liquidation_prices,
    maintenance_margin,
    shown_liquidation_price,
)
from app.engine.money import ZERO
from app.engine.rules import MarginMode
from app.engine.trades import Side
from tests.engine.markets import D, holder, holding, instrument

FREE_OF_FEE = instrument(taker_fee_rate=ZERO)
ETH = instrument("ETHUSDT", tick=D("0.01"))
BOTH = {"BTCUSDT": instrument(), "ETHUSDT": ETH}


def test_margin_to_put_up_is_rounded_up_to_the_last_digit_of_cash():
    assert initial_margin(D(1_000), 3) == D("333.33333334")
    assert initial_margin(D(1_000), 10) == D(100)


@pytest.mark.parametrize(
    ("notional", "margin"),
    [
        ("0", "0"),
        ("150000", "600"),
        ("150001", "600.005"),
        ("900000", "4350"),
        ("900001", "4350.01"),
        ("12000000", "115350"),
        ("20000000", "195350"),
    ],
)
def test_maintenance_margin_rises_at_the_rate_of_each_tier_and_beyond_the_last_at_its(notional, margin):
    """0.4% to 150 000, 0.5% to 900 000, 1% above: 600 and 3 750 lie below the third tier."""
    assert maintenance_margin(FREE_OF_FEE, D(notional)) == D(margin)
    assert maintenance_margin(instrument(), D(notional)) == D(margin) + D(notional) * D("0.0006")


def test_a_contract_without_tiers_asks_for_the_fee_of_closing():
    assert maintenance_margin(instrument(tiers=()), D(10_000)) == 6


@pytest.mark.parametrize(
    ("side", "margin", "level"),
    [(Side.LONG, "51197.5", 1), (Side.LONG, "1000", 2), (Side.SHORT, "100000", 2), (Side.SHORT, "2000000", 3), (Side.SHORT, "30000000", 3)],
)
def test_the_liquidation_price_is_found_in_the_tier_that_holds_the_position_at_that_price(side, margin, level):
    """2 BTC at 100 000, no fee: what is left at the price is the maintenance margin there."""
    found = liquidation_price(holding("2", "100000", side=side, margin=margin), FREE_OF_FEE)
    left = D(margin) + side.sign * 2 * (found - 100_000)
    assert abs(left - maintenance_margin(FREE_OF_FEE, 2 * found)) < D("1e-20")
    assert FREE_OF_FEE.tier(2 * found).level == level


def test_a_position_that_is_at_a_bound_of_tiers_when_liquidated_has_a_liquidation_price():
    """1.5 BTC long at 110 000: at 100 000 its notional is 150 000 and its maintenance margin 600, the last of tier 1."""
    held = holding("1.5", "110000", margin="15600")
    assert liquidation_price(held, FREE_OF_FEE) == 100_000


def test_a_contract_without_tiers_is_liquidated_where_only_the_fee_of_closing_is_left():
    """0.1 BTC at 100 000 with 1 000 of margin and 0.06% fee: long 90 054.03, short 109 934.04, the bankruptcy prices."""
    bare = instrument(tiers=())
    for side in Side:
        held = holding(side=side)
        assert liquidation_price(held, bare) == bankruptcy_price(held, bare.taker_fee_rate)
    assert liquidation_price(holding(margin="10000"), bare) is None
    assert liquidation_price(holding("1000", "0.5", margin="50"), bare) == bankruptcy_price(
        holding("1000", "0.5", margin="50"), D("0.0006")
    )


def test_tiers_that_a_venue_writes_with_a_gap_leave_no_position_without_a_liquidation_price():
    """The second tier is said to begin at 150 001: a position worth 150 000.5 when it is due belongs to it."""
    low, high = LeverageTier(1, ZERO, D(150_000), 125, D("0.004")), LeverageTier(2, D(150_001), D(900_000), 100, D("0.005"))
    gapped = instrument(taker_fee_rate=ZERO, tiers=(low, high))
    assert gapped.deductions == (ZERO, D(150))
    price = D("100000")
    quantity = D("1.500005")
    margin = maintenance_margin(gapped, quantity * price)
    assert liquidation_price(holding(quantity, price, margin=margin), gapped) == price


def test_a_coin_of_less_than_a_dollar_is_liquidated_like_any_other():
    held = holding("1000", "0.5", margin="50")
    price = liquidation_price(held, FREE_OF_FEE)
    assert D("0.4518") < price < D("0.4519")


def test_a_long_backed_by_all_it_cost_has_no_liquidation_price():
    assert liquidation_price(holding(margin="10000"), instrument()) is None
    assert shown_liquidation_price(holding(margin="10000"), instrument()) is None
    assert liquidation_price(holding(margin="9999"), instrument()) is not None


def test_other_collateral_takes_the_place_of_the_positions_own_margin():
    held = holding(margin="1000")
    assert liquidation_price(held, instrument(), D(1_500)) == liquidation_price(holding(margin="1500"), instrument())
    assert liquidation_price(held, instrument(), ZERO) == liquidation_price(holding(margin="0"), instrument()) > 100_000
    assert shown_liquidation_price(held, instrument(), D(1_500)) == D("85392.9")


def test_the_price_shown_is_the_tick_that_is_met_first():
    """LIQ-11 and LIQ-12 of the reference: 90 415.9132 and 109 496.3169."""
    shown = {side: shown_liquidation_price(holding(side=side), instrument()) for side in Side}
    assert shown == {Side.LONG: D("90416.0"), Side.SHORT: D("109496.3")}


def test_at_the_bankruptcy_price_the_margin_is_just_gone():
    """1 000 of margin on 0.1 BTC: 10 000 away without a fee, less with the fee of closing."""
    assert bankruptcy_price(holding(), ZERO) == 90_000
    assert bankruptcy_price(holding(side=Side.SHORT), ZERO) == 110_000
    assert bankruptcy_price(holding(), D("0.1")) == 100_000
    assert bankruptcy_price(holding(side=Side.SHORT), D("0.1")) == 100_000


def test_isolated_positions_show_a_price_each_whatever_marks_are_there():
    together = holder(holding(), holding("1", "4000", margin="400", symbol="ETHUSDT"))
    shown = liquidation_prices(together, {}, BOTH, MarginMode.ISOLATED)
    assert shown == {"BTCUSDT": D("90416.0"), "ETHUSDT": shown_liquidation_price(together.positions["ETHUSDT"], ETH)}


def test_in_cross_margin_each_price_counts_what_the_balance_and_the_others_can_bear():
    together = holder(holding(), holding("1", "4000", margin="400", symbol="ETHUSDT"), available="-900")
    marks = {"BTCUSDT": D(99_000), "ETHUSDT": D(4_100)}
    shown = liquidation_prices(together, marks, BOTH, MarginMode.CROSS)
    for symbol, held in together.positions.items():
        collateral = cross_collateral(together, symbol, marks, BOTH)
        assert shown[symbol] == shown_liquidation_price(held, BOTH[symbol], collateral) != shown_liquidation_price(held, BOTH[symbol])


def test_a_price_that_can_not_be_told_is_not_shown():
    together = holder(holding(), holding("1", "4000", margin="400", symbol="ETHUSDT"), available="-900")
    nothing = {"BTCUSDT": None, "ETHUSDT": None}
    marks = {"BTCUSDT": D(99_000), "ETHUSDT": D(4_100)}
    assert liquidation_prices(together, {"BTCUSDT": D(99_000)}, BOTH, MarginMode.CROSS) == nothing
    assert liquidation_prices(together, marks, {"BTCUSDT": instrument()}, MarginMode.CROSS) == nothing
    alone = liquidation_prices(together, marks, {"BTCUSDT": instrument()}, MarginMode.ISOLATED)
    assert alone == {"BTCUSDT": D("90416.0"), "ETHUSDT": None}


def test_what_an_isolated_position_can_lose_ends_at_its_margin():
    """0.1 BTC with 1 000 of margin, 2 000 below its entry; a second one in profit counts whole."""
    won = holding("1", "4000", symbol="ETHUSDT", margin="400")
    both = holder(holding(), won)
    marks = {"BTCUSDT": D(80_000), "ETHUSDT": D(4_100)}
    assert counted_pnl(both, marks, MarginMode.ISOLATED) == D(-900)
    assert counted_pnl(both, marks, MarginMode.CROSS) == D(-1_900)
    assert counted_pnl(both, {"ETHUSDT": D(4_100)}, MarginMode.ISOLATED) == D(100)
