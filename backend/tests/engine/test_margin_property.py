"""Margin arithmetic against its definition: closed forms against bisection, over random tiers, sides, sizes and books."""

from dataclasses import replace
from decimal import localcontext

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.engine.books import Level, walk, without
from app.engine.exchange import apply
from app.engine.facts import Filled
from app.engine.instruments import LeverageTier
from app.engine.margin import (
    bankruptcy_price,
    cross_collateral,
    initial_margin,
    liquidation_price,
    maintenance_margin,
    shown_liquidation_price,
)
from app.engine.money import CONTEXT, ZERO, to_cash
from app.engine.orders import OpenOrder
from app.engine.trades import Side
from tests.engine.markets import NOON, D, account, book, holder, holding, instrument, market

MANY = settings(max_examples=100, deadline=None)
CLOSE = D("1e-18")
HALVINGS = 110

sides = st.sampled_from(Side)
quantities = st.decimals("0.0001", "500", places=4)
prices = st.decimals("0.5", "120000", places=1)
leverages = st.integers(1, 125)
rates = st.decimals("0.001", "0.2", places=4)


@st.composite
def contracts(draw):
    """One to six tiers, each wider and dearer than the one before."""
    bounds = sorted(draw(st.sets(st.integers(1, 50_000_000), min_size=1, max_size=6)))
    steps = sorted(draw(st.lists(rates, min_size=len(bounds), max_size=len(bounds))))
    rows = zip([0, *bounds], bounds, steps, strict=False)
    tiers = tuple(LeverageTier(index + 1, D(low), D(high), 125, rate) for index, (low, high, rate) in enumerate(rows))
    return instrument(tiers=tiers, taker_fee_rate=draw(st.sampled_from([D("0.0006"), D("0.0002"), ZERO])))


@st.composite
def positions(draw):
    """A position as it is opened, perhaps with some more margin or after a loss of some."""
    quantity, entry, leverage = draw(quantities), draw(prices), draw(leverages)
    whole = initial_margin(quantity * entry, leverage)
    margin = to_cash(whole * draw(st.decimals("0.5", "3", places=3)))
    return holding(quantity, entry, side=draw(sides), leverage=leverage, margin=margin)


def spare(held, contract, price):
    """What the position has above its maintenance margin at a price, USDT: it is liquidated where this is no longer above zero."""
    return held.margin + held.unrealised_pnl(price) - maintenance_margin(contract, held.notional(price))


def bisected(held, contract):
    """The price at which nothing is spare, found by halving; None when a long has something to spare even at a price of zero."""
    if held.side is Side.LONG and held.margin >= held.quantity * held.entry_price:
        return None
    safe = held.entry_price
    while spare(held, contract, safe) < 0:
        safe = safe * 2 if held.side is Side.LONG else safe / 2
    lost = ZERO if held.side is Side.LONG else safe
    while held.side is Side.SHORT and spare(held, contract, lost) >= 0:
        lost *= 2
    for _ in range(HALVINGS):
        middle = (safe + lost) / 2
        if spare(held, contract, middle) >= 0:
            safe = middle
        else:
            lost = middle
    return (safe + lost) / 2


@MANY
@given(positions(), contracts())
def test_the_closed_form_of_the_liquidation_price_is_what_bisection_finds(held, contract):
    with localcontext(CONTEXT):
        closed_form, searched = liquidation_price(held, contract), bisected(held, contract)
        if searched is None:
            assert closed_form is None
        else:
            assert abs(closed_form - searched) <= CLOSE * searched


@MANY
@given(positions(), contracts())
def test_at_the_liquidation_price_nothing_is_spare_and_a_hair_to_the_worse_something_lacks(held, contract):
    with localcontext(CONTEXT):
        price = liquidation_price(held, contract)
        assume(price is not None)
        assert abs(spare(held, contract, price)) <= CLOSE * held.quantity * (held.entry_price + price)
        worse, better = (price * (1 - held.side.sign * share) for share in (D("1e-9"), D("-1e-9")))
        assert spare(held, contract, worse) < 0 < spare(held, contract, better)


