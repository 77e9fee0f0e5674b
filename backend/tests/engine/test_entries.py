"""Flips, sizes by fraction, and adding with another leverage."""

from dataclasses import replace

import pytest

from app.engine.books import Book, Level
from app.engine.exchange import apply
from app.engine.facts import Filled, MarginSet, OrderRefused
from app.engine.ledger import LedgerAccount
from app.engine.orders import CloseOrder, FlipOrder, LeverageOrder, MarginOrder, OpenOrder, RefusalCode
from app.engine.rules import MarginMode, Rules
from app.engine.trades import Purpose, Side
from tests.engine.markets import NOON, D, account, book, holder, holding, instrument, market

FREE = Rules(max_leverage=125)
DEEP = {"BTCUSDT": book(size="100")}


def carried_out(outcome):
    assert not [fact for fact in outcome.facts if isinstance(fact, OrderRefused)], outcome.facts
    return outcome


def refused(outcome):
    (fact,) = outcome.facts
    assert isinstance(fact, OrderRefused)
    return fact.refused


def test_a_flip_closes_everything_and_opens_the_other_side_at_one_average_price():
    before = holder(holding("0.1", "99000", margin="990"))
    outcome = carried_out(apply(before, market(books=DEEP), [FlipOrder("BTCUSDT", D(20_000), 10, D(101_000), D(95_000))], NOON))
    closed, opened = outcome.facts
    assert (closed.order, opened.order) == (0, 0)
    assert (closed.purpose, closed.side, closed.quantity, closed.price) == (Purpose.CLOSE, Side.LONG, D("0.1"), D("99999.9"))
    assert (opened.purpose, opened.side, opened.quantity, opened.price) == (Purpose.OPEN, Side.SHORT, D("0.2000"), D("99999.9"))
    held = outcome.account.positions["BTCUSDT"]
    assert (held.side, held.stop_loss, held.take_profit, held.trade.number) == (Side.SHORT, D(101_000), D(95_000), 2)
    assert closed.trade.exit_reason is Purpose.CLOSE


@pytest.mark.parametrize("side", list(Side))
def test_a_flip_comes_to_the_same_as_a_close_and_an_open(side):
    other = Side.SHORT if side is Side.LONG else Side.LONG
    before = holder(holding("0.3", "99500", side=side, margin="2985"))
    flipped = carried_out(apply(before, market(books=DEEP), [FlipOrder("BTCUSDT", D(20_000), 7)], NOON))
    stepped = carried_out(apply(before, market(books=DEEP), [CloseOrder("BTCUSDT"), OpenOrder("BTCUSDT", other, D(20_000), 7)], NOON))
    assert flipped.account == stepped.account
    assert [fact.posting for fact in flipped.facts] == [fact.posting for fact in stepped.facts]


def test_a_flip_through_several_levels_divides_them_and_their_fee_between_its_legs():
    before = holder(holding("0.3", "99500", margin="2985"))
    outcome = carried_out(apply(before, market(books={"BTCUSDT": book(size="0.2")}), [FlipOrder("BTCUSDT", D(20_000), 7)], NOON))
    closed, opened = outcome.facts
    assert closed.price == opened.price == (D("0.2") * (D("99999.9") + D("99999.8")) + D("0.1") * D("99999.7")) / D("0.5")
    assert [part.quantity for part in closed.parts] == [D("0.2"), D("0.1")]
    assert [part.quantity for part in opened.parts] == [D("0.1"), D("0.1")]
    assert closed.fee + opened.fee == D("0.5") * closed.price * D("0.0006")


