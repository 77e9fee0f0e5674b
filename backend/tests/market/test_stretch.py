"""However time is divided into stretches, an account walks through it to the same books: with gaps, late bars, settlements, either margin mode."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.exchange import apply
from app.engine.facts import Filled, FundingPaid
from app.engine.funding import Settlement
from app.engine.orders import OpenOrder
from app.engine.rules import MarginMode, Rules, TriggerPrice
from app.engine.trades import Side
from app.market.stretch import MINUTE, Stretch, Terms, walk
from tests.engine.markets import NOON, D, account, bar, book, instrument, market

SYMBOLS = ("BTCUSDT", "ETHUSDT")
TERMS = {symbol: instrument(symbol) for symbol in SYMBOLS}
MINUTES = 30


def holder(rules, stop):
    """Long in one symbol, short in the other."""
    books = {symbol: book(symbol=symbol) for symbol in SYMBOLS}
    seen = market(books=books, rules=rules)
    both = type(seen)(TERMS, dict.fromkeys(SYMBOLS, D(100_000)), books, {}, rules)
    opening = [OpenOrder("BTCUSDT", Side.LONG, D(50_000), 20, stop), OpenOrder("ETHUSDT", Side.SHORT, D(30_000), 10)]
    return apply(account(), both, opening, NOON).account


prices = st.lists(st.integers(-400, 400), min_size=MINUTES, max_size=MINUTES)


@given(
    steps=st.tuples(prices, prices),
    gaps=st.tuples(*[st.sets(st.integers(1, MINUTES - 2))] * 2),
    instants=st.sets(st.integers(2, MINUTES - 1), max_size=4),
    cuts=st.sets(st.integers(1, MINUTES)),
    mode=st.sampled_from(MarginMode),
    stop=st.sampled_from([None, D(99_000), D("97000")]),
)
@settings(max_examples=150, deadline=None)
def test_any_division_of_a_stretch_gives_the_same_facts(steps, gaps, instants, cuts, mode, stop):
    rules = Rules(margin_mode=mode)
    terms = Terms(TERMS, rules)
    marks = {}
    for symbol, changes, missing in zip(SYMBOLS, steps, gaps, strict=True):
        price, series = 100_000, []
        for minute, change in enumerate(changes, start=1):
            opening, price = price, price + change
            series.append(bar(opening, max(opening, price) + 20, min(opening, price) - 20, price, minute=minute))
        marks[symbol] = [one for place, one in enumerate(series) if place not in missing]
    settlements = [Settlement(symbol, NOON + minute * MINUTE, D("0.0007")) for minute in instants for symbol in SYMBOLS]
    whole = Stretch(marks, settlements=settlements)
    ends = [NOON + cut * MINUTE for cut in sorted(cuts)]
    ends = [end for end in ends if _every_settlement_is_marked(marks, settlements, end)] + [NOON + (MINUTES + 1) * MINUTE]

    at_once = walk(holder(rules, stop), whole, terms)
    walked, facts, since = holder(rules, stop), [], NOON
    for end in ends:
        outcome = walk(walked, whole.between(since, end), terms)
        walked, since = outcome.account, end
        facts += outcome.facts
    assert walked == at_once.account
    assert tuple(facts) == at_once.facts


def _every_settlement_is_marked(marks, settlements, end):
    """A look doesn't end before the bar that marks a settlement is to be had; nor does the live one."""
    return all(
        any(one.open_time + MINUTE == settled.at or settled.at <= one.open_time < end for one in marks[settled.symbol])
        for settled in settlements
        if settled.at <= end
    )


@pytest.mark.parametrize("missing", [False, True])
def test_a_settlement_is_marked_by_the_bar_that_ended_then_else_by_the_next_open(missing):
    rules = Rules()
    bars = [
        bar(100_000, 100_010, 99_990, 100_005),
        bar(100_050, 100_060, 100_040, 100_055, minute=2),
        bar(100_070, 100_080, 100_060, 100_075, minute=3),
    ]
    if missing:
        del bars[1]
    stretch = Stretch({"BTCUSDT": bars}, settlements=[Settlement("BTCUSDT", NOON + 3 * MINUTE, D("0.0001"))])
    outcome = walk(holder(rules, None), stretch, Terms(TERMS, rules))
    (paid,) = [fact for fact in outcome.facts if isinstance(fact, FundingPaid)]
    assert paid.mark == (100_070 if missing else 100_055)


def test_stops_look_at_the_last_price_where_the_rules_say_so():
    rules = Rules(trigger_price=TriggerPrice.LAST)
    marks = {"BTCUSDT": [bar(100_000, 100_000, 98_500, 99_500)]}
    lasts = {"BTCUSDT": [bar(100_000, 100_000, 99_500, 99_600)]}
    held = holder(rules, D(99_000))
    assert walk(held, Stretch(marks, lasts), Terms(TERMS, rules)).facts == ()
    (exit_,) = walk(held, Stretch(lasts, marks), Terms(TERMS, rules)).facts
    assert isinstance(exit_, Filled)
    assert exit_.at == NOON + 2 * timedelta(minutes=1)
