"""Double entry, and the check that stops a turn when the books do not follow from it."""

from dataclasses import replace

import pytest

from app.engine.checks import check_books
from app.engine.exchange import apply
from app.engine.facts import MarginSet, Outcome, StopsSet, fills, postings
from app.engine.ledger import BooksBrokenError, Entry, LedgerAccount, PostingKind, posting
from app.engine.orders import MarginOrder, OpenOrder, StopsOrder
from app.engine.rules import MarginMode
from app.engine.trades import Side
from tests.engine.markets import NOON, D, account, holder, holding, market

FREE, HELD = LedgerAccount.AVAILABLE, LedgerAccount.MARGIN
OPEN = OpenOrder("BTCUSDT", Side.LONG, D(1_000), 10)
ISOLATED, CROSS = MarginMode.ISOLATED, MarginMode.CROSS


def test_entries_that_do_not_sum_to_zero_are_never_posted():
    with pytest.raises(BooksBrokenError, match=r"open posting at 2026-01-05 12:00:00\+00:00 sums to 0\.01, not zero"):
        posting(PostingKind.OPEN, NOON, Entry(FREE, D(-100)), Entry(HELD, D("100.01"), "BTCUSDT"))


def test_a_posting_leaves_out_entries_of_zero_and_sums_an_account_over_its_symbols():
    done = posting(
        PostingKind.MARGIN, NOON, Entry(HELD, D(5), "BTCUSDT"), Entry(HELD, D(-2), "ETHUSDT"), Entry(FREE, D(-3)), Entry(FREE, D(0))
    )
    assert (done.kind, done.at, len(done.entries)) == (PostingKind.MARGIN, NOON, 3)
    assert (done.total(HELD), done.total(FREE), done.total(LedgerAccount.FEES)) == (D(3), D(-3), D(0))
    assert posting(PostingKind.FUNDING, NOON).entries == ()
    assert type(done.total(LedgerAccount.FEES)) is D


def test_fills_and_postings_are_picked_from_the_facts_in_order():
    facts = apply(holder(holding()), market(), [OPEN, StopsOrder("BTCUSDT", None, None), MarginOrder("BTCUSDT", D(5))], NOON).facts
    stops, moved, added = facts
    assert (type(stops), type(moved)) == (StopsSet, MarginSet)
    assert fills(facts) == (added,)
    assert postings(facts) == (moved.posting, added.posting)


def opened():
    return apply(account(), market(), [OPEN], NOON)


def test_books_that_follow_from_their_postings_pass():
    check_books(account(), opened(), ISOLATED)
    check_books(account(), Outcome(account()), CROSS)


def test_a_free_balance_that_the_postings_do_not_explain_stops_the_turn():
    done = opened()
    off = replace(done, account=replace(done.account, available=done.account.available + D("0.00000001")))
    with pytest.raises(BooksBrokenError, match=r"qwen3: free balance is 9899\.4\d*1, the postings say 9899\.4"):
        check_books(account(), off, ISOLATED)


def test_a_margin_that_the_postings_do_not_explain_stops_the_turn():
    done = opened()
    held = done.account.positions["BTCUSDT"]
    more = replace(done.account, positions={"BTCUSDT": replace(held, margin=held.margin + 1)})
    with pytest.raises(BooksBrokenError, match=r"qwen3: margin of BTCUSDT is 101[.0]*, the postings say 100[.0]*$"):
        check_books(account(), replace(done, account=more), ISOLATED)
    with pytest.raises(BooksBrokenError, match="margin of BTCUSDT is 0, the postings say 1000"):
        check_books(holder(holding()), Outcome(account()), ISOLATED)
    with pytest.raises(BooksBrokenError, match="margin of ETHUSDT is 1000, the postings say 0"):
        check_books(account(), Outcome(holder(holding(symbol="ETHUSDT"))), ISOLATED)


def test_margin_posted_to_a_symbol_that_is_held_neither_before_nor_after_stops_the_turn():
    before = account()
    lost = posting(PostingKind.MARGIN, NOON, Entry(FREE, D(-5)), Entry(HELD, D(5), "ETHUSDT"))
    after = replace(before, available=before.available - 5)
    with pytest.raises(BooksBrokenError, match="margin of ETHUSDT is 0, the postings say 5"):
        check_books(before, Outcome(after, (MarginSet(0, "ETHUSDT", 1, 1, D(5), NOON, lost),)), ISOLATED)


def test_a_margin_below_zero_stops_the_turn_in_both_modes():
    below = holder(holding(margin="-1"))
    for mode in MarginMode:
        with pytest.raises(BooksBrokenError, match="margin of BTCUSDT is -1"):
            check_books(below, Outcome(below), mode)
        check_books(holder(holding(margin="0")), Outcome(holder(holding(margin="0"))), mode)


def test_a_free_balance_below_zero_is_right_only_in_cross_margin_with_something_open():
    owing, alone = holder(holding(), available="-0.01"), account("-0.01")
    check_books(owing, Outcome(owing), CROSS)
    for books, mode in ((owing, ISOLATED), (alone, CROSS), (alone, ISOLATED)):
        with pytest.raises(BooksBrokenError, match=r"qwen3: free balance is -0\.01, below zero"):
            check_books(books, Outcome(books), mode)
    check_books(account("0"), Outcome(account("0")), ISOLATED)
