"""The exchange's verdict on single orders, with numbers worked out by hand."""

from decimal import Decimal, getcontext

import pytest

from app.engine.books import Level
from app.engine.exchange import apply
from app.engine.facts import Filled, OrderRefused, StopsSet
from app.engine.ledger import LedgerAccount
from app.engine.orders import CloseOrder, OpenOrder, RefusalCode, StopsOrder
from app.engine.rules import Rules
from app.engine.trades import Purpose, Side
from tests.engine.markets import NOON, D, account, book, instrument, market

OPEN = OpenOrder("BTCUSDT", Side.LONG, D(1000), 10)


def opened(**changes):
    order = OpenOrder(**{"symbol": "BTCUSDT", "side": Side.LONG, "notional": D(1000), "leverage": 10, **changes})
    return apply(account(), market(), [order], NOON)


def refusal(outcome):
    (fact,) = outcome.facts
    assert isinstance(fact, OrderRefused), fact
    return fact.refused


def test_a_long_pays_margin_and_fee_from_the_free_balance():
    outcome = opened()
    held = outcome.account.positions["BTCUSDT"]
    assert (held.quantity, held.entry_price, held.margin) == (D("0.01"), D(100_000), D(100))
    assert outcome.account.available == D(10_000) - 100 - D("0.6")
    assert outcome.account.wallet == D(10_000) - D("0.6")


def test_every_posting_sums_to_zero_and_names_the_fee():
    (fill,) = opened().facts
    assert sum(entry.amount for entry in fill.posting.entries) == 0
    assert fill.posting.total(LedgerAccount.FEES) == D("0.6")


def test_the_notional_is_rounded_down_to_the_lot():
    held = opened(notional=D("1019.99")).account.positions["BTCUSDT"]
    assert held.quantity == D("0.0101")


def test_an_order_larger_than_the_best_level_pays_the_next_levels():
    """BOOK-01 of the reference: 1.0 through .3 @ 100000, .5 @ 100000.5, .2 @ 100002."""
    asks = (Level(D(100_000), D("0.3")), Level(D("100000.5"), D("0.5")), Level(D(100_002), D(1)))
    thin = {"BTCUSDT": book().__class__("BTCUSDT", NOON, (Level(D(99_999), D(1)),), asks)}
    outcome = apply(account("100000"), market(books=thin), [OpenOrder("BTCUSDT", Side.LONG, D(100_000), 10)], NOON)
    (fill,) = outcome.facts
    assert fill.price == D("100000.65")
    assert not fill.beyond_depth


def test_what_depth_lacks_is_filled_five_basis_points_beyond_and_flagged():
    thin = {"BTCUSDT": book(size="0.005", levels=1)}
    (fill,) = apply(account(), market(books=thin), [OPEN], NOON).facts
    assert fill.beyond_depth
    assert [(part.price, part.quantity) for part in fill.parts] == [(D(100_000), D("0.005")), (D(100_050), D("0.005"))]


def test_a_second_order_of_the_same_account_finds_the_levels_it_took_gone():
    shallow = {"BTCUSDT": book(size="0.01")}
    first, second = apply(account(), market(books=shallow), [OPEN, OPEN], NOON).facts
    assert (first.price, second.price) == (D(100_000), D("100000.1"))


def test_adding_averages_the_entry_and_stays_one_trade():
    once = opened()
    dearer = market(mark="110000", books={"BTCUSDT": book(bid="109999.9", ask="110000")})
    twice = apply(once.account, dearer, [OpenOrder("BTCUSDT", Side.LONG, D(1100), 10)], NOON)
    held = twice.account.positions["BTCUSDT"]
    assert (held.quantity, held.entry_price, held.trade.number) == (D("0.02"), D(105_000), 1)
    assert twice.facts[0].purpose is Purpose.ADD


def test_a_full_close_releases_the_margin_and_books_profit_less_fee():
    higher = market(mark="110000", books={"BTCUSDT": book(bid="110000", ask="110000.1")})
    outcome = apply(opened().account, higher, [CloseOrder("BTCUSDT")], NOON)
    (fill,) = outcome.facts
    assert outcome.account.positions == {}
    assert (fill.realised_pnl, fill.fee) == (D(100), D("0.66"))
    assert outcome.account.available == D(10_000) - D("0.6") + 100 - D("0.66")
    assert (fill.trade.net_pnl, fill.trade.exit_reason, fill.trade.closed_at) == (D(100) - D("1.26"), Purpose.CLOSE, NOON)


def test_an_account_stays_whose_it_was_when_its_last_position_is_gone():
    closed = apply(opened().account, market(), [CloseOrder("BTCUSDT")], NOON).account
    assert (closed.contestant, closed.positions, closed.trades_opened, closed.dues) == ("qwen3", {}, 1, ())


def test_a_partial_close_releases_margin_in_proportion_and_keeps_the_entry():
    outcome = apply(opened().account, market(), [CloseOrder("BTCUSDT", D("0.25"))], NOON)
    held = outcome.account.positions["BTCUSDT"]
    assert (held.quantity, held.margin, held.entry_price) == (D("0.0075"), D(75), D(100_000))
    assert outcome.facts[0].purpose is Purpose.REDUCE


