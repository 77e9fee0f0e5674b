"""What a contestant is told, word for word, with the numbers that matter: its next answer depends on it."""

from dataclasses import replace

import pytest

from app.engine.exchange import apply
from app.engine.facts import OrderRefused
from app.engine.instruments import LeverageTier
from app.engine.orders import CloseOrder, FlipOrder, LeverageOrder, MarginOrder, OpenOrder, RefusalCode, Refused, StopsOrder
from app.engine.placing import Market
from app.engine.rules import MarginMode, Rules
from app.engine.trades import Side
from tests.engine.markets import NOON, D, account, book, holder, holding, instrument, market

BTC, LONG, SHORT = "BTCUSDT", Side.LONG, Side.SHORT
LARGE = Rules(max_leverage=125)
CROSS = Rules(margin_mode=MarginMode.CROSS)
LARGEST = D(10) ** 15


def buy(notional="1000", leverage=10, **others):
    return OpenOrder(BTC, LONG, None if notional is None else D(notional), leverage, **others)


def sell(notional="1000", leverage=10, **others):
    return replace(buy(notional, leverage, **others), side=SHORT)


def size(message, needed=None):
    return Refused(RefusalCode.SIZE_INVALID, message, None if needed is None else D(needed))


def told(order, there=None, before=None):
    before = before or account()
    outcome = apply(before, there or market(), [order], NOON)
    assert outcome.account == before, "a refused order changes nothing"
    (fact,) = outcome.facts
    assert isinstance(fact, OrderRefused), fact
    assert fact.order == 0
    return fact.refused


A_NOTIONAL = "notional_usdt must be a number above zero and at most 1000000000000000"
EITHER = "an order needs either a notional or a fraction of the free balance"
A_FRACTION = "a fraction must be above 0 and at most 1"
AN_AMOUNT = "the amount must be a number of USDT, not zero"


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        (buy(notional="-5"), size(A_NOTIONAL, "-5")),
        (buy(notional="0"), size(A_NOTIONAL, "0")),
        (buy(notional="NaN"), size(A_NOTIONAL)),
        (buy(notional="1000000000000001"), size(A_NOTIONAL, "1000000000000001")),
        (buy(notional="1e30"), size(A_NOTIONAL, "1e30")),
        (buy(notional="1e31"), size(A_NOTIONAL)),
        (buy(notional="-1e-30"), size(A_NOTIONAL, "-1e-30")),
        (buy(notional="-1e-31"), size(A_NOTIONAL)),
        (buy(notional=None), size(EITHER)),
        (buy(fraction=D("0.5")), size(EITHER)),
        (buy(notional=None, fraction=D("1.01")), size(A_FRACTION, "1.01")),
        (buy(notional=None, fraction=D(0)), size(A_FRACTION, "0")),
        (buy(notional=None, fraction=D("Infinity")), size(A_FRACTION)),
    ],
)
def test_a_size_that_is_none(order, refused):
    assert told(order) == refused


def test_a_notional_below_a_dollar_is_a_size_and_fails_only_for_the_lot():
    assert told(buy("0.5")).code is RefusalCode.ROUNDS_TO_ZERO


def test_the_largest_amounts_there_are_fail_for_what_they_would_cost_and_not_for_their_size():
    assert told(buy(notional=str(LARGEST))).code is RefusalCode.QUANTITY_TOO_LARGE
    assert told(MarginOrder(BTC, LARGEST), before=holder(holding())).code is RefusalCode.INSUFFICIENT_MARGIN
    assert told(StopsOrder(BTC, LARGEST, None), before=holder(holding())).code is RefusalCode.SL_WRONG_SIDE


@pytest.mark.parametrize(
    ("leverage", "rules", "terms", "refused"),
    [
        (0, None, {}, Refused(RefusalCode.LEVERAGE_INVALID, "leverage must be a whole number from 1", D(0), D(1))),
        (21, None, {}, Refused(RefusalCode.LEVERAGE_ABOVE_CAP, "this contest allows at most 20x", D(21), D(20))),
        (10**31, None, {}, Refused(RefusalCode.LEVERAGE_ABOVE_CAP, "this contest allows at most 20x", None, D(20))),
        (76, LARGE, {"max_leverage": 75}, Refused(RefusalCode.LEVERAGE_ABOVE_CAP, "BTCUSDT allows at most 75x", D(76), D(75))),
    ],
)
def test_a_leverage_that_is_none_or_that_contest_or_contract_do_not_allow(leverage, rules, terms, refused):
    there = market(rules=rules, terms=instrument(**terms))
    assert told(buy(leverage=leverage), there) == refused
    if not terms:
        assert told(LeverageOrder(BTC, leverage), there, holder(holding())) == refused


