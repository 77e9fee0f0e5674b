"""Cross margin: the whole balance stands behind every position."""

from datetime import timedelta

import pytest

from app.engine.exchange import apply
from app.engine.facts import OrderRefused
from app.engine.ledger import LedgerAccount
from app.engine.margin import cross_collateral, free_balance, liquidation_price, maintenance_margin
from app.engine.orders import CloseOrder, LeverageOrder, OpenOrder, RefusalCode
from app.engine.placing import Market
from app.engine.rules import MarginMode, Rules
from app.engine.trades import Purpose, Side
from app.engine.triggers import watch
from tests.engine.markets import NOON, D, bar, book, holder, holding, instrument, market

CROSS = Rules(slippage=D(0), margin_mode=MarginMode.CROSS, max_leverage=125)
TERMS = {"BTCUSDT": instrument(), "ETHUSDT": instrument("ETHUSDT", tick=D("0.01"), lot=D("0.01"))}


def btc(quantity="0.5", side=Side.LONG, **others):
    return holding(quantity, "100000", side=side, margin=D(quantity) * 10_000, **others)


def eth(quantity="10", side=Side.SHORT, **others):
    return holding(quantity, "4000", side=side, margin=D(quantity) * 400, symbol="ETHUSDT", **others)


def watched(before, **bars):
    return watch(before, {f"{name.upper()}USDT": [one] for name, one in bars.items()}, TERMS, CROSS)


def test_a_loss_that_would_liquidate_an_isolated_position_is_borne_by_the_balance():
    crash = bar(100_000, 100_000, 89_000, 89_500)
    before = holder(btc())
    assert watch(before, {"BTCUSDT": [crash]}, TERMS, Rules()).facts[0].purpose is Purpose.LIQUIDATION
    assert watched(before, btc=crash).facts == ()


def test_at_the_liquidation_price_equity_equals_the_sum_of_the_maintenance_margins():
    before = holder(btc(), eth(), available="1000")
    marks = {"BTCUSDT": D(99_000), "ETHUSDT": D(4_100)}
    for symbol, others in (("BTCUSDT", "ETHUSDT"), ("ETHUSDT", "BTCUSDT")):
        price = liquidation_price(before.positions[symbol], TERMS[symbol], cross_collateral(before, symbol, marks, TERMS))
        there = {symbol: price, others: marks[others]}
        required = sum(maintenance_margin(TERMS[name], before.positions[name].notional(there[name])) for name in there)
        assert abs(before.equity(there) - required) < D("0.00000002")


def test_the_largest_loser_is_closed_first_at_the_market_and_the_rest_lives_when_that_suffices():
    """10 000 behind 1 BTC long and 1 ETH short: at 90 330 or so BTC must go, ETH stays."""
    before = holder(btc("1"), eth("1"), available="-400")
    outcome = watched(before, btc=bar(100_000, 100_000, 89_000, 90_000), eth=bar(4_000, 4_010, 3_990, 4_000))
    (fill,) = outcome.facts
    assert (fill.symbol, fill.purpose, fill.takeover, fill.insured) == ("BTCUSDT", Purpose.LIQUIDATION, D(0), D(0))
    assert 89_000 <= fill.price <= 100_000
    assert fill.price % D("0.1") == 0
    assert list(outcome.account.positions) == ["ETHUSDT"]
    assert outcome.account.equity({"ETHUSDT": D(4_010)}) > 0


def test_when_one_exit_is_not_enough_the_next_follows_in_the_same_minute():
    before = holder(btc("1"), eth("20"), available="-8000")
    outcome = watched(before, btc=bar(100_000, 100_000, 90_000, 94_000), eth=bar(4_000, 4_600, 4_000, 4_500))
    assert [(fill.symbol, fill.purpose) for fill in outcome.facts] == [
        ("ETHUSDT", Purpose.LIQUIDATION),
        ("BTCUSDT", Purpose.LIQUIDATION),
    ]
    assert outcome.account.positions == {}
    assert outcome.account.available >= 0


