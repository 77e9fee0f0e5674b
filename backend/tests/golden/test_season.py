"""A month of real prices, thirteen accounts, and a ledger that may not change unnoticed.

`season.json` keeps it as counts, balances and hashes by day. After a change of the engine that is meant to move the books:

    cd backend && ../.venv/bin/python -m tests.golden.ledger write

Before that, see what moved: the failing test names account and day and prints that day's lines; `python -m tests.golden.ledger lines
PLAYER DAY` gives the same lines of any commit, to be compared with diff.
"""

import json
from collections import Counter
from decimal import localcontext

import pytest

from app.engine.facts import Filled, FundingOwed, FundingPaid, MarginSet, OrderRefused, StopsSet, fills
from app.engine.ledger import LedgerAccount, PostingKind
from app.engine.money import CONTEXT, ZERO, ceil_to, floor_to
from app.engine.orders import RefusalCode
from app.engine.rules import MarginMode
from app.engine.trades import Purpose, Side
from tests.golden.ledger import GOLDEN, book, line, parting
from tests.golden.players import PLAYERS, SYMBOLS
from tests.golden.season import CAPITAL, play
from tests.golden.tape import MINUTE_MS, read
from tests.reference_data import real_folder

pytestmark = pytest.mark.real

TWO_DAYS = 2 * 24 * 60


@pytest.fixture(scope="module")
def tape():
    return read(real_folder("market"))


@pytest.fixture(scope="module")
def courses(tape):
    return {player.name: play(tape, player) for player in PLAYERS}


@pytest.fixture(scope="module")
def kept(tape):
    golden = json.loads(GOLDEN.read_text())
    if golden["record"] != tape.fingerprint():
        pytest.skip(f"REAL_DIR holds another record than the one {GOLDEN.name} was made from")
    return golden["accounts"]


@pytest.fixture(autouse=True)
def exact():
    with localcontext(CONTEXT):
        yield


def of_kind(courses, kind):
    return [fact for course in courses.values() for fact in course.facts if isinstance(fact, kind)]