def test_after_a_flip_the_next_order_finds_its_levels_gone():
    before = holder(holding("0.3", "99500", margin="2985"))
    orders = [FlipOrder("BTCUSDT", D(20_000), 7), OpenOrder("BTCUSDT", Side.SHORT, D(1_000), 7)]
    *_, added = carried_out(apply(before, market(books={"BTCUSDT": book(size="0.5")}), orders, NOON)).facts
    assert added.price == D("99999.8")


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (FlipOrder("BTCUSDT", D(0), 10), RefusalCode.SIZE_INVALID),
        (FlipOrder("BTCUSDT", D("NaN"), 10), RefusalCode.SIZE_INVALID),
        (FlipOrder("BTCUSDT", D(5), 10), RefusalCode.ROUNDS_TO_ZERO),
        (FlipOrder("BTCUSDT", D(1_000), 0), RefusalCode.LEVERAGE_INVALID),
        (FlipOrder("BTCUSDT", D(1_000), 21), RefusalCode.LEVERAGE_ABOVE_CAP),
        (FlipOrder("BTCUSDT", D(1_000), 10, D(99_000)), RefusalCode.SL_WRONG_SIDE),
        (FlipOrder("BTCUSDT", D(1_000), 10, D("NaN")), RefusalCode.STOP_INVALID),
        (FlipOrder("BTCUSDT", D(150_000), 10), RefusalCode.INSUFFICIENT_MARGIN),
        (FlipOrder("BTCUSDT", D(21_999_990), 20), RefusalCode.QUANTITY_TOO_LARGE),
    ],
)
def test_a_flip_that_can_not_be_carried_out_whole_changes_nothing(order, code):
    before = holder(holding("0.1", "100000", margin="1000"))
    outcome = apply(before, market(books=DEEP), [order], NOON)
    assert refused(outcome).code is code
    assert outcome.account == before


def test_there_is_nothing_to_flip_without_a_position_or_a_book():
    assert refused(apply(account(), market(), [FlipOrder("BTCUSDT", D(1_000), 10)], NOON)).code is RefusalCode.CLOSE_NOTHING
    assert refused(apply(holder(holding()), market(books={}), [FlipOrder("BTCUSDT", D(1_000), 10)], NOON)).code is RefusalCode.NO_DEPTH


def test_a_fraction_of_the_free_balance_pays_margin_and_fee_and_no_more():
    for fraction in (D(1), D("0.5"), D("0.013")):
        for leverage in (1, 3, 20):
            order = OpenOrder("BTCUSDT", Side.LONG, None, leverage, fraction=fraction)
            outcome = carried_out(apply(account(), market(books={"BTCUSDT": book(size="0.05", levels=3)}), [order], NOON))
            spent = 10_000 - outcome.account.available
            one_lot_more = D("0.0001") * outcome.facts[0].price * (D(1) / leverage + D("0.0006"))
            assert fraction * 10_000 - 3 * one_lot_more < spent <= fraction * 10_000


def test_a_fraction_of_too_little_is_below_one_lot():
    order = OpenOrder("BTCUSDT", Side.LONG, None, 1, fraction=D("0.0005"))
    assert refused(apply(account(), market(), [order], NOON)).code is RefusalCode.ROUNDS_TO_ZERO


@pytest.mark.parametrize(
    ("notional", "fraction"),
    [(None, None), (D(1_000), D("0.5")), (None, D(0)), (None, D("1.1")), (None, D("NaN")), (None, D("-0.5")), (None, D("Infinity"))],
)
def test_a_size_is_either_a_notional_or_a_fraction_within_bounds(notional, fraction):
    order = OpenOrder("BTCUSDT", Side.LONG, notional, 10, fraction=fraction)
    assert refused(apply(account(), market(), [order], NOON)).code is RefusalCode.SIZE_INVALID


def test_a_reduce_by_notional_takes_about_that_much_and_never_more_than_is_held():
    before = holder(holding("0.1", "100000", margin="1000"))
    half = carried_out(apply(before, market(), [CloseOrder("BTCUSDT", notional=D(5_000))], NOON))
    assert (half.facts[0].purpose, half.facts[0].quantity) == (Purpose.REDUCE, D("0.0500"))
    all_of_it = carried_out(apply(before, market(), [CloseOrder("BTCUSDT", notional=D(50_000))], NOON))
    assert (all_of_it.facts[0].purpose, all_of_it.account.positions) == (Purpose.CLOSE, {})
    assert refused(apply(before, market(), [CloseOrder("BTCUSDT", notional=D(-5))], NOON)).code is RefusalCode.SIZE_INVALID
    assert refused(apply(before, market(), [CloseOrder("BTCUSDT", None)], NOON)).code is RefusalCode.SIZE_INVALID


def test_closing_more_at_once_than_the_contract_takes_is_refused_with_the_limit():
    before = holder(holding("0.1", "100000", margin="1000"))
    small = market(terms=instrument(max_market_quantity=D("0.06")))
    said = refused(apply(before, small, [CloseOrder("BTCUSDT")], NOON))
    assert (said.code, said.needed, said.available) == (RefusalCode.QUANTITY_TOO_LARGE, D("0.1"), D("0.06"))
    assert carried_out(apply(before, small, [CloseOrder("BTCUSDT", D("0.6"))], NOON))