def test_a_gap_beyond_everything_leaves_zero_and_the_insurance_pays():
    before = holder(btc("1"), available="0")
    outcome = watched(before, btc=bar(80_000, 81_000, 79_000, 80_000))
    (fill,) = outcome.facts
    assert (fill.price, fill.at, outcome.account.available) == (D(80_000), NOON + timedelta(minutes=1), D(0))
    assert fill.insured == D(10_000) + D(48)
    assert fill.posting.total(LedgerAccount.INSURANCE) == -fill.insured


def test_a_stop_above_the_liquidation_price_comes_first():
    before = holder(btc("1", stop="95000"), eth("1"), available="-400")
    outcome = watched(before, btc=bar(100_000, 100_000, 89_000, 90_000), eth=bar(4_000, 4_010, 3_990, 4_000))
    assert [(fill.purpose, fill.price) for fill in outcome.facts] == [(Purpose.STOP_LOSS, D(95_000))]


@pytest.mark.parametrize("side", list(Side))
def test_a_position_whose_backing_the_others_use_up_goes_at_its_own_open(side):
    """BTC loses 900 of 1 000, ETH 920: with BTC at its worst nothing backs ETH, the larger loser, from its first price on."""
    before = holder(btc("1"), eth("20", side), available="-17000")
    outcome = watched(before, btc=bar(100_000, 100_000, 99_100, 99_600), eth=bar(4_000, 4_046, 3_954, 4_000))
    first = outcome.facts[0]
    assert (first.symbol, first.purpose, first.price, first.at) == ("ETHUSDT", Purpose.LIQUIDATION, D(4_000), NOON + timedelta(minutes=2))


def test_in_the_minute_of_an_entry_or_a_change_nobody_is_liquidated_for_what_came_before():
    crash, still = bar(80_000, 81_000, 79_000, 80_000), bar(4_000, 4_000, 4_000, 4_000)
    young = NOON + timedelta(minutes=2)
    assert watched(holder(btc("1", opened=young), available="0"), btc=crash).facts == ()
    assert watched(holder(btc("1"), eth("1", opened=young), available="0"), btc=crash, eth=still).facts == ()
    assert watched(holder(btc("1"), eth("1"), available="0"), btc=crash, eth=still).facts[0].purpose is Purpose.LIQUIDATION
    stopped = watched(holder(btc("1", stop="95000"), eth("1", opened=young), available="0"), btc=crash, eth=still)
    assert [fill.purpose for fill in stopped.facts] == [Purpose.STOP_LOSS]


def test_while_something_held_has_no_price_stops_act_but_nobody_is_liquidated_or_insured():
    crash = bar(80_000, 81_000, 79_000, 80_000)
    assert watched(holder(btc("1"), eth("1"), available="0"), btc=crash).facts == ()
    (fill,) = watched(holder(btc("1", stop="95000"), eth("1"), available="0"), btc=crash).facts
    assert (fill.purpose, fill.price, fill.insured) == (Purpose.STOP_LOSS, D(80_000), D(0))
    there = market(mark="80000", books={"BTCUSDT": book(bid="80000", ask="80000.1")}, rules=CROSS)
    (fill,) = apply(holder(btc("1"), eth("1"), available="0"), there, [CloseOrder("BTCUSDT")], NOON).facts
    assert fill.insured == 0
    (fact,) = apply(holder(btc("1"), eth("1")), there, [LeverageOrder("BTCUSDT", 5)], NOON).facts
    assert (fact.refused.code, "ETHUSDT" in fact.refused.message) == (RefusalCode.SYMBOL_UNUSABLE, True)


def test_the_insurance_bears_what_is_missing_at_the_end_of_the_minute_and_not_before():
    """4 000 in all: ETH gaps to -5 000 and costs 27, BTC goes at its open for 60: 1 087 are missing, and the account ends at zero."""
    before = holder(btc("1"), eth("10"), available="-10000")
    outcome = watched(before, btc=bar(100_000, 100_600, 99_100, 99_100), eth=bar(4_500, 4_500, 4_500, 4_500))
    assert [(fill.symbol, fill.insured) for fill in outcome.facts] == [("ETHUSDT", D(0)), ("BTCUSDT", D(1_087))]
    assert (outcome.account.positions, outcome.account.available) == ({}, D(0))


