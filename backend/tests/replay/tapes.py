"""Tiny readable tapes for replay tests, and where the large ones are."""

import os
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.engine.rules import Rules
from app.replay import Terms
from tests.engine.markets import D, instrument
from tests.reference_data import REPOSITORY, real_folder

BENCH_DIR = Path(os.environ.get("BENCH_DIR", REPOSITORY.parent / "shared" / "bench"))
START = 1_767_600_000_000
MINUTE = 60_000


def minute(number):
    """When minute `number` of a tape begins: a decision there sees the bar before it."""
    return START + number * MINUTE


def candles(start=0, **symbols):
    """A candle tape: for each symbol a list of (open, high, low, close), or of a price that stands still, from minute `start` on."""
    rows = []
    for symbol, bars in symbols.items():
        for number, bar in enumerate(bars):
            opened, high, low, close = bar if isinstance(bar, tuple) else (bar,) * 4
            rows.append((symbol, minute(start + number), float(opened), float(high), float(low), float(close)))
    names = ("symbol", "open_time_ms", "open", "high", "low", "close")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def decision(action, at, *, account=1, symbol="BTCUSDT", notional=1000.0, leverage=10, stop=None, target=None):
    """One row: `action` at the beginning of minute `at`."""
    return {
        "account": account,
        "symbol": symbol,
        "time_ms": minute(at),
        "action": action,
        "notional": notional,
        "leverage": leverage,
        "stop_loss": stop,
        "take_profit": target,
    }


DECISIONS = pa.schema(
    [
        ("account", pa.int64()),
        ("symbol", pa.string()),
        ("time_ms", pa.int64()),
        ("action", pa.string()),
        ("notional", pa.float64()),
        ("leverage", pa.int64()),
        ("stop_loss", pa.float64()),
        ("take_profit", pa.float64()),
    ]
)


def decisions(*rows):
    """A decisions tape."""
    return pa.Table.from_pylist(list(rows), DECISIONS)


def funding(*rows):
    """A funding tape of (symbol, minute, rate)."""
    return pa.table(
        {
            "symbol": [symbol for symbol, _, _ in rows],
            "funding_time_ms": [minute(at) for _, at, _ in rows],
            "rate": [float(rate) for *_, rate in rows],
        }
    )


def terms(*, balance="10000", rules=None, **changes):
    """BTCUSDT and ETHUSDT as in the engine's tests, or with other terms, without slippage unless rules say so."""
    both = {symbol: instrument(symbol, **changes) for symbol in ("BTCUSDT", "ETHUSDT")}
    return Terms(both, rules or Rules(slippage=D(0)), D(balance))


def rows(table):
    """A result table as dicts, with decimals that read like the numbers they are."""
    return [{name: plain(value) for name, value in row.items()} for row in table.to_pylist()]


def plain(value):
    return value.normalize() + 0 if isinstance(value, Decimal) else value


def bench_tape(name):
    """(candles, funding, decisions) of the recorded month and a decisions tape of the bench; skips where they are absent."""
    market = real_folder("market")
    path = BENCH_DIR / f"tape_{name}.parquet"
    if not path.is_file():
        pytest.skip(f"no tape_{name}.parquet in BENCH_DIR ({BENCH_DIR})")
    return pq.read_table(market / "candles_1m.parquet"), pq.read_table(market / "funding_8h.parquet"), pq.read_table(path)
