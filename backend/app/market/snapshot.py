"""Snapshots and books as canonical JSON, and back without loss: what everybody saw can be stored, hashed and replayed byte for byte.

Candles are cut into chunks of 50 bars at multiples of 50 bars since 1970, each named by its SHA-256, so that cycles share what they share.
The manifest names every chunk; its own SHA-256 is the snapshot's content hash. Numbers are plain text, times ISO 8601 with Z. Pure: no I/O.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from typing import Any

from app.engine.books import Book, Level
from app.engine.instruments import Instrument, LeverageTier
from app.engine.market import Candle, Quote, Snapshot, SymbolView, Timeframe
from app.engine.money import plain

CHUNK_BARS = 50
FORMAT = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_QUOTE_NUMBERS = (
    "last",
    "mark",
    "index",
    "bid",
    "ask",
    "funding_rate",
    "open_interest",
    "high_24h",
    "low_24h",
    "change_24h",
    "volume_24h_usdt",
)
_INSTRUMENT_NUMBERS = (
    "tick",
    "lot",
    "min_quantity",
    "min_notional",
    "max_market_quantity",
    "taker_fee_rate",
    "maker_fee_rate",
    "price_band",
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A snapshot as bytes: the manifest, and the chunks it names by their SHA-256 (hex)."""

    content_hash: str
    manifest: bytes
    chunks: Mapping[str, bytes]


def encode(snapshot: Snapshot) -> Encoded:
    """The snapshot as canonical JSON; equal snapshots give equal bytes. The order of symbols is kept, prompts follow it."""
    chunks: dict[str, bytes] = {}
    instruments = _add(chunks, [_instrument_row(view.instrument) for view in snapshot.symbols.values()])
    manifest = _json(
        {
            "format": FORMAT,
            "taken_at": _iso(snapshot.taken_at),
            "venue": snapshot.venue,
            "instruments": instruments,
            "symbols": [_symbol_row(name, view, chunks) for name, view in snapshot.symbols.items()],
        }
    )
    return Encoded(_hash(manifest), manifest, chunks)


def decode(manifest: bytes, chunks: Mapping[str, bytes], *, candles: bool = True) -> Snapshot:
    """The snapshot again; without its candles where nobody looks at them. Raises ValueError when a chunk is missing or damaged."""
    data = json.loads(manifest)
    if data["format"] != FORMAT:
        raise ValueError(f"snapshot format {data['format']} is not one this version reads ({FORMAT})")
    instruments = [_instrument(row) for row in _chunk(chunks, data["instruments"])]
    return Snapshot(
        taken_at=_time(data["taken_at"]),
        venue=data["venue"],
        symbols={
            row["symbol"]: SymbolView(
                instrument=instrument,
                quote=None if row["quote"] is None else _quote(row["quote"]),
                candles_5m=_candles(row["candles_5m"], chunks) if candles else (),
                candles_4h=_candles(row["candles_4h"], chunks) if candles else (),
                unusable=row["unusable"],
            )
            for row, instrument in zip(data["symbols"], instruments, strict=True)
        },
        content_hash=_hash(manifest),
    )


def chunk_hashes(manifest: bytes) -> list[str]:
    """Names of the chunks that `decode` needs."""
    data = json.loads(manifest)
    candles = [name for row in data["symbols"] for name in (*row["candles_5m"], *row["candles_4h"])]
    return [data["instruments"], *candles]


def terms_hash(manifest: bytes) -> str:
    """Name of the one chunk that `decode` needs without candles."""
    return str(json.loads(manifest)["instruments"])


def encode_books(books: Mapping[str, Book]) -> bytes:
    """Order books as canonical JSON, levels as [price, quantity] pairs."""
    return _json(
        [
            {"symbol": name, "book": book.symbol, "time": _iso(book.time), "bids": _levels_row(book.bids), "asks": _levels_row(book.asks)}
            for name, book in books.items()
        ]
    )


def decode_books(data: bytes) -> dict[str, Book]:
    """Order books again, exactly."""
    return {row["symbol"]: Book(row["book"], _time(row["time"]), _levels(row["bids"]), _levels(row["asks"])) for row in json.loads(data)}


