"""Walking an order book, by hand: levels, what lies beyond them, and what is left afterwards."""

import pytest

from app.engine.books import Level, Walk, beyond, walk, without
from tests.engine.markets import D, instrument


def levels(*rows):
    return tuple(Level(D(price), D(size)) for price, size in rows)


ASKS = levels((100, 1), (101, 2), (103, 4))
TICK = instrument(tick=D("0.01"))


def walked(quantity, side=ASKS, *, buying=True):
    return walk(side, D(quantity), buying=buying, instrument=TICK)


def test_an_order_that_ends_with_a_level_takes_no_part_of_the_next():
    assert walked(3) == Walk(levels((100, 1), (101, 2)), exhausted=False)
    assert walked("3.5").parts == levels((100, 1), (101, 2), (103, "0.5"))


def test_all_the_depth_there_is_does_not_exhaust_it():
    assert walked(7) == Walk(ASKS, exhausted=False)


def test_what_is_beyond_the_last_level_is_one_more_part():
    assert walked(8) == Walk((*ASKS, *levels(("103.06", 1))), exhausted=True)
    assert walked(8, levels((100, 1), (99, 2)), buying=False).parts[-1] == Level(D("98.95"), D(5))


def test_a_level_without_quantity_is_stepped_over():
    assert walked("1.5", levels((100, 0), (101, 1), (102, 0), (103, 1))).parts == levels((101, 1), (103, "0.5"))
    assert walked(1, levels((100, 0))).parts == levels(("100.05", 1))


def test_quantity_cost_and_average_price_follow_from_the_parts():
    found = walked(4)
    assert (found.quantity, found.cost, found.price) == (D(4), D(100 + 202 + 103), D("101.25"))
    assert found.slippage_bps(D(100)) == found.slippage_bps(D("102.53164556962025316455696203")).quantize(D(1)) == 125


@pytest.mark.parametrize(
    ("price", "buying", "tick", "charged"),
    [
        ("100000", True, "0.1", "100050.0"),
        ("100000", False, "0.1", "99950.0"),
        ("100.01", True, "0.01", "100.07"),
        ("100.01", False, "0.01", "99.95"),
        ("10", True, "0.1", "10.1"),
        ("10", False, "0.1", "9.9"),
        ("10.05", True, "0.1", "10.15"),
        ("10.05", False, "0.1", "9.95"),
        ("0.1", False, "0.1", "0.1"),
        ("0.2", False, "0.1", "0.1"),
    ],
)
def test_beyond_the_depth_costs_five_basis_points_on_tick_at_least_a_tick_and_never_reaches_zero(price, buying, tick, charged):
    assert beyond(D(price), buying=buying, tick=D(tick)) == D(charged)


def test_what_was_taken_is_gone_and_emptied_levels_disappear():
    assert without(ASKS, walked(2).parts) == levels((101, 1), (103, 4))
    assert without(ASKS, walked(8).parts) == levels((103, 0))
    assert without(levels((103, 0)), walk(levels((103, 0)), D(1), buying=True, instrument=instrument()).parts) == levels((103, 0))
    assert without(ASKS, ()) == ASKS


def test_levels_of_the_same_price_are_taken_one_after_the_other():
    twice = (Level(D(100), D(1)), Level(D(100), D(2)), Level(D(101), D(1)))
    taken = walk(twice, D("1.5"), buying=True, instrument=instrument()).parts
    assert without(twice, taken) == (Level(D(100), D("1.5")), Level(D(101), D(1)))