def gapped(course, held, fact):
    """The exit's level was not reached in the minute before it, or that minute was not watched yet: the next one opened beyond it."""
    level = held.stop_loss if fact.purpose is Purpose.STOP_LOSS else held.take_profit
    at = int(fact.at.timestamp() * 1000)
    before = course.tape.bar(fact.symbol, (at - int(course.tape.opened[0])) // MINUTE_MS - 1)
    return before.open_time < held.armed_from or not before.low <= level <= before.high


@pytest.mark.parametrize("player", PLAYERS, ids=lambda player: player.name)
def test_the_ledger_of_every_account_is_the_golden_one_to_the_last_digit(courses, kept, player):
    assert set(kept) == {one.name for one in PLAYERS}
    found = parting(player.name, kept[player.name], courses[player.name])
    assert found is None, found


def test_the_golden_file_tells_the_day_and_the_lines_in_which_a_ledger_parted(courses, kept):
    date = sorted(kept["flipper"]["days"])[3]
    changed = {**kept["flipper"], "days": {**kept["flipper"]["days"], date: "1 0123456789ab"}}
    told = parting("flipper", changed, courses["flipper"])
    assert told.startswith(f"flipper: 1 days differ, the first is {date}: kept 1 0123456789ab, now ")
    assert all(line(one) in told for one in book(courses["flipper"]) if f"{one.at:%Y-%m-%d}" == date)


def test_stops_targets_and_liquidations_happen_in_isolated_and_in_cross_margin(courses):
    found = Counter(
        (course.player.rules.margin_mode, fact.purpose) for course in courses.values() for fact in fills(course.facts) if fact.order is None
    )
    assert found[MarginMode.ISOLATED, Purpose.STOP_LOSS] >= 100
    assert found[MarginMode.ISOLATED, Purpose.TAKE_PROFIT] >= 100
    assert found[MarginMode.ISOLATED, Purpose.LIQUIDATION] >= 10
    assert found[MarginMode.CROSS, Purpose.STOP_LOSS] >= 10
    assert found[MarginMode.CROSS, Purpose.TAKE_PROFIT] >= 10
    assert found[MarginMode.CROSS, Purpose.LIQUIDATION] >= 3
    sides = Counter(fact.side for fact in of_kind(courses, Filled) if fact.purpose is Purpose.LIQUIDATION)
    assert min(sides[Side.LONG], sides[Side.SHORT]) >= 1


def test_gaps_fill_at_the_open_less_slippage_but_inside_the_minute(courses):
    found = [
        (course, held, fact)
        for course in courses.values()
        for held, fact in course.exits
        if fact.purpose is not Purpose.LIQUIDATION and gapped(course, held, fact)
    ]
    assert len(found) >= 20
    assert {fact.purpose for _, _, fact in found} == {Purpose.STOP_LOSS, Purpose.TAKE_PROFIT}
    for course, held, fact in found:
        index = (int(fact.at.timestamp() * 1000) - int(course.tape.opened[0])) // MINUTE_MS
        bar, tick, slippage = course.tape.bar(fact.symbol, index), course.tape.instruments[fact.symbol].tick, course.player.rules.slippage
        if held.side is Side.LONG:
            assert fact.price == max(floor_to(bar.open * (1 - slippage), tick), bar.low)
        else:
            assert fact.price == min(ceil_to(bar.open * (1 + slippage), tick), bar.high)


def test_every_other_kind_of_event_happens(courses):
    assert len({fact.refused.code for fact in of_kind(courses, OrderRefused)}) >= 12
    assert RefusalCode.WOULD_LIQUIDATE in {fact.refused.code for fact in of_kind(courses, OrderRefused)}
    assert sum(flips(course) for course in courses.values()) >= 100
    assert sum(fact.beyond_depth for fact in of_kind(courses, Filled)) >= 10
    assert {fact.leverage_after for fact in of_kind(courses, MarginSet)} >= {12, 15, 20}
    assert {fact.amount > 0 for fact in of_kind(courses, MarginSet) if fact.leverage_before == fact.leverage_after} == {True, False}
    assert len(of_kind(courses, StopsSet)) >= 100
    assert {Purpose.OPEN, Purpose.ADD, Purpose.REDUCE, Purpose.CLOSE} <= {fact.purpose for fact in of_kind(courses, Filled)}


def flips(course):
    """Closes and opens that answer one order."""
    closed, opened = (
        {(fact.at, fact.order) for fact in fills(course.facts) if fact.purpose is purpose} for purpose in (Purpose.CLOSE, Purpose.OPEN)
    )
    return len(closed & opened)


def test_every_settlement_of_every_symbol_is_paid_by_somebody(courses, tape):
    published = Counter(one.symbol for one in tape.settlements)
    assert set(published) == set(SYMBOLS)
    assert min(published.values()) >= 89
    paid = {(fact.symbol, fact.at) for fact in of_kind(courses, FundingPaid)}
    assert paid == {(one.symbol, one.at) for one in tape.settlements}


def test_a_late_rate_is_paid_for_what_was_held_then(courses):
    course = courses["funding-collector"]
    owed = [fact.due for fact in course.facts if isinstance(fact, FundingOwed)]
    paid = [fact for fact in course.facts if isinstance(fact, FundingPaid)]
    assert len(owed) == len(paid) >= 500
    assert course.account.dues == ()
    keys = ("symbol", "side", "quantity", "mark", "at", "trade_number")
    assert {tuple(getattr(due, key) for key in keys) for due in owed} == {tuple(getattr(fact, key) for key in keys) for fact in paid}


def test_funding_that_the_free_balance_lacks_is_taken_from_the_margin(courses):
    kinds = [one for course in courses.values() for one in book(course) if one.kind is PostingKind.FUNDING]
    assert any(one.total(LedgerAccount.MARGIN) < 0 for one in kinds)
    assert all(one.total(LedgerAccount.MARGIN) <= 0 for one in kinds)


@pytest.mark.parametrize("player", PLAYERS, ids=lambda player: player.name)
def test_balances_are_the_sums_of_the_ledger_and_of_the_facts(courses, player):
    course = courses[player.name]
    sums = Counter()
    for one in book(course):
        assert sum(entry.amount for entry in one.entries) == 0
        for entry in one.entries:
            sums[entry.account, entry.symbol] += entry.amount
    assert course.account.available == sums[LedgerAccount.AVAILABLE, None]
    for name in SYMBOLS:
        held = course.account.positions.get(name)
        assert sums[LedgerAccount.MARGIN, name] == (held.margin if held else ZERO)
    won = sum(one.realised_pnl - one.fee + one.insured for one in fills(course.facts))
    funded = sum(one.amount + one.insured for one in course.facts if isinstance(one, FundingPaid))
    assert course.account.wallet == CAPITAL + won + funded


@pytest.mark.parametrize("player", PLAYERS, ids=lambda player: player.name)
def test_walking_every_bar_gives_the_same_books_as_looking_for_the_next_that_matters(tape, player):
    skipping, walking = (play(tape, player, TWO_DAYS, all_bars=whole) for whole in (False, True))
    assert [line(one) for one in book(skipping)] == [line(one) for one in book(walking)]
    assert skipping.account == walking.account
