import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.engine.books import Book, Level
from app.engine.instruments import Instrument, LeverageTier
from app.engine.market import Candle, Quote, Snapshot, SymbolView, Timeframe
from app.market.snapshot import chunk_hashes, decode, decode_books, encode, encode_books
from tests.market.values import AT, candles, quote

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e30"), max_value=Decimal("1e30"))
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants the bounds naive
CANDLES = st.builds(Candle, open_time=TIMES, open=NUMBERS, high=NUMBERS, low=NUMBERS, close=NUMBERS, volume=NUMBERS)
QUOTES = st.builds(
    Quote,
    symbol=st.text(max_size=12),
    time=TIMES,
    last=NUMBERS,
    mark=NUMBERS,
    **{
        name: st.none() | NUMBERS
        for name in ("index", "bid", "ask", "funding_rate", "open_interest", "high_24h", "low_24h", "change_24h", "volume_24h_usdt")
    },
    next_funding_time=st.none() | TIMES,
)
TIERS = st.builds(
    LeverageTier, level=st.integers(1, 20), lower=NUMBERS, upper=NUMBERS, max_leverage=st.integers(1, 200), maintenance_rate=NUMBERS
)
INSTRUMENTS = st.builds(
    Instrument,
    symbol=st.text(max_size=12),
    **dict.fromkeys(("tick", "lot", "min_quantity", "min_notional", "taker_fee_rate", "maker_fee_rate", "price_band"), NUMBERS),
    max_market_quantity=st.none() | NUMBERS,
    max_leverage=st.integers(1, 200),
    funding_interval_hours=st.integers(1, 24),
    tiers=st.lists(TIERS, max_size=3).map(tuple),
)
VIEWS = st.builds(
    SymbolView,
    instrument=INSTRUMENTS,
    quote=st.none() | QUOTES,
    candles_5m=st.lists(CANDLES, max_size=4).map(tuple),
    candles_4h=st.lists(CANDLES, max_size=4).map(tuple),
    unusable=st.none() | st.text(max_size=40),
)
SNAPSHOTS = st.builds(
    Snapshot, taken_at=TIMES, venue=st.text(max_size=12), symbols=st.dictionaries(st.text(max_size=12), VIEWS, max_size=3)
)
LEVELS = st.lists(st.builds(Level, price=NUMBERS, quantity=NUMBERS), max_size=5).map(tuple)
BOOKS = st.builds(Book, symbol=st.text(max_size=12), time=TIMES, bids=LEVELS, asks=LEVELS)

INSTRUMENT = Instrument(
    "BTCUSDT", *(Decimal(text) for text in ("0.1", "0.001", "0.001", "5", "220", "0.0006", "0.0002")), 125, 8, Decimal("0.01"), ()
)


def snapshot(at: datetime = AT, count: int = 340) -> Snapshot:
    view = SymbolView(INSTRUMENT, quote(), candles(count, until=at), candles(count, until=at, timeframe=Timeframe.FOUR_HOURS))
    return Snapshot(at, "bitget", {"BTCUSDT": view, "ETHUSDT": replace(view, unusable="stale")})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SNAPSHOTS)
def test_a_snapshot_comes_back_exactly(taken):
    encoded = encode(taken)
    again = decode(encoded.manifest, encoded.chunks)
    assert again == taken
    assert again.content_hash == encoded.content_hash
    assert list(again.symbols) == list(taken.symbols)
    assert encode(again) == encoded


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(max_size=12), BOOKS, max_size=3))
def test_books_come_back_exactly(books):
    again = decode_books(encode_books(books))
    assert again == books
    assert list(again) == list(books)


def test_the_same_market_has_the_same_hash_and_another_one_another():
    one, other = encode(snapshot()), encode(replace(snapshot(), venue="other"))
    assert one == encode(snapshot())
    assert one.content_hash != other.content_hash


def test_the_next_cycle_shares_all_chunks_but_those_that_got_a_bar():
    first, second = encode(snapshot()), encode(snapshot(AT + timedelta(minutes=5), 341))
    new = second.chunks.keys() - first.chunks.keys()
    assert len(new) <= 2
    assert len(second.chunks) > 10


def test_a_manifest_names_every_chunk_that_is_needed():
    encoded = encode(snapshot())
    assert set(chunk_hashes(encoded.manifest)) == set(encoded.chunks)


def test_a_damaged_chunk_is_refused():
    encoded = encode(snapshot())
    name = next(iter(encoded.chunks))
    with pytest.raises(ValueError, match="damaged"):
        decode(encoded.manifest, {**encoded.chunks, name: b"[]"})


def test_a_missing_chunk_is_refused():
    with pytest.raises(ValueError, match="missing"):
        decode(encode(snapshot()).manifest, {})


def test_a_snapshot_of_a_later_format_is_refused():
    encoded = encode(snapshot())
    with pytest.raises(ValueError, match="format 2"):
        decode(encoded.manifest.replace(b'"format":1', b'"format":2'), encoded.chunks)


def test_fifty_levels_of_six_symbols_take_less_than_ten_kilobytes_compressed():
    levels = tuple(Level(Decimal("67123.4") + Decimal(index * 7 % 13) / 10, Decimal(index * 7919 % 10007) / 1000) for index in range(50))
    books = {name: Book(name, AT, levels, levels[::-1]) for name in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT")}
    assert len(zlib.compress(encode_books(books))) < 10_000