@MANY
@given(positions(), contracts())
def test_the_shown_liquidation_price_is_on_tick_and_met_no_later_than_the_true_one(held, contract):
    price, shown = liquidation_price(held, contract), shown_liquidation_price(held, contract)
    assume(price is not None)
    assert shown % contract.tick == 0
    assert 0 <= held.side.sign * (shown - price) < contract.tick


@MANY
@given(positions(), contracts(), st.decimals("0.01", "5000", places=2))
def test_more_margin_moves_the_liquidation_price_away(held, contract, more):
    with localcontext(CONTEXT):
        before, after = (liquidation_price(one, contract) for one in (held, replace(held, margin=held.margin + more)))
        assume(before is not None)
        assert after is None or held.side.sign * (before - after) > 0
        assert after is not None or held.side is Side.LONG


@MANY
@given(positions(), contracts())
def test_bankruptcy_lies_beyond_liquidation_and_closing_there_costs_exactly_the_margin(held, contract):
    with localcontext(CONTEXT):
        bankrupt = bankruptcy_price(held, contract.taker_fee_rate)
        left = held.margin + held.unrealised_pnl(bankrupt) - held.notional(bankrupt) * contract.taker_fee_rate
        assert abs(left) <= CLOSE * held.quantity * held.entry_price
        liquidated = liquidation_price(held, contract)
        assume(liquidated is not None)
        assert held.side.sign * (liquidated - bankrupt) > 0


@MANY
@given(contracts(), st.decimals("0.01", "90000000", places=2))
def test_maintenance_margin_is_each_part_of_the_notional_at_the_rate_of_its_tier(contract, notional):
    with localcontext(CONTEXT):
        *_, last = contract.tiers
        parts = (
            (min(notional, notional if tier is last else tier.upper) - tier.lower) * tier.maintenance_rate
            for tier in contract.tiers
            if notional > tier.lower
        )
        assert maintenance_margin(contract, notional) == sum(parts, ZERO) + notional * contract.taker_fee_rate


@MANY
@given(contracts())
def test_maintenance_margin_has_no_step_at_the_bounds_of_the_tiers_and_never_falls(contract):
    with localcontext(CONTEXT):
        hair = D("1e-12")
        for tier in contract.tiers:
            below, at, above = (maintenance_margin(contract, tier.upper + shift) for shift in (-hair, ZERO, hair))
            assert below < at < above < below + hair


@MANY
@given(st.lists(st.tuples(sides, quantities, st.decimals("-0.2", "0.2", places=3)), min_size=2, max_size=4), contracts(), prices)
def test_what_backs_one_position_in_cross_margin_leaves_the_same_for_each_of_them(rows, contract, price):
    """Collateral + own PnL - own maintenance is equity less all maintenance, whichever position is asked about."""
    names = [f"C{index}USDT" for index in range(len(rows))]
    held = [holding(row[1], price, side=row[0], margin="5", symbol=name) for name, row in zip(names, rows, strict=True)]
    marks = {name: price * (1 + row[2]) for name, row in zip(names, rows, strict=True)}
    together = holder(*held)
    with localcontext(CONTEXT):
        found = [
            cross_collateral(together, one.symbol, marks, dict.fromkeys(names, contract))
            + one.unrealised_pnl(marks[one.symbol])
            - maintenance_margin(contract, one.notional(marks[one.symbol]))
            for one in held
        ]
        total = sum((maintenance_margin(contract, one.notional(marks[one.symbol])) for one in held), ZERO)
        expected = together.wallet + sum((one.unrealised_pnl(marks[one.symbol]) for one in held), ZERO) - total
        assert all(abs(one - expected) <= CLOSE * (1 + total + abs(expected)) for one in found)


