"""The recorded month (REAL_DIR/market) as the season meets it: whole ticks to search in, exact bars, books and settlements to trade on.

Last stands in for mark: the record has no one-minute series of mark prices. Books are made up around each close, deeper after busy minutes.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from pyarrow import compute, parquet

from app.engine.books import Book, Level
from app.engine.funding import Settlement
from app.engine.instruments import Instrument, LeverageTier
from app.engine.market import Candle
from app.engine.money import ZERO, floor_to
from app.sandbox.prices.contracts import CONTRACTS, FUNDING_HOURS, MAKER_FEE, MIN_NOTIONAL, TAKER_FEE

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_MS = 60_000
LEVELS = 5
SHARE_OF_MINUTE = 200
"""The best level holds this part of what the last minute traded."""


def moment(milliseconds):
    return EPOCH + timedelta(milliseconds=milliseconds)


def milliseconds(at):
    return (at - EPOCH) // timedelta(milliseconds=1)


def terms(contract):
    """The sandbox's contract as the engine takes it."""
    lowers = [0, *(tier.upper for tier in contract.tiers)]
    tiers = tuple(
        LeverageTier(number, Decimal(lower), Decimal(tier.upper), tier.leverage, tier.rate)
        for number, (lower, tier) in enumerate(zip(lowers, contract.tiers, strict=False), start=1)
    )
    lot = Decimal(1).scaleb(-contract.lot_places)
    return Instrument(
        symbol=contract.symbol,
        tick=Decimal(1).scaleb(-contract.price_places),
        lot=lot,
        min_quantity=lot,
        min_notional=MIN_NOTIONAL,
        max_market_quantity=contract.max_market_lots * lot,
        taker_fee_rate=TAKER_FEE,
        maker_fee_rate=MAKER_FEE,
        max_leverage=contract.max_leverage,
        funding_interval_hours=FUNDING_HOURS,
        price_band=Decimal("0.05"),
        tiers=tiers,
    )


@dataclass(frozen=True, slots=True)
class Minutes:
    """One symbol's bars. `high`, `low`, `close` in ticks for searching; the floats as recorded, for exact bars."""

    instrument: Instrument
    opens: np.ndarray
    highs: np.ndarray
    lows: np.ndarray
    closes: np.ndarray
    volumes: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray


@dataclass(frozen=True, slots=True)
class Tape:
    """Six symbols with the same minutes. `opened` in ms; bar i is closed at `opened[i]` plus a minute."""

    opened: np.ndarray
    minutes: dict[str, Minutes]
    settlements: tuple[Settlement, ...]
    made: dict[tuple[str, int], Candle] = field(default_factory=dict)

    @property
    def instruments(self):
        return {name: one.instrument for name, one in self.minutes.items()}

    def fingerprint(self):
        """Tells one record from another, so that golden results are compared with those of the same one only."""
        digest = hashlib.sha256(self.opened.tobytes())
        for name in sorted(self.minutes):
            one = self.minutes[name]
            for column in (one.opens, one.highs, one.lows, one.closes, one.volumes):
                digest.update(column.tobytes())
        digest.update("".join(f"{one.symbol} {one.at.isoformat()} {one.rate}\n" for one in self.settlements).encode())
        return digest.hexdigest()[:16]

    def bar(self, symbol, index):
        """Bar `index`, exact: the decimals that the record's own digits show."""
        known = self.made.get((symbol, index))
        if known is None:
            one = self.minutes[symbol]
            prices = (Decimal(repr(float(column[index]))) for column in (one.opens, one.highs, one.lows, one.closes))
            known = self.made[symbol, index] = Candle(moment(int(self.opened[index])), *prices, ZERO)
        return known

    def book(self, symbol, index):
        """The book right after bar `index`: bids from its close down, asks from one tick above."""
        terms, close = self.minutes[symbol].instrument, self.bar(symbol, index).close
        traded = Decimal(repr(float(self.minutes[symbol].volumes[index])))
        sizes = [max(floor_to(traded * (step + 1) / SHARE_OF_MINUTE, terms.lot), terms.lot) for step in range(LEVELS)]
        bids = tuple(Level(close - terms.tick * step, size) for step, size in enumerate(sizes))
        asks = tuple(Level(close + terms.tick * (step + 1), size) for step, size in enumerate(sizes))
        return Book(symbol, moment(int(self.opened[index]) + MINUTE_MS), bids, asks)


def read(folder):
    """The tape of a folder with candles_1m.parquet and funding_8h.parquet."""
    rows = parquet.read_table(folder / "candles_1m.parquet")
    columns = {name: _of(rows, name) for name in CONTRACTS}
    opened = columns["BTCUSDT"]["open_time_ms"]
    assert all(np.array_equal(one["open_time_ms"], opened) for one in columns.values()), "the symbols must have the same minutes"
    assert (np.diff(opened) == MINUTE_MS).all(), "the record must be gap-free"
    minutes = {name: _minutes(CONTRACTS[name], column) for name, column in columns.items()}
    return Tape(opened, minutes, _settlements(folder, int(opened[0]), int(opened[-1]) + MINUTE_MS))


def _of(rows, symbol):
    chosen = rows.filter(compute.equal(rows["symbol"], symbol)).sort_by("open_time_ms")
    return {name: chosen[name].to_numpy() for name in ("open_time_ms", "open", "high", "low", "close", "volume")}


def _minutes(contract, column):
    def ticks(name):
        return np.rint(column[name] * 10.0**contract.price_places).astype(np.int64)

    floats = [column[name] for name in ("open", "high", "low", "close", "volume")]
    return Minutes(terms(contract), *floats, ticks("high"), ticks("low"), ticks("close"))


def _settlements(folder, starts, ends):
    table = parquet.read_table(folder / "funding_8h.parquet").to_pylist()
    found = [
        Settlement(row["symbol"], moment(row["funding_time_ms"]), Decimal(repr(row["rate"])))
        for row in table
        if row["symbol"] in CONTRACTS and starts < row["funding_time_ms"] <= ends
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.symbol)))
