"""Reducing and closing at market: what is refused, what is left, what it earns."""

import pytest

from app.engine.books import Level
from app.engine.exchange import apply
from app.engine.facts import OrderRefused
from app.engine.orders import CloseOrder, RefusalCode
from app.engine.trades import Purpose, Side
from tests.engine.markets import NOON, D, book, holder, holding, instrument, market


def only(outcome):
    (fact,) = outcome.facts
    return fact


def refused(before, order, there=None):
    outcome = apply(before, there or market(), [order], NOON)
    assert outcome.account == before
    fact = only(outcome)
    assert isinstance(fact, OrderRefused), fact
    return fact.refused


def test_a_close_far_from_mark_is_refused_with_the_distance_and_the_band():
    said = refused(holder(holding()), CloseOrder("BTCUSDT"), market(mark="97000"))
    assert (said.code, said.available) == (RefusalCode.PRICE_BAND, D("0.02"))
    assert round(said.needed, 12) == D("0.030926804124")
    assert "99999.9" in said.message
    assert "97000" in said.message
    assert only(apply(holder(holding()), market(mark="98039.2"), [CloseOrder("BTCUSDT")], NOON)).purpose is Purpose.CLOSE


def test_a_part_below_one_lot_is_refused_with_the_lot():
    said = refused(holder(holding("0.0001")), CloseOrder("BTCUSDT", D("0.5")))
    assert (said.code, said.needed, said.available) == (RefusalCode.ROUNDS_TO_ZERO, D("0.00005"), D("0.0001"))
    assert "0.0001" in said.message


@pytest.mark.parametrize("side", list(Side))
def test_a_long_sells_into_the_bids_and_a_short_buys_from_the_asks(side):
    fact = only(
        apply(holder(holding(side=side)), market(books={"BTCUSDT": book(bid="99990", ask="100010")}), [CloseOrder("BTCUSDT")], NOON)
    )
    assert fact.price == (D(99_990) if side is Side.LONG else D(100_010))
    assert fact.realised_pnl == D(-1)


def test_a_part_that_is_not_whole_lots_is_rounded_down_and_the_rest_stays():
    outcome = apply(holder(holding("0.0015", margin="15")), market(), [CloseOrder("BTCUSDT", D("0.5"))], NOON)
    assert only(outcome).quantity == D("0.0007")
    assert outcome.account.positions["BTCUSDT"].quantity == D("0.0008")


def test_a_whole_close_takes_everything_even_when_it_is_no_multiple_of_todays_lot():
    """The venue made the lot coarser while the position was open."""
    there = market(terms=instrument(lot=D("0.001")))
    outcome = apply(holder(holding("0.0015", margin="15")), there, [CloseOrder("BTCUSDT")], NOON)
    assert (only(outcome).quantity, only(outcome).purpose, outcome.account.positions) == (D("0.0015"), Purpose.CLOSE, {})


def test_the_largest_market_order_is_still_carried_out():
    before = holder(holding("0.06", margin="600"))
    assert only(apply(before, market(terms=instrument(max_market_quantity=D("0.06"))), [CloseOrder("BTCUSDT")], NOON)).quantity == D("0.06")
    said = refused(before, CloseOrder("BTCUSDT"), market(terms=instrument(max_market_quantity=D("0.0599"))))
    assert (said.code, said.needed, said.available) == (RefusalCode.QUANTITY_TOO_LARGE, D("0.06"), D("0.0599"))
    assert only(apply(before, market(terms=instrument(max_market_quantity=None)), [CloseOrder("BTCUSDT")], NOON)).quantity == D("0.06")


def test_a_close_beyond_the_depth_says_so_and_names_its_parts():
    fact = only(apply(holder(holding()), market(books={"BTCUSDT": book(size="0.06", levels=1)}), [CloseOrder("BTCUSDT")], NOON))
    assert fact.beyond_depth
    assert fact.parts == (Level(D("99999.9"), D("0.06")), Level(D("99949.9"), D("0.04")))
    short = holder(holding(side=Side.SHORT))
    fact = only(apply(short, market(books={"BTCUSDT": book(size="0.06", levels=1)}), [CloseOrder("BTCUSDT")], NOON))
    assert fact.parts == (Level(D(100_000), D("0.06")), Level(D(100_050), D("0.04")))


def test_a_reduce_by_notional_is_sized_at_the_touch_it_meets():
    """5 000 USDT at a bid of 99 999.9 is a hair more than 0.05, at an ask of 100 000 exactly that."""
    for side, notional, quantity in ((Side.SHORT, 5_000, "0.0500"), (Side.LONG, 5_000, "0.0500"), (Side.LONG, D("4999.99"), "0.0499")):
        fact = only(apply(holder(holding(side=side)), market(), [CloseOrder("BTCUSDT", notional=D(notional))], NOON))
        assert (fact.quantity, fact.purpose) == (D(quantity), Purpose.REDUCE)


def test_a_notional_counts_before_the_fraction_and_nothing_is_no_size():
    assert only(apply(holder(holding()), market(), [CloseOrder("BTCUSDT", D(1), notional=D(5_000))], NOON)).quantity == D("0.05")
    said = refused(holder(holding()), CloseOrder("BTCUSDT", None))
    assert (said.code, said.needed) == (RefusalCode.SIZE_INVALID, None)
    assert refused(holder(holding()), CloseOrder("BTCUSDT", D("1.01"))).needed == D("1.01")