@st.composite
def ladders(draw):
    """(levels best first, whether they are asks): distinct prices on tick."""
    asks = draw(st.booleans())
    rungs = sorted(draw(st.sets(st.integers(500, 1500), min_size=1, max_size=8)), reverse=not asks)
    sizes = draw(st.lists(st.decimals("0.0001", "20", places=4), min_size=len(rungs), max_size=len(rungs)))
    return tuple(Level(D(rung) / 10, size) for rung, size in zip(rungs, sizes, strict=True)), asks


wanted = st.decimals("0.0001", "60", places=4)


@MANY
@given(ladders(), wanted)
def test_a_walk_fills_what_was_asked_for_best_price_first(ladder, quantity):
    levels, buying = ladder
    found = walk(levels, quantity, buying=buying, instrument=instrument())
    assert found.quantity == quantity
    assert found.exhausted == (quantity > sum(level.quantity for level in levels))
    paid = [part.price for part in found.parts]
    assert paid == sorted(set(paid), reverse=not buying)
    assert all(part.quantity <= level.quantity for part, level in zip(found.parts, levels, strict=False))
    assert min(paid) <= found.price.quantize(D("1e-12")) <= max(paid)


@MANY
@given(ladders(), wanted, wanted)
def test_a_larger_order_never_gets_a_better_average(ladder, quantity, more):
    levels, buying = ladder
    small, large = (walk(levels, size, buying=buying, instrument=instrument()) for size in (quantity, quantity + more))
    assert (large.price - small.price) * (1 if buying else -1) >= -CLOSE * small.price


@MANY
@given(ladders(), wanted, wanted)
def test_two_orders_after_each_other_take_what_one_order_would(ladder, first, second):
    levels, buying = ladder
    assume(first + second < sum(level.quantity for level in levels))
    once = walk(levels, first + second, buying=buying, instrument=instrument())
    start = walk(levels, first, buying=buying, instrument=instrument())
    rest = walk(without(levels, start.parts), second, buying=buying, instrument=instrument())
    assert start.cost + rest.cost == once.cost
    assert without(without(levels, start.parts), rest.parts) == without(levels, once.parts)


@MANY
@given(ladders(), wanted)
def test_what_is_left_and_what_was_taken_are_what_was_there(ladder, quantity):
    levels, buying = ladder
    taken = walk(levels, quantity, buying=buying, instrument=instrument()).parts
    left = without(levels, taken)
    together = {level.price: ZERO for level in levels}
    for level in (*left, *taken):
        together[level.price] = together.get(level.price, ZERO) + level.quantity
    assert all(together[level.price] == level.quantity for level in levels)
    assert all(level.quantity > 0 for level in left) or left == (Level(levels[-1].price, ZERO),)


@MANY
@given(
    sides,
    leverages,
    st.decimals("0.001", "1", places=3),
    st.decimals("20", "90000", places=8),
    st.decimals("0.0001", "0.9", places=4),
    st.integers(1, 12),
)
def test_a_size_by_fraction_never_spends_more_than_its_budget_and_leaves_little_of_it(side, leverage, fraction, free, size, count):
    there = market(books={"BTCUSDT": book(size=size, levels=count)}, terms=instrument(min_notional=ZERO))
    there = replace(there, rules=replace(there.rules, max_leverage=125))
    outcome = apply(account(free), there, [OpenOrder("BTCUSDT", side, None, leverage, fraction=fraction)], NOON)
    (fact,) = outcome.facts
    assume(isinstance(fact, Filled))
    spent = free - outcome.account.available
    assert spent <= fraction * free
    share = D(1) / leverage + D("0.0006")
    lot = D("0.0001") * fact.price * share
    slip = fact.quantity * (D("0.1") + abs(fact.price - fact.parts[0].price)) * share
    assert spent > fraction * free - lot - slip - D("0.0000001")