def test_the_highest_leverage_of_contract_and_tier_is_allowed():
    capped = market(terms=instrument(max_leverage=10))
    assert apply(account(), capped, [buy()], NOON).account.positions[BTC].leverage == 10
    large = market(rules=LARGE, books={BTC: book(bid="100000")})
    assert apply(account(), large, [buy("160000", 100)], NOON).account.positions[BTC].leverage == 100


def test_a_leverage_that_is_set_already():
    refused = Refused(RefusalCode.LEVERAGE_UNCHANGED, "BTCUSDT is held at 10x already", D(10), D(10))
    assert told(LeverageOrder(BTC, 10), before=holder(holding())) == refused


def test_a_leverage_that_the_tier_does_not_allow():
    message = "a position of 160000.00 USDT in BTCUSDT allows at most 100x"
    refused = Refused(RefusalCode.ABOVE_TIER_MAX_LEVERAGE, message, D(101), D(100))
    assert told(buy("160000", 101), market(rules=LARGE)) == refused


def test_the_tier_of_an_add_is_that_of_the_whole_position():
    """100 000 are held at 110x; 60 000 more come to 160 000 and a tier that allows 100x."""
    before = holder(holding("1", leverage=110, margin="1000"))
    refused = told(buy("60000", 110), market(rules=LARGE), before)
    assert refused == Refused(
        RefusalCode.ABOVE_TIER_MAX_LEVERAGE, "a position of 160000.00 USDT in BTCUSDT allows at most 100x", D(110), D(100)
    )
    assert apply(before, market(rules=LARGE), [buy("50000", 110)], NOON).account.positions[BTC].quantity == D("1.5")


@pytest.mark.parametrize(
    ("terms", "refused"),
    [
        ({"lot": D("0.1")}, Refused(RefusalCode.ROUNDS_TO_ZERO, "the notional is below one lot of 0.1 BTCUSDT", D("0.1"))),
        (
            {"min_quantity": D("0.0101")},
            Refused(RefusalCode.QUANTITY_TOO_SMALL, "below the contract's smallest quantity", D("0.0101"), D("0.0100")),
        ),
        (
            {"min_notional": D("1000.01")},
            Refused(RefusalCode.BELOW_MIN_NOTIONAL, "below the contract's smallest notional, USDT", D("1000.01"), D(1000)),
        ),
        (
            {"max_market_quantity": D("0.0099")},
            Refused(RefusalCode.QUANTITY_TOO_LARGE, "above the contract's largest market order: do it in parts", D("0.01"), D("0.0099")),
        ),
    ],
)
def test_a_size_that_the_contract_does_not_take(terms, refused):
    assert told(buy(), market(terms=instrument(**terms))) == refused


def test_a_size_just_at_the_contracts_limits_is_taken():
    limits = instrument(min_quantity=D("0.01"), max_market_quantity=D("0.01"), min_notional=D(1_000))
    assert apply(account(), market(terms=limits), [buy()], NOON).account.positions[BTC].quantity == D("0.01")


def test_a_flip_is_limited_by_the_sum_of_what_it_closes_and_opens():
    """0.1 to close and 0.0100 to open: 0.11 at once."""
    tight = market(terms=instrument(max_market_quantity=D("0.1099")))
    refused = told(FlipOrder(BTC, D(1_000), 10), tight, holder(holding()))
    assert (refused.code, refused.needed, refused.available) == (RefusalCode.QUANTITY_TOO_LARGE, D("0.1100"), D("0.1099"))
    enough = market(terms=instrument(max_market_quantity=D("0.11")))
    assert apply(holder(holding()), enough, [FlipOrder(BTC, D(1_000), 10)], NOON).account.positions[BTC].side is SHORT


NO_LEVEL = Refused(RefusalCode.STOP_INVALID, "stop_loss and take_profit must be numbers of at most 1000000000000000")


def stop_loss(side, where, level, mark="100000"):
    return Refused(RefusalCode.SL_WRONG_SIDE, f"the stop loss of a {side} must lie {where} mark", D(level), D(mark))


