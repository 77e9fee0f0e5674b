"""A recorded market played as the venue: the rows of the file and nothing else; a bad folder is refused in a sentence."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from app.engine.clock import Clock
from app.sandbox.prices.tape import TapeError, tape_feed, tape_span
from app.sandbox.serve import running_sandbox
from app.sandbox.server import SandboxConfig
from tests.reference_data import real_folder
from tests.sandbox.conftest import Hand, market, raw_market

START = datetime(2025, 5, 1, tzinfo=UTC)
START_MS = round(START.timestamp() * 1000)


def candles(**changes):
    """Three minutes of one coin, a hole, and two more."""
    minute = [0, 1, 2, 5, 6]
    columns = {
        "symbol": ["BTCUSDT"] * 5,
        "open_time_ms": [START_MS + one * 60_000 for one in minute],
        "open": [100.0, 100.5, 101.0, 103.0, 103.5],
        "high": [101.0, 101.5, 102.0, 104.0, 104.1],
        "low": [99.5, 100.1, 100.9, 102.0, 103.2],
        "close": [100.5, 101.0, 101.9, 103.5, 103.7],
        "volume": [1.5, 2.25, 0.0, 4.0, 5.001],
    }
    return {**columns, **changes}


def write(folder, columns=None, funding=None):
    if columns is not None:
        parquet.write_table(pa.table(columns), folder / "candles_1m.parquet")
    if funding is not None:
        parquet.write_table(pa.table(funding), folder / "funding_8h.parquet")
    return folder


def playing(folder, moment):
    return running_sandbox(SandboxConfig(tape=folder), Clock(lambda: moment, moment, moment))


@pytest.fixture
def tape(tmp_path):
    funding = {"symbol": ["BTCUSDT"] * 2, "funding_time_ms": [START_MS - 1000, START_MS + 8 * 3_600_000], "rate": [0.0001, -3.651e-05]}
    return write(tmp_path, candles(), funding)


def test_only_what_is_on_the_tape_is_listed_and_only_its_minutes_exist(tape):
    with playing(tape, START + timedelta(minutes=6, seconds=59)) as running:
        assert [row["symbol"] for row in market(running, "contracts")] == ["BTCUSDT"]
        rows = market(running, "candles", symbol="BTCUSDT", granularity="1m", limit=1000)
        assert [(int(row[0]) - START_MS) // 60_000 for row in rows] == [0, 1, 2, 5, 6]
        assert [Decimal(price) for price in rows[1][1:6]] == [Decimal(text) for text in ("100.5", "101.5", "100.1", "101.0", "2.25")]
        assert raw_market(running, "ticker", symbol="ETHUSDT").json["code"] == "40034"


def test_last_stands_in_for_mark_and_index(tape):
    with playing(tape, START + timedelta(minutes=1, seconds=59)) as running:
        ticker = market(running, "tickers")[0]
        assert ticker["lastPr"] == ticker["markPrice"] == ticker["indexPrice"] == "101"
        assert ticker["holdingAmount"] == ""


@pytest.mark.parametrize("later", [timedelta(minutes=4), timedelta(days=3)])
def test_in_a_hole_and_after_the_end_the_last_price_stays_with_its_old_time(tape, later):
    row, close = (2, "101.9") if later < timedelta(minutes=5) else (6, "103.7")
    with playing(tape, START + later) as running:
        ticker = market(running, "tickers")[0]
        assert ticker["lastPr"] == close
        assert int(ticker["ts"]) == START_MS + (row + 1) * 60_000 - 1
        assert market(running, "candles", symbol="BTCUSDT", granularity="1m", endTime=START_MS + 99_999_999)[-1][4] == close


def test_before_its_start_there_is_no_price(tape):
    with playing(tape, START - timedelta(seconds=1)) as running:
        assert market(running, "tickers") == []
        assert raw_market(running, "ticker", symbol="BTCUSDT").status == 400


def test_funding_is_the_tapes(tape):
    with playing(tape, START) as running:
        now = market(running, "current-fund-rate", symbol="BTCUSDT")[0]
        assert (now["fundingRate"], int(now["nextUpdate"])) == ("-0.00003651", START_MS + 8 * 3_600_000)
        assert [row["fundingRate"] for row in market(running, "history-fund-rate", symbol="BTCUSDT")] == ["0.0001"]


def test_without_a_funding_file_the_rate_is_unknown(tmp_path):
    with playing(write(tmp_path, candles()), START) as running:
        assert market(running, "tickers")[0]["fundingRate"] == ""
        assert market(running, "history-fund-rate", symbol="BTCUSDT") == []


def test_prices_finer_than_the_usual_tick_are_kept_and_the_tick_follows(tmp_path):
    with playing(write(tmp_path, candles(open=[100.125, 100.5, 101.0, 103.0, 103.5])), START) as running:
        assert market(running, "contracts")[0]["pricePlace"] == "3"
        assert market(running, "tickers")[0]["lastPr"] == "100.125"


def test_the_span_is_from_the_first_open_to_the_last_close(tape):
    assert tape_span(tape) == (START, START + timedelta(minutes=7))


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (candles(low=[102.0] * 5), "impossible"),
        (candles(high=[float("nan")] * 5), "impossible"),
        (candles(volume=[-1.0] * 5), "impossible"),
        (candles(open_time_ms=[START_MS + 5] * 5), "open_time_ms"),
        (candles(open_time_ms=[START_MS] * 5), "open_time_ms"),
        (candles(symbol=["AAPL"] * 5), "none of the symbols"),
        (candles(open=["dear"] * 5), "can't be read"),
        (candles(close=[None, 1.0, 1.0, 1.0, 1.0]), "empty cells"),
        ({"symbol": ["BTCUSDT"], "price": [1.0]}, "lacks the columns close, high, low, open, open_time_ms, volume"),
    ],
)
def test_a_tape_that_cannot_be_played_is_refused_in_a_sentence(tmp_path, columns, says):
    with pytest.raises(TapeError, match=says) as caught:
        tape_feed(write(tmp_path, columns), 7)
    assert str(tmp_path) in str(caught.value)


def test_a_missing_folder_an_empty_folder_and_a_wrong_file_are_refused(tmp_path):
    with pytest.raises(TapeError, match="not a folder"):
        tape_feed(tmp_path / "nowhere", 7)
    with pytest.raises(TapeError, match=r"has no candles_1m\.parquet"):
        tape_feed(tmp_path, 7)
    (tmp_path / "candles_1m.parquet").write_bytes(b"this is no Parquet")
    with pytest.raises(TapeError, match="can't be read as Parquet"):
        tape_feed(tmp_path, 7)


@pytest.mark.real
def test_the_real_month_is_played_row_by_row():
    folder = real_folder("market")
    table = parquet.read_table(folder / "candles_1m.parquet")
    rng = np.random.default_rng(1)
    hand = Hand()
    start, end = tape_span(folder)
    with running_sandbox(SandboxConfig(tape=folder), hand.clock) as running:
        for symbol in ("BTCUSDT", "SOLUSDT", "DOGEUSDT"):
            rows = table.filter(pa.compute.equal(table["symbol"], symbol)).sort_by("open_time_ms")
            for index in rng.integers(200, rows.num_rows, 5).tolist():
                expected = rows.slice(index - 199, 200).to_pylist()
                hand.time = start + timedelta(minutes=index, seconds=59)
                played = market(running, "candles", symbol=symbol, granularity="1m", limit=200)
                assert [int(row[0]) for row in played] == [row["open_time_ms"] for row in expected]
                for row, recorded in zip(played, expected, strict=True):
                    wanted = [Decimal(repr(recorded[name])) for name in ("open", "high", "low", "close", "volume")]
                    assert [Decimal(text) for text in row[1:6]] == wanted
    assert end - start > timedelta(days=29)


@pytest.mark.real
def test_the_real_months_four_hour_bars_are_aggregates_of_its_minutes():
    folder = real_folder("market")
    hand = Hand()
    start, _ = tape_span(folder)
    hand.time = start + timedelta(days=12)
    with running_sandbox(SandboxConfig(tape=folder), hand.clock) as running:
        wide = market(running, "candles", symbol="ETHUSDT", granularity="4H", limit=1000)
        assert all(int(after[0]) - int(before[0]) == 14_400_000 for before, after in pairwise(wide))
        for row in wide[-4:-1]:
            end = int(row[0]) + 14_400_000
            minutes = market(running, "candles", symbol="ETHUSDT", granularity="1m", limit=240, endTime=end)
            assert len(minutes) == 240
            assert (row[1], row[4]) == (minutes[0][1], minutes[-1][4])
            assert Decimal(row[2]) == max(Decimal(minute[2]) for minute in minutes)
            assert Decimal(row[3]) == min(Decimal(minute[3]) for minute in minutes)
            assert Decimal(row[5]) == sum(Decimal(minute[5]) for minute in minutes)