def test_after_three_adds_a_full_close_leaves_nothing():
    current = account()
    for notional in (D(10_000), D(10_000), D(70_000)):
        current = apply(current, market(rules=Rules(max_leverage=50)), [OpenOrder("BTCUSDT", Side.LONG, notional, 20)], NOON).account
    assert current.positions["BTCUSDT"].quantity == D("0.9")
    assert apply(current, market(), [CloseOrder("BTCUSDT")], NOON).account.positions == {}


def test_a_close_is_carried_out_before_an_open_listed_above_it():
    short = OpenOrder("BTCUSDT", Side.SHORT, D(1000), 5)
    outcome = apply(opened().account, market(), [short, CloseOrder("BTCUSDT")], NOON)
    assert [fact.purpose for fact in outcome.facts] == [Purpose.CLOSE, Purpose.OPEN]
    assert outcome.account.positions["BTCUSDT"].side is Side.SHORT
    assert outcome.account.positions["BTCUSDT"].trade.number == 2


def test_a_close_is_carried_out_before_stops_and_those_before_an_open_as_each_are_listed():
    orders = [OPEN, StopsOrder("BTCUSDT", D(90_000), None), CloseOrder("BTCUSDT", D("0.5")), OPEN, StopsOrder("BTCUSDT", D(91_000), None)]
    facts = apply(opened().account, market(), orders, NOON).facts
    assert [fact.order for fact in facts] == [2, 1, 4, 0, 3]


def test_an_add_with_another_leverage_takes_its_levels_from_the_book_too():
    shallow = market(books={"BTCUSDT": book(size="0.01")})
    facts = apply(
        opened().account, shallow, [OpenOrder("BTCUSDT", Side.LONG, D(1000), 5), OpenOrder("BTCUSDT", Side.LONG, D(1000), 5)], NOON
    ).facts
    assert [fact.price for fact in facts if isinstance(fact, Filled)] == [D(100_000), D("100000.1")]


def test_one_bad_order_leaves_the_good_ones_standing():
    bad = OpenOrder("DOGUSDT", Side.LONG, D(10), 1)
    outcome = apply(account(), market(), [bad, OPEN], NOON)
    assert isinstance(outcome.facts[0], OrderRefused)
    assert isinstance(outcome.facts[1], Filled)


def test_stops_are_replaced_and_rounded_to_the_tick():
    outcome = apply(opened(stop_loss=D(95_000)).account, market(), [StopsOrder("BTCUSDT", None, D("110000.07"))], NOON)
    (fact,) = outcome.facts
    assert isinstance(fact, StopsSet)
    assert (fact.before, fact.after) == ((D("95000.0"), None), (None, D("110000.1")))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "DOGUSDT"}, RefusalCode.UNKNOWN_SYMBOL),
        ({"notional": D("NaN")}, RefusalCode.SIZE_INVALID),
        ({"notional": D("Infinity")}, RefusalCode.SIZE_INVALID),
        ({"notional": D(-5)}, RefusalCode.SIZE_INVALID),
        ({"notional": D(0)}, RefusalCode.SIZE_INVALID),
        ({"notional": D(8)}, RefusalCode.ROUNDS_TO_ZERO),
        ({"leverage": 0}, RefusalCode.LEVERAGE_INVALID),
        ({"leverage": -3}, RefusalCode.LEVERAGE_INVALID),
        ({"leverage": 21}, RefusalCode.LEVERAGE_ABOVE_CAP),
        ({"notional": D(200_000), "leverage": 20}, RefusalCode.NO_ROOM_FOR_FEE),
        ({"notional": D(200_010), "leverage": 20}, RefusalCode.INSUFFICIENT_MARGIN),
        ({"notional": D(30_000_000)}, RefusalCode.QUANTITY_TOO_LARGE),
        ({"stop_loss": D(100_000)}, RefusalCode.SL_WRONG_SIDE),
        ({"stop_loss": D(0)}, RefusalCode.SL_WRONG_SIDE),
        ({"take_profit": D(99_000)}, RefusalCode.TP_WRONG_SIDE),
        ({"stop_loss": D("NaN")}, RefusalCode.STOP_INVALID),
        ({"side": Side.SHORT, "stop_loss": D(99_000)}, RefusalCode.SL_WRONG_SIDE),
        ({"side": Side.SHORT, "take_profit": D(101_000)}, RefusalCode.TP_WRONG_SIDE),
    ],
)
def test_an_unfit_open_is_refused_by_name_and_the_books_stay_untouched(changes, code):
    outcome = opened(**changes)
    assert refusal(outcome).code is code
    assert outcome.account == account()


def test_a_refusal_for_margin_tells_what_was_needed_and_what_there_was():
    said = refusal(opened(notional=D(100_000)))
    assert (said.needed, said.available) == (D(10_060), D(10_000))