def _symbol_row(name: str, view: SymbolView, chunks: dict[str, bytes]) -> dict[str, Any]:
    return {
        "symbol": name,
        "quote": None if view.quote is None else _quote_row(view.quote),
        "candles_5m": _candle_chunks(view.candles_5m, Timeframe.FIVE_MINUTES, chunks),
        "candles_4h": _candle_chunks(view.candles_4h, Timeframe.FOUR_HOURS, chunks),
        "unusable": view.unusable,
    }


def _candle_chunks(candles: Sequence[Candle], timeframe: Timeframe, chunks: dict[str, bytes]) -> list[str]:
    span = CHUNK_BARS * timeframe.width
    return [_add(chunks, [_candle_row(bar) for bar in bars]) for _, bars in groupby(candles, lambda bar: (bar.open_time - EPOCH) // span)]


def _candles(names: Sequence[str], chunks: Mapping[str, bytes]) -> tuple[Candle, ...]:
    return tuple(Candle(_time(row[0]), *(Decimal(text) for text in row[1:])) for name in names for row in _chunk(chunks, name))


def _candle_row(bar: Candle) -> list[str]:
    return [_iso(bar.open_time), plain(bar.open), plain(bar.high), plain(bar.low), plain(bar.close), plain(bar.volume)]


def _quote_row(quote: Quote) -> dict[str, str | None]:
    times = {"symbol": quote.symbol, "time": _iso(quote.time), "next_funding_time": _text(quote.next_funding_time)}
    return {**times, **{name: _text(getattr(quote, name)) for name in _QUOTE_NUMBERS}}


def _quote(row: Mapping[str, str | None]) -> Quote:
    following = row["next_funding_time"]
    numbers: dict[str, Any] = {name: _number(row[name]) for name in _QUOTE_NUMBERS}
    return Quote(
        symbol=str(row["symbol"]),
        time=_time(str(row["time"])),
        next_funding_time=None if following is None else _time(following),
        **numbers,
    )


def _instrument_row(instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": instrument.symbol,
        **{name: _text(getattr(instrument, name)) for name in _INSTRUMENT_NUMBERS},
        "max_leverage": instrument.max_leverage,
        "funding_interval_hours": instrument.funding_interval_hours,
        "tiers": [
            [tier.level, plain(tier.lower), plain(tier.upper), tier.max_leverage, plain(tier.maintenance_rate)] for tier in instrument.tiers
        ],
    }


def _instrument(row: Mapping[str, Any]) -> Instrument:
    numbers: dict[str, Any] = {name: _number(row[name]) for name in _INSTRUMENT_NUMBERS}
    return Instrument(
        symbol=row["symbol"],
        max_leverage=row["max_leverage"],
        funding_interval_hours=row["funding_interval_hours"],
        tiers=tuple(
            LeverageTier(level, Decimal(lower), Decimal(upper), leverage, Decimal(rate))
            for level, lower, upper, leverage, rate in row["tiers"]
        ),
        **numbers,
    )


def _levels_row(levels: Sequence[Level]) -> list[list[str]]:
    return [[plain(level.price), plain(level.quantity)] for level in levels]


def _levels(rows: Sequence[Sequence[str]]) -> tuple[Level, ...]:
    return tuple(Level(Decimal(price), Decimal(quantity)) for price, quantity in rows)


def _add(chunks: dict[str, bytes], rows: object) -> str:
    content = _json(rows)
    name = _hash(content)
    chunks[name] = content
    return name


def _chunk(chunks: Mapping[str, bytes], name: str) -> Any:
    content = chunks.get(name)
    if content is None:
        raise ValueError(f"chunk {name} of the snapshot is missing")
    if _hash(content) != name:
        raise ValueError(f"chunk {name} of the snapshot is damaged: its bytes have another hash")
    return json.loads(content)


def _text(value: Decimal | datetime | None) -> str | None:
    if value is None:
        return None
    return _iso(value) if isinstance(value, datetime) else plain(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()


def window_start(newest: datetime, timeframe: Timeframe, bars: int) -> datetime:
    """Where a window ending with the bar opened at `newest` must begin to hold at least `bars` bars and start on a whole chunk."""
    span = CHUNK_BARS * timeframe.width
    wanted = newest - (bars - 1) * timeframe.width
    return EPOCH + (wanted - EPOCH) // span * span