def test_what_another_position_won_stands_for_a_loss_and_nothing_is_insured():
    """BTC costs 20 048 of 14 000; ETH, 10 000 up at its open, goes where what it won still covers the rest."""
    before = holder(btc("1"), eth("10"), available="0")
    outcome = watched(before, btc=bar(80_000, 80_000, 80_000, 80_000), eth=bar(3_000, 3_500, 3_000, 3_500))
    assert [(fill.symbol, fill.insured) for fill in outcome.facts] == [("BTCUSDT", D(0)), ("ETHUSDT", D(0))]
    assert outcome.account.available > 0


def test_a_realised_loss_may_exceed_the_free_balance_while_others_are_open():
    before = holder(btc("1"), eth("1"), available="0")
    there = Market(TERMS, {"BTCUSDT": D(95_000), "ETHUSDT": D(4_000)}, {"BTCUSDT": book(bid="95000", ask="95000.1")}, rules=CROSS)
    outcome = apply(before, there, [CloseOrder("BTCUSDT")], NOON)
    assert outcome.account.available == D(10_000) - 5_000 - D(57)
    worse = Market(TERMS, {"BTCUSDT": D(89_900), "ETHUSDT": D(4_000)}, {"BTCUSDT": book(bid="89900", ask="89900.1")}, rules=CROSS)
    outcome = apply(before, worse, [CloseOrder("BTCUSDT")], NOON)
    assert outcome.account.available == D(10_000) - 10_100 - D("53.94")
    assert outcome.facts[0].insured == 0


def test_a_close_that_ends_below_zero_without_other_positions_is_made_good_by_the_insurance():
    before = holder(btc("1"), available="0")
    worse = market(mark="89900", books={"BTCUSDT": book(bid="89900", ask="89900.1")}, rules=CROSS)
    outcome = apply(before, worse, [CloseOrder("BTCUSDT")], NOON)
    assert (outcome.account.available, outcome.facts[0].insured) == (D(0), D(100) + D("53.94"))
    half = apply(before, worse, [CloseOrder("BTCUSDT", D("0.5"))], NOON)
    assert half.facts[0].insured == D(100) + D("26.97")
    assert half.account.equity({"BTCUSDT": D(89_900)}) == 0


def test_unrealised_losses_bind_the_free_balance_and_profits_do_not_add_to_it():
    before = holder(btc("1"), available="1000")
    assert free_balance(before, {"BTCUSDT": D(99_500)}, MarginMode.CROSS) == 500
    assert free_balance(before, {"BTCUSDT": D(105_000)}, MarginMode.CROSS) == 1_000
    assert free_balance(before, {"BTCUSDT": D(99_500)}, MarginMode.ISOLATED) == 1_000
    there = market(mark="99500", books={"BTCUSDT": book(bid="99500", ask="99500")}, rules=CROSS)
    (fact,) = apply(before, there, [OpenOrder("BTCUSDT", Side.LONG, D(9_000), 10)], NOON).facts
    assert (fact.refused.code, fact.refused.available) == (RefusalCode.INSUFFICIENT_MARGIN, D(500))


def test_an_overdrawn_balance_opens_nothing_but_may_be_given_margin_back():
    before = holder(btc("1"), eth("1"), available="-400")
    there = Market(TERMS, {"BTCUSDT": D(100_000), "ETHUSDT": D(4_000)}, {"BTCUSDT": book()}, rules=CROSS)
    (fact,) = apply(before, there, [OpenOrder("BTCUSDT", Side.LONG, D(1_000), 10)], NOON).facts
    assert fact.refused.code is RefusalCode.INSUFFICIENT_MARGIN
    (fact,) = apply(before, there, [OpenOrder("BTCUSDT", Side.LONG, None, 10, fraction=D(1))], NOON).facts
    assert fact.refused.code is RefusalCode.ROUNDS_TO_ZERO
    eased = apply(before, there, [LeverageOrder("BTCUSDT", 20)], NOON).account
    assert (eased.available, eased.positions["BTCUSDT"].margin) == (D(4_600), D(5_000))