def test_margin_without_room_for_the_fee_is_refused():
    assert refusal(opened(notional=D(100_000), leverage=10)).code is RefusalCode.NO_ROOM_FOR_FEE
    assert refusal(opened(notional=D(100_010), leverage=10)).code is RefusalCode.INSUFFICIENT_MARGIN


def test_a_leverage_above_the_tier_of_that_size_is_refused():
    outcome = apply(account("1000000"), market(rules=Rules(max_leverage=125)), [OpenOrder("BTCUSDT", Side.LONG, D(160_000), 110)], NOON)
    said = refusal(outcome)
    assert (said.code, said.available) == (RefusalCode.ABOVE_TIER_MAX_LEVERAGE, D(100))


def test_a_symbol_without_a_sound_price_is_traded_by_nobody():
    held = opened().account
    stale = market(unusable={"BTCUSDT": "its price is 95 s old"})
    for order in (OPEN, CloseOrder("BTCUSDT"), StopsOrder("BTCUSDT", D(1), None)):
        outcome = apply(held, stale, [order], NOON)
        assert refusal(outcome).code is RefusalCode.SYMBOL_UNUSABLE
        assert "95 s old" in refusal(outcome).message
        assert outcome.account == held


def test_a_missing_book_refuses_the_order():
    assert refusal(apply(account(), market(books={}), [OPEN], NOON)).code is RefusalCode.NO_DEPTH
    assert refusal(apply(opened().account, market(books={}), [CloseOrder("BTCUSDT")], NOON)).code is RefusalCode.NO_DEPTH


def test_a_fill_far_from_mark_is_refused():
    assert refusal(apply(account(), market(mark="97000"), [OPEN], NOON)).code is RefusalCode.PRICE_BAND


def test_opening_against_a_position_is_refused_by_name():
    held = opened().account
    against = apply(held, market(), [OpenOrder("BTCUSDT", Side.SHORT, D(1000), 10)], NOON)
    assert refusal(against).code is RefusalCode.OPPOSITE_WITHOUT_CLOSE
    assert against.account == held


@pytest.mark.parametrize("fraction", ["0", "-1", "1.01", "NaN"])
def test_a_close_fraction_outside_zero_to_one_is_refused(fraction):
    assert refusal(apply(opened().account, market(), [CloseOrder("BTCUSDT", D(fraction))], NOON)).code is RefusalCode.SIZE_INVALID


def test_closing_what_is_not_held_is_refused():
    assert refusal(apply(account(), market(), [CloseOrder("BTCUSDT")], NOON)).code is RefusalCode.CLOSE_NOTHING
    assert refusal(apply(account(), market(), [StopsOrder("BTCUSDT", None, None)], NOON)).code is RefusalCode.CLOSE_NOTHING


def test_entries_stopped_by_the_operator_still_allow_closing():
    held = opened().account
    shut = market(rules=Rules(entries_open=False))
    assert refusal(apply(held, shut, [OPEN], NOON)).code is RefusalCode.CLOSE_ONLY
    assert apply(held, shut, [CloseOrder("BTCUSDT")], NOON).account.positions == {}


def test_the_contracts_smallest_quantity_and_notional_are_kept():
    coarse = market(terms=instrument(min_quantity=D("0.02")))
    dear = market(terms=instrument(min_notional=D(2000)))
    assert refusal(apply(account(), coarse, [OPEN], NOON)).code is RefusalCode.QUANTITY_TOO_SMALL
    assert refusal(apply(account(), dear, [OPEN], NOON)).code is RefusalCode.BELOW_MIN_NOTIONAL


def test_a_loss_beyond_the_margin_is_taken_by_the_insurance_account():
    crash = market(mark="80000", books={"BTCUSDT": book(bid="80000", ask="80000.1")})
    outcome = apply(opened().account, crash, [CloseOrder("BTCUSDT")], NOON)
    (fill,) = outcome.facts
    assert fill.insured == D(100) + D("0.48")
    assert outcome.account.available == D(10_000) - 100 - D("0.6")


def test_the_largest_size_that_fits_is_filled_and_one_lot_more_is_refused():
    """SIZE-01 of the reference: 10 000 free, 10x, 0.06 %, lot 1e-4 gives 0.994."""
    assert opened(notional=D(99_400)).account.positions["BTCUSDT"].quantity == D("0.994")
    assert refusal(opened(notional=D(99_410))).code is RefusalCode.NO_ROOM_FOR_FEE


def test_the_callers_decimal_context_neither_matters_nor_changes():
    before = getcontext().prec
    try:
        getcontext().prec = 6
        coarse = opened(notional=D("1234.56"))
        assert getcontext().prec == 6
    finally:
        getcontext().prec = before
    assert coarse == opened(notional=D("1234.56"))


def test_numbers_are_decimals_all_the_way():
    (fill,) = opened().facts
    assert all(type(value) is Decimal for value in (fill.price, fill.quantity, fill.fee, fill.trade.net_pnl))
