"""A snapshot as everybody sees it, and what the venue says about a contract."""

from datetime import timedelta

import pytest

from app.engine.instruments import Instrument, LeverageTier, deductions
from app.engine.market import Quote, Snapshot, SymbolView, Timeframe
from app.engine.rules import MarginMode, Rules, TriggerPrice
from tests.engine.markets import NOON, D, instrument


def seen(symbol, mark, unusable=None):
    return SymbolView(instrument(symbol), None if mark is None else Quote(symbol, NOON, D(mark) + 1, D(mark)), unusable=unusable)


def test_only_symbols_with_a_quote_and_without_a_reason_against_them_have_a_mark():
    views = {"BTCUSDT": seen("BTCUSDT", 100_000), "ETHUSDT": seen("ETHUSDT", 4_000, "its price is old"), "SOLUSDT": seen("SOLUSDT", None)}
    there = Snapshot(NOON, "bitget", views)
    assert there.marks == {"BTCUSDT": D(100_000)}
    assert there.instruments == {name: instrument(name) for name in views}


def test_two_snapshots_of_the_same_market_are_equal_whatever_their_hash():
    assert Snapshot(NOON, "bitget", {}, "ab") == Snapshot(NOON, "bitget", {}, "cd") != Snapshot(NOON, "okx", {}, "ab")


def test_a_timeframe_is_as_wide_as_its_name_says():
    widths = {
        Timeframe.MINUTE: timedelta(minutes=1),
        Timeframe.FIVE_MINUTES: timedelta(minutes=5),
        Timeframe.FOUR_HOURS: timedelta(hours=4),
    }
    assert {frame: frame.width for frame in Timeframe} == widths


@pytest.mark.parametrize(
    ("notional", "level", "leverage"),
    [("0", 1, 125), ("150000", 1, 125), ("150000.01", 2, 100), ("900000", 2, 100), ("12000000", 3, 50), ("99000000", 3, 50)],
)
def test_a_notional_lies_in_the_tier_whose_upper_end_it_does_not_pass_and_beyond_all_in_the_last(notional, level, leverage):
    assert instrument().tier(D(notional)).level == level
    assert instrument().leverage_limit(D(notional)) == leverage


def test_the_contract_caps_leverage_below_its_tiers_and_alone_without_any():
    assert instrument(max_leverage=75).leverage_limit(D(200_000)) == 75
    assert instrument(tiers=()).tier(D(1)) is None
    assert instrument(tiers=()).leverage_limit(D(10) ** 9) == 125


def test_the_deductions_make_maintenance_marginal():
    """150 000 x 0.1% and on top of it 900 000 x 0.5%: the published 150 and 4 650 of tiers 2 and 3."""
    assert instrument().deductions == deductions(instrument().tiers) == (D(0), D(150), D(4_650))
    assert deductions(()) == ()


def test_contracts_are_equal_by_their_terms_and_do_not_print_what_follows_from_them():
    assert instrument() == instrument() != instrument(tiers=(LeverageTier(1, D(0), D(1), 125, D("0.004")),))
    assert "deductions" not in repr(instrument())
    assert isinstance(instrument(), Instrument)


def test_a_contest_that_says_nothing_is_isolated_on_mark_at_20x_with_five_basis_points_of_slippage():
    assert Rules() == Rules(20, D("0.0005"), True, MarginMode.ISOLATED, TriggerPrice.MARK)
