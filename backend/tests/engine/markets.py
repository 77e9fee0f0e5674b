"""Tiny readable markets for engine tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.engine.books import Book, Level
from app.engine.exchange import Market
from app.engine.instruments import Instrument, LeverageTier
from app.engine.market import Candle
from app.engine.positions import Account, Position
from app.engine.rules import Rules
from app.engine.trades import Side, Trade

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
D = Decimal


def instrument(symbol="BTCUSDT", **changes):
    terms = {
        "symbol": symbol,
        "tick": D("0.1"),
        "lot": D("0.0001"),
        "min_quantity": D("0.0001"),
        "min_notional": D(5),
        "max_market_quantity": D(220),
        "taker_fee_rate": D("0.0006"),
        "maker_fee_rate": D("0.0002"),
        "max_leverage": 125,
        "funding_interval_hours": 8,
        "price_band": D("0.05"),
        "tiers": (
            LeverageTier(1, D(0), D(150_000), 125, D("0.004")),
            LeverageTier(2, D(150_000), D(900_000), 100, D("0.005")),
            LeverageTier(3, D(900_000), D(12_000_000), 50, D("0.01")),
        ),
    }
    return Instrument(**{**terms, **changes})


def book(*, bid="99999.9", ask="100000", size="5", symbol="BTCUSDT", levels=3):
    tick = D("0.1")
    return Book(
        symbol,
        NOON,
        tuple(Level(D(bid) - tick * i, D(size)) for i in range(levels)),
        tuple(Level(D(ask) + tick * i, D(size)) for i in range(levels)),
    )


def market(*, mark="100000", books=None, terms=None, rules=None, unusable=None):
    terms = terms or instrument()
    return Market(
        instruments={terms.symbol: terms},
        marks={} if unusable else {terms.symbol: D(mark)},
        books={terms.symbol: book()} if books is None else books,
        unusable=unusable or {},
        rules=rules or Rules(),
    )


def account(available="10000"):
    return Account("qwen3", D(available))


def bar(open_, high, low, close, *, minute=1):
    return Candle(NOON + timedelta(minutes=minute), D(open_), D(high), D(low), D(close), D(0))


def holding(
    quantity="0.1", entry="100000", *, side=Side.LONG, leverage=10, margin="1000", stop=None, target=None, symbol="BTCUSDT", opened=NOON
):
    trade = Trade(1, symbol, side, leverage, opened).entered(D(quantity), D(entry), D(0))
    levels = [None if level is None else D(level) for level in (stop, target)]
    return Position(symbol, side, D(quantity), D(entry), leverage, D(margin), *levels, opened, opened, trade)


def holder(*positions, available="10000"):
    return Account("qwen3", D(available), {one.symbol: one for one in positions}, len(positions))