def take_profit(side, where, level, mark="100000"):
    return Refused(RefusalCode.TP_WRONG_SIDE, f"the take profit of a {side} must lie {where} mark", D(level), D(mark))


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        (buy(stop_loss=D("NaN")), NO_LEVEL),
        (buy(take_profit=D("1000000000000000.1")), NO_LEVEL),
        (buy(stop_loss=D("-1e16")), NO_LEVEL),
        (buy(stop_loss=D(100_000)), stop_loss("long", "below", "100000.0")),
        (buy(stop_loss=D("0.04")), stop_loss("long", "below", "0.0")),
        (sell(stop_loss=D(100_000)), stop_loss("short", "above", "100000.0")),
        (buy(take_profit=D(100_000)), take_profit("long", "above", "100000.0")),
        (sell(take_profit=D(100_000)), take_profit("short", "below", "100000.0")),
        (sell(take_profit=D(0)), take_profit("short", "below", "0.0")),
        (sell(take_profit=D("-0.1")), take_profit("short", "below", "-0.1")),
    ],
)
def test_exit_levels_that_are_none_or_on_the_wrong_side_of_mark(order, refused):
    assert told(order) == refused


def test_exit_levels_a_tick_from_mark_or_from_zero_are_set():
    for order in (buy(stop_loss=D("99999.9"), take_profit=D("100000.1")), sell(stop_loss=D("100000.1"), take_profit=D("99999.9"))):
        held = apply(account(), market(), [order], NOON).account.positions[BTC]
        assert (held.stop_loss, held.take_profit) == (order.stop_loss, order.take_profit)
    assert apply(account(), market(), [buy(stop_loss=D("0.1"))], NOON).account.positions[BTC].stop_loss == D("0.1")
    assert apply(account(), market(), [sell(take_profit=D("0.1"))], NOON).account.positions[BTC].take_profit == D("0.1")


def test_more_margin_and_fee_than_there_is_free():
    message = "the margin takes the free balance and leaves nothing for the fee, USDT"
    for free in ("100.59999999", "100"):
        assert told(buy(), before=account(free)) == Refused(RefusalCode.NO_ROOM_FOR_FEE, message, D("100.6"), D(free))
    refused = Refused(RefusalCode.INSUFFICIENT_MARGIN, "margin and fee are more than the free balance, USDT", D("100.6"), D("99.99999999"))
    assert told(buy(), before=account("99.99999999")) == refused
    assert apply(account("100.6"), market(), [buy()], NOON).account.available == 0


def test_a_fill_too_far_from_mark():
    refused = told(buy(), market(mark="98000"))
    assert (refused.code, refused.message) == (RefusalCode.PRICE_BAND, "the fill at 100000.0 would be too far from mark 98000")
    assert (round(refused.needed, 10), refused.available) == (D("0.0204081633"), D("0.02"))
    narrow = market(mark="98000", terms=instrument(price_band=D("0.01")))
    assert told(buy(), narrow).available == D("0.01")


def test_a_fill_just_at_the_band_is_made():
    at_102 = {BTC: book(bid="101999.9", ask="102000")}
    assert apply(account(), market(books=at_102), [buy()], NOON).account.positions[BTC].entry_price == 102_000
    assert told(buy(), market(books={BTC: book(bid="101999.9", ask="102000.1")})).code is RefusalCode.PRICE_BAND


def test_a_position_that_would_be_liquidated_at_once():
    there = market(mark="99108", books={BTC: book(size="100")}, rules=LARGE)
    message = "the position in BTCUSDT would be liquidated at once, USDT"
    assert told(buy("10000", 100), there) == Refused(RefusalCode.WOULD_LIQUIDATE, message, D("45.58968"), D("10.8"))


def test_a_position_that_just_meets_its_maintenance_margin_would_be_liquidated_and_one_a_hair_above_it_not():
    """5% of maintenance, no fee: 500 of 10 000, just what 20x leaves."""
    terms = instrument(taker_fee_rate=D(0), tiers=(LeverageTier(1, D(0), D(1_000_000), 125, D("0.05")),))
    refused = told(LeverageOrder(BTC, 20), market(terms=terms), holder(holding()))
    assert (refused.code, refused.needed, refused.available) == (RefusalCode.WOULD_LIQUIDATE, D(500), D(500))
    above = market(mark="100000.1", terms=terms)
    assert apply(holder(holding()), above, [LeverageOrder(BTC, 20)], NOON).account.positions[BTC].leverage == 20