def test_adding_with_another_leverage_changes_that_of_the_whole_position_first():
    before = holder(holding("0.1", "100000", leverage=10, margin="1000"))
    outcome = carried_out(apply(before, market(), [OpenOrder("BTCUSDT", Side.LONG, D(10_000), 5)], NOON))
    changed, added = outcome.facts
    assert isinstance(changed, MarginSet)
    assert (changed.order, changed.leverage_before, changed.leverage_after, changed.amount) == (0, 10, 5, D(1_000))
    assert changed.posting.total(LedgerAccount.MARGIN) == D(1_000)
    assert isinstance(added, Filled)
    assert (added.purpose, added.order) == (Purpose.ADD, 0)
    held = outcome.account.positions["BTCUSDT"]
    assert (held.leverage, held.margin) == (5, D(4_000))
    assert outcome.account.available == D(10_000) - 3_000 - D(6)


def test_an_add_that_fails_leaves_the_leverage_as_it_was():
    before = holder(holding("0.1", "100000", leverage=10, margin="1000"))
    outcome = apply(before, market(), [OpenOrder("BTCUSDT", Side.LONG, D(60_000), 5)], NOON)
    assert refused(outcome).code is RefusalCode.INSUFFICIENT_MARGIN
    assert outcome.account == before
    outcome = apply(holder(holding(), available="500"), market(), [OpenOrder("BTCUSDT", Side.LONG, D(1_000), 5)], NOON)
    assert refused(outcome).code is RefusalCode.INSUFFICIENT_MARGIN


def test_an_entry_that_would_be_liquidated_at_once_is_refused_with_both_numbers():
    """At 100x, 1% of margin doesn't cover a fill 0.9% above mark."""
    there = market(mark="99108", books=DEEP, rules=FREE)
    said = refused(apply(account(), there, [OpenOrder("BTCUSDT", Side.LONG, D(10_000), 100)], NOON))
    assert (said.code, said.needed, said.available) == (RefusalCode.WOULD_LIQUIDATE, D("45.58968"), D("10.8"))
    assert carried_out(apply(account(), there, [OpenOrder("BTCUSDT", Side.LONG, D(10_000), 50)], NOON))


def test_leverage_within_the_contest_but_above_the_contract_is_refused():
    there = market(terms=instrument(max_leverage=8))
    assert refused(apply(account(), there, [OpenOrder("BTCUSDT", Side.LONG, D(1_000), 9)], NOON)).code is RefusalCode.LEVERAGE_ABOVE_CAP
    assert refused(apply(holder(holding()), there, [LeverageOrder("BTCUSDT", 9)], NOON)).code is RefusalCode.LEVERAGE_ABOVE_CAP


def test_a_size_that_rounding_keeps_above_the_balance_is_refused_after_a_few_steps():
    """A lot worth a hundredth of the smallest cash step: margin and fee round up past the balance, a lot less changes nothing."""
    fine = instrument(tick=D("1e-10"), lot=D("1e-10"), min_quantity=D("1e-10"), min_notional=D(0))
    there = market(mark="1", terms=fine, books={"BTCUSDT": book(bid="1", ask="1", size="1000", levels=1)})
    before = account("0.00001006")
    said = refused(apply(before, there, [OpenOrder("BTCUSDT", Side.LONG, None, 1, fraction=D(1))], NOON))
    assert said.code is RefusalCode.ROUNDS_TO_ZERO


@pytest.mark.parametrize(("side", "touch", "past"), [(Side.LONG, "99999.9", "99949.9"), (Side.SHORT, "100000", "100050")])
def test_a_flip_beyond_the_depth_goes_on_past_the_last_level_of_its_side(side, touch, past):
    before = holder(holding(side=side))
    outcome = carried_out(
        apply(before, market(books={"BTCUSDT": book(size="0.15", levels=1)}), [FlipOrder("BTCUSDT", D(10_000), 10)], NOON)
    )
    closed, opened = outcome.facts
    assert [(part.price, part.quantity) for part in closed.parts] == [(D(touch), D("0.1"))]
    assert [part.price for part in opened.parts] == [D(touch), D(past)]
    assert (closed.beyond_depth, opened.beyond_depth) == (True, True)


