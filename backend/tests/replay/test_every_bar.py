from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from app.engine.books import Book, Level
from app.engine.exchange import Market, apply
from app.engine.facts import fills, postings
from app.engine.funding import Settlement
from app.engine.market import Candle
from app.engine.orders import CloseOrder, OpenOrder
from app.engine.positions import Account
from app.engine.rules import MarginMode
from app.engine.trades import Side
from app.engine.triggers import watch
from app.replay import Lane, Terms, replay
from app.replay.stage import milliseconds, moment
from tests.engine.markets import D
from tests.replay.random_tapes import tapes

MINUTE = 60_000


def every_bar(tape, account):
    """The account replayed as slowly as can be: every bar since the last decision is shown to the engine, whatever is in it."""
    bars = {}
    for one in tape["candles"].to_pylist():
        prices = (D(repr(one[name])) for name in ("open", "high", "low", "close"))
        bars.setdefault(one["symbol"], []).append(Candle(moment(one["open_time_ms"]), *prices, D(0)))
    settled = [
        Settlement(one["symbol"], moment(one["funding_time_ms"]), D(repr(one["rate"])))
        for one in (tape["funding"].to_pylist() if tape["funding"] else [])
    ]
    rows = [one for one in tape["decisions"].to_pylist() if one["account"] == account]
    terms, books, facts, since = tape["terms"], Account(str(account), tape["terms"].starting_balance), [], 0
    for time in sorted({one["time_ms"] for one in rows}):
        books, new = look(books, terms, bars, settled, since, time)
        closes = {name: next(bar.close for bar in series if milliseconds(bar.open_time) + MINUTE == time) for name, series in bars.items()}
        depth = {name: Book(name, moment(time), (Level(price, D(10**18)),), (Level(price, D(10**18)),)) for name, price in closes.items()}
        orders = [order(one) for one in rows if one["time_ms"] == time and (one["action"] != "close" or one["symbol"] in books.positions)]
        outcome = apply(books, Market(terms.instruments, closes, depth, rules=terms.rules), orders, moment(time))
        books, facts, since = outcome.account, [*facts, *new, *outcome.facts], time
    books, new = look(books, terms, bars, settled, since, 10**14)
    return books, [*facts, *new]


def look(account, terms, bars, settled, since, until):
    """What the market did in (since, until]."""
    within = {
        name: [one for one in series if since <= milliseconds(one.open_time) and milliseconds(one.open_time) + MINUTE <= until]
        for name, series in bars.items()
    }
    due = [one for one in settled if since < milliseconds(one.at) <= until]
    outcome = watch(account, within, terms.instruments, terms.rules, last=within, settlements=due)
    return outcome.account, outcome.facts


def order(row):
    if row["action"] == "close":
        return CloseOrder(row["symbol"])
    side = Side.LONG if row["action"] == "open_long" else Side.SHORT
    stop, target = (None if row[name] is None else D(repr(row[name])) for name in ("stop_loss", "take_profit"))
    return OpenOrder(row["symbol"], side, D(repr(row["notional"])), row["leverage"], stop, target)


@pytest.mark.parametrize("mode", list(MarginMode))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tape=tapes())
def test_looking_only_where_something_may_happen_gives_the_books_of_looking_at_every_bar(mode, tape):
    terms = Terms(tape["terms"].instruments, replace(tape["terms"].rules, margin_mode=mode), tape["terms"].starting_balance)
    tape = {**tape, "terms": terms}
    result = replay(**tape, lane=Lane.ENGINE)
    for one in result.accounts.to_pylist():
        books, facts = every_bar(tape, one["account"])
        assert one["available"] == books.available
        assert one["margin"] == books.wallet - books.available
        ours = [
            (row["time_ms"], row["symbol"], row["purpose"], row["price"])
            for row in result.fills.to_pylist()
            if row["account"] == one["account"]
        ]
        assert ours == [(milliseconds(fact.at), fact.symbol, fact.purpose.value, round(fact.price, 12)) for fact in fills(facts)]
        amounts = [row["amount"] for row in result.ledger.to_pylist() if row["account"] == one["account"]][2:]
        assert amounts == [entry.amount for posting in postings(facts) for entry in posting.entries]