@pytest.mark.parametrize(
    ("order", "doing"),
    [
        (CloseOrder(BTC), ""),
        (FlipOrder(BTC, D(1_000), 5), " to flip"),
        (StopsOrder(BTC, None, None), " to set stops on"),
        (LeverageOrder(BTC, 5), " to change the leverage of"),
        (MarginOrder(BTC, D(5)), " to move margin of"),
    ],
)
def test_a_position_that_is_not_there(order, doing):
    assert told(order) == Refused(RefusalCode.CLOSE_NOTHING, f"no open position in BTCUSDT{doing}")


@pytest.mark.parametrize(
    ("order", "there", "code", "message"),
    [
        (
            buy(),
            market(rules=Rules(entries_open=False)),
            RefusalCode.CLOSE_ONLY,
            "the operator has stopped new entries; positions can be reduced and closed",
        ),
        (
            FlipOrder(BTC, D(1_000), 5),
            market(rules=Rules(entries_open=False)),
            RefusalCode.CLOSE_ONLY,
            "the operator has stopped new entries; positions can be reduced and closed",
        ),
        (sell(), market(), RefusalCode.OPPOSITE_WITHOUT_CLOSE, "BTCUSDT is held long: close it first"),
        (buy(), market(books={}), RefusalCode.NO_DEPTH, "no order book for BTCUSDT at the moment of the fill"),
        (
            MarginOrder(BTC, D(5)),
            market(rules=CROSS),
            RefusalCode.MARGIN_SHARED,
            "in cross margin the whole balance stands behind every position: there is nothing to move",
        ),
        (
            CloseOrder(BTC),
            market(unusable={BTC: "its price is 95 s old"}),
            RefusalCode.SYMBOL_UNUSABLE,
            "BTCUSDT can't be traded in this cycle: its price is 95 s old",
        ),
        (
            CloseOrder(BTC),
            Market(market().instruments, {}, market().books),
            RefusalCode.SYMBOL_UNUSABLE,
            "BTCUSDT can't be traded in this cycle: it has no mark price",
        ),
        (CloseOrder("DOGUSDT"), market(), RefusalCode.UNKNOWN_SYMBOL, "DOGUSDT is not traded here; symbols: BTCUSDT"),
    ],
)
def test_what_stands_against_an_order_without_numbers(order, there, code, message):
    assert told(order, there, holder(holding())) == Refused(code, message)


def test_the_symbols_there_are_and_those_that_lack_a_price_are_listed():
    eth = instrument("ETHUSDT")
    both = replace(market(rules=CROSS), instruments={BTC: instrument(), "ETHUSDT": eth, "SOLUSDT": instrument("SOLUSDT")})
    assert told(CloseOrder("DOGUSDT"), both).message == "DOGUSDT is not traded here; symbols: BTCUSDT, ETHUSDT, SOLUSDT"
    before = holder(holding("1", "4000", symbol="ETHUSDT"), holding("1", "100", symbol="SOLUSDT"))
    message = "cross margin can't be judged: no sound price for ETHUSDT, SOLUSDT"
    assert told(buy(), both, before) == Refused(RefusalCode.SYMBOL_UNUSABLE, message)


@pytest.mark.parametrize(
    ("amount", "refused"),
    [
        ("0", size(AN_AMOUNT, "0")),
        ("0.000000005", size(AN_AMOUNT, "0.000000005")),
        ("NaN", size(AN_AMOUNT)),
        ("-1000000000000001", size(AN_AMOUNT, "-1000000000000001")),
        ("-0.01", Refused(RefusalCode.MARGIN_BELOW_INITIAL, "at 10x the margin can't go lower, USDT", D(1_000), D("999.99"))),
        (
            "10000.01",
            Refused(RefusalCode.INSUFFICIENT_MARGIN, "margin and fee are more than the free balance, USDT", D("10000.01"), D(10_000)),
        ),
    ],
)
def test_margin_that_can_not_be_moved(amount, refused):
    assert told(MarginOrder(BTC, D(amount)), before=holder(holding())) == refused


def test_all_the_free_balance_can_be_moved_to_a_margin():
    assert apply(holder(holding()), market(), [MarginOrder(BTC, D(10_000))], NOON).account.available == 0


def test_part_of_a_position_that_is_below_a_lot():
    message = "that part is below one lot of 0.0001"
    refused = Refused(RefusalCode.ROUNDS_TO_ZERO, message, D("0.00005"), D("0.0001"))
    assert told(CloseOrder(BTC, D("0.0005")), before=holder(holding())) == refused