def test_the_smallest_notional_of_a_flip_is_judged_at_the_touch():
    """0.01 at the best bid of 100 000 is the 1 000 the contract asks for; a level deeper it would be 999.999."""
    there = market(books={"BTCUSDT": book(bid="100000", ask="100000.1")}, terms=instrument(min_notional=D(1_000)))
    carried_out(apply(holder(holding()), there, [FlipOrder("BTCUSDT", D(1_000), 10)], NOON))


def test_in_isolated_margin_the_loss_of_a_position_does_not_bind_the_free_balance():
    """BTC has lost 500; all 100.6 that are free may be spent on more of it, by notional, by fraction, or moved to its margin."""
    before = holder(holding("0.1", "105000", margin="1050"), available="100.6")
    for order in (OpenOrder("BTCUSDT", Side.LONG, D(1_000), 10), OpenOrder("BTCUSDT", Side.LONG, None, 10, fraction=D(1))):
        outcome = carried_out(apply(before, market(), [order], NOON))
        assert (outcome.facts[0].quantity, outcome.account.available) == (D("0.01"), D(0))
    assert carried_out(apply(before, market(), [MarginOrder("BTCUSDT", D("100.6"))], NOON)).account.available == 0


def test_a_size_by_fraction_is_brought_down_to_what_a_thin_touch_leaves_behind():
    """A little at 100 000, the rest at 100 050: what fits is found in two steps, a tick's worth below the most there is room for."""
    levels = (Level(D(100_000), D("0.0001")), Level(D(100_050), D(100)))
    for lot, quantity, left in (("0.0001", "0.0998", 11), ("0.00000001", "0.09989004", D("0.02"))):
        there = market(books={"BTCUSDT": Book("BTCUSDT", NOON, levels, levels)}, terms=instrument(lot=D(lot)))
        outcome = carried_out(apply(account(), there, [OpenOrder("BTCUSDT", Side.LONG, None, 1, fraction=D(1))], NOON))
        assert outcome.facts[0].quantity == D(quantity)
        assert 0 <= outcome.account.available < left


def test_a_flip_in_cross_margin_that_is_refused_tells_the_free_balance_it_would_have_left():
    """Of 2 000, 400 of them with ETH, BTC loses 3 058.2 at 97 000. A gain of ETH stands for that, what it does not cover is insured."""
    cross = Rules(margin_mode=MarginMode.CROSS)
    before = holder(holding("1", margin="1000"), holding("1", "4000", symbol="ETHUSDT", margin="400"), available="600")
    there = market(mark="97000", books={"BTCUSDT": book(bid="97000", ask="97000.1", size="50")}, rules=cross)
    for eth, free in ((5_500, "-1458.2"), (4_500, "-900"), (3_800, "-400")):
        both = replace(there, instruments={**there.instruments, "ETHUSDT": instrument("ETHUSDT")}, marks={**there.marks, "ETHUSDT": D(eth)})
        said = refused(apply(before, both, [FlipOrder("BTCUSDT", D(970), 10)], NOON))
        assert (said.code, said.available) == (RefusalCode.INSUFFICIENT_MARGIN, D(free)), eth


def test_a_part_below_the_smallest_quantity_is_not_closed_but_the_whole_is():
    coarse = market(terms=instrument(min_quantity=D("0.2")))
    before = holder(holding("0.1", "100000", margin="1000"))
    said = refused(apply(before, coarse, [CloseOrder("BTCUSDT", D("0.5"))], NOON))
    assert (said.code, said.needed, said.available) == (RefusalCode.QUANTITY_TOO_SMALL, D("0.2"), D("0.05"))
    assert carried_out(apply(before, coarse, [CloseOrder("BTCUSDT")], NOON)).account.positions == {}


def test_after_the_depth_is_used_up_the_next_order_is_filled_beyond_it_too():
    before = holder(holding("1", "100000", margin="10000"))
    thin = market(books={"BTCUSDT": book(size="0.1", levels=3)})
    first, second = carried_out(apply(before, thin, [CloseOrder("BTCUSDT", D("0.5")), CloseOrder("BTCUSDT")], NOON)).facts
    assert (first.beyond_depth, second.beyond_depth) == (True, True)
    assert second.price == first.parts[-1].price