def test_nothing_is_opened_while_a_held_symbol_has_no_sound_price():
    before = holder(eth("1"))
    there = Market(TERMS, {"BTCUSDT": D(100_000)}, {"BTCUSDT": book()}, rules=CROSS)
    (fact,) = apply(before, there, [OpenOrder("BTCUSDT", Side.LONG, D(1_000), 10)], NOON).facts
    assert isinstance(fact, OrderRefused)
    assert fact.refused.code is RefusalCode.SYMBOL_UNUSABLE
    assert "ETHUSDT" in fact.refused.message


@pytest.mark.parametrize("side", list(Side))
def test_what_backs_a_position_is_the_balance_and_what_the_others_can_spare(side):
    before = holder(btc("0.5", side), eth("10"), available="1000")
    marks = {"BTCUSDT": D(100_000), "ETHUSDT": D(4_100)}
    assert cross_collateral(before, "BTCUSDT", marks, TERMS) == 1_000 + 5_000 + 4_000 - 1_000 - D("188.6")


def test_what_prices_did_before_a_position_was_opened_in_that_minute_counts_for_nobody():
    """ETH, opened after the crash of its minute, ends it at its entry: BTC, which it would have dragged down, stays."""
    young = eth("2", Side.LONG, opened=NOON + timedelta(minutes=1, seconds=30))
    before = holder(btc("0.1"), young, available="-100")
    assert watched(before, btc=bar(100_000, 100_000, 99_900, 100_000), eth=bar(4_000, 4_000, 3_100, 4_000)).facts == ()


def test_what_backs_a_changed_position_does_not_count_its_own_loss_twice():
    """1 000 in all, 500 lost at 99 500: 500 are above the 457.7 that must be there, so 20x is allowed; at 99 400 it is not."""
    before = holder(btc("1"), available="-9000")
    eased = apply(before, market(mark="99500", rules=CROSS), [LeverageOrder("BTCUSDT", 20)], NOON).account
    assert eased.positions["BTCUSDT"].leverage == 20
    (fact,) = apply(before, market(mark="99400", rules=CROSS), [LeverageOrder("BTCUSDT", 20)], NOON).facts
    assert (fact.refused.code, fact.refused.needed, fact.refused.available) == (RefusalCode.WOULD_LIQUIDATE, D("457.24"), D(400))


@pytest.mark.parametrize(("btc_open", "eth_open"), [(96_000, 4_600), (100_000, 4_000)])
def test_the_loss_of_a_position_armed_just_now_counts_for_the_others_at_the_open_and_inside_the_bar(btc_open, eth_open):
    """10 500 in all: BTC loses 4 000 and ETH 6 000. Both are due, and the larger loser, which alone would live, goes first."""
    before = holder(btc("1", opened=NOON + timedelta(minutes=1)), eth("10"), available="-3500")
    outcome = watched(before, btc=bar(btc_open, 100_000, 96_000, 100_000), eth=bar(eth_open, 4_600, eth_open, 4_600))
    assert outcome.facts[0].symbol == "ETHUSDT"
    alone = watched(before, btc=bar(100_000, 100_000, 100_000, 100_000), eth=bar(eth_open, 4_600, eth_open, 4_600))
    assert alone.facts == ()


def test_of_two_equal_losers_the_first_by_name_goes_first():
    before = holder(btc("1"), eth("25", Side.LONG), available="-18000")
    outcome = watched(before, btc=bar(99_000, 99_000, 99_000, 99_000), eth=bar(3_960, 3_960, 3_960, 3_960))
    assert [fill.symbol for fill in outcome.facts] == ["BTCUSDT", "ETHUSDT"]
