"""A recorded market played as the venue: a folder of Parquet files with one-minute candles and, where known, settled funding.

`candles_1m.parquet`: symbol, open_time_ms, open, high, low, close, volume (base coin). `funding_8h.parquet` (may be absent): symbol,
funding_time_ms, rate. Recordings have no one-minute mark or index series: last stands in for both. Nothing is invented: minutes that are
not on the tape do not exist, after its end the last row stays with its old time, and open interest is unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from app.sandbox.prices.bars import HOUR_MINUTES, MINUTE_MS, NO_BARS, Bars, Ints, coarser, turnover_cents
from app.sandbox.prices.chance import Floats
from app.sandbox.prices.contracts import CONTRACTS, VOLUME_PLACES, Contract
from app.sandbox.prices.feed import Feed, Kind

CANDLES = "candles_1m.parquet"
CANDLE_COLUMNS = ("symbol", "open_time_ms", "open", "high", "low", "close", "volume")
FUNDING = "funding_8h.parquet"
FUNDING_COLUMNS = ("symbol", "funding_time_ms", "rate")
TIMES = frozenset({"open_time_ms", "funding_time_ms"})
PLACES_MAX = 8
WHOLE_WITHIN = 1e-3
"""How near to a whole number of ticks a recorded float must be."""


class TapeError(Exception):
    """A tape that can't be played; the text is one sentence that says what is wrong and what the folder should hold."""


class TapePrices:
    """Prices from a tape: whole arrays in memory, about 50 bytes a minute and symbol."""

    def __init__(self, bars: Mapping[str, Bars]) -> None:
        self._minutes = bars
        self._hours = {symbol: coarser(one, _hour_edges(one)) for symbol, one in bars.items()}

    def minutes(self, symbol: str, kind: Kind, first: int, last: int) -> Bars:
        """See Prices."""
        return _of_kind(self._minutes[symbol].between(first, last), kind)

    def hours(self, symbol: str, kind: Kind, first: int, last: int) -> Bars:
        """See Prices."""
        return _of_kind(self._hours[symbol].between(first, last), kind)

    def as_of(self, symbol: str, now_ms: int) -> int | None:
        """See Prices."""
        recorded = self._minutes.get(symbol, NO_BARS).minute
        row = int(np.searchsorted(recorded, now_ms // MINUTE_MS, side="right")) - 1
        if row < 0:
            return None
        return min(now_ms, (int(recorded[row]) + 1) * MINUTE_MS - 1)


class TapeCarry:
    """Funding from a tape. What the next settlement will charge is announced before it, as venues' estimates come close to it."""

    def __init__(self, rates: Mapping[str, Sequence[tuple[int, Decimal]]]) -> None:
        self._rates = rates

    def settled(self, symbol: str, now_ms: int) -> Sequence[tuple[int, Decimal]]:
        """See Carry."""
        return [row for row in self._rates.get(symbol, ()) if row[0] <= now_ms]

    def current_rate(self, symbol: str, now_ms: int) -> Decimal | None:
        """See Carry."""
        rates = self._rates.get(symbol, ())
        upcoming = next((rate for at, rate in rates if at > now_ms), None)
        return upcoming if upcoming is not None or not rates else rates[-1][1]

    def open_interest(self, symbol: str, now_ms: int) -> int | None:
        """See Carry: not on a tape."""
        _ = symbol, now_ms
        return None


def tape_feed(folder: Path, seed: int) -> Feed:
    """The recorded market of a folder. Raises TapeError."""
    columns = _read(folder, CANDLES, CANDLE_COLUMNS)
    names, codes = _names(columns.pop("symbol"))
    played = {
        symbol: _played(folder, contract, {name: column[codes == names.index(symbol)] for name, column in columns.items()})
        for symbol, contract in CONTRACTS.items()
        if symbol in names
    }
    if not played:
        raise TapeError(f"{folder / CANDLES} has none of the symbols the sandbox lists: {', '.join(CONTRACTS)}.")
    contracts = {symbol: contract for symbol, (contract, _) in played.items()}
    prices = TapePrices({symbol: bars for symbol, (_, bars) in played.items()})
    return Feed({"tape": str(folder)}, seed, contracts, prices, TapeCarry(_funding(folder)))


def tape_span(folder: Path) -> tuple[datetime, datetime]:
    """When the tape begins (its first bar opens) and ends (its last bar closes), UTC. Raises TapeError."""
    times = _read(folder, CANDLES, CANDLE_COLUMNS)["open_time_ms"]
    if not len(times):
        raise TapeError(f"{folder / CANDLES} has no rows: a tape needs one-minute candles.")
    return _utc(int(times.min())), _utc(int(times.max()) + MINUTE_MS)


def _played(folder: Path, contract: Contract, columns: Mapping[str, Any]) -> tuple[Contract, Bars]:
    order = np.argsort(columns["open_time_ms"], kind="stable")
    times = columns["open_time_ms"][order]
    prices = [columns[name][order] for name in ("open", "high", "low", "close")]
    volume = columns["volume"][order]
    _refuse_broken(folder / CANDLES, contract.symbol, times, prices, volume)
    # A recording may be finer than the sandbox's own terms; its prices are kept, so the tick follows.
    places = max(contract.price_places, _places(np.concatenate(prices)))
    opening, high, low, close = (np.rint(price * 10.0**places).astype(np.int64) for price in prices)
    units = np.rint(volume * 10.0**VOLUME_PLACES).astype(np.int64)
    turnover = turnover_cents(opening + high + low + close, units, places + VOLUME_PLACES)
    return replace(contract, price_places=places), Bars(times // MINUTE_MS, opening, high, low, close, units, turnover)


def _refuse_broken(path: Path, symbol: str, times: Ints, prices: Sequence[Floats], volume: Floats) -> None:
    opening, high, low, close = prices
    if (times % MINUTE_MS).any() or (np.diff(times) <= 0).any():
        raise TapeError(
            f"{path}: {symbol} has open_time_ms twice or off the full minute; there must be one row a minute, in Unix milliseconds."
        )
    sound = (low > 0) & (low <= np.minimum(opening, close)) & (high >= np.maximum(opening, close)) & np.isfinite(high) & (volume >= 0)
    if not sound.all():
        at = _utc(int(times[int(np.argmin(sound))]))
        raise TapeError(
            f"{path}: the {symbol} bar of {at:%Y-%m-%d %H:%M} is impossible; it must have 0 < low <= open, close <= high and volume >= 0."
        )


def _places(prices: Floats) -> int:
    for places in range(PLACES_MAX):
        scaled = prices * 10.0**places
        if (np.abs(scaled - np.rint(scaled)) < WHOLE_WITHIN).all():
            return places
    return PLACES_MAX


def _names(symbols: Any) -> tuple[list[str], Ints]:
    return symbols.dictionary.to_pylist(), symbols.indices.to_numpy()


def _funding(folder: Path) -> dict[str, list[tuple[int, Decimal]]]:
    if not (folder / FUNDING).exists():
        return {}
    columns = _read(folder, FUNDING, FUNDING_COLUMNS)
    names, codes = _names(columns["symbol"])
    rates: dict[str, list[tuple[int, Decimal]]] = {}
    for at, code, rate in sorted(zip(columns["funding_time_ms"].tolist(), codes.tolist(), columns["rate"].tolist(), strict=True)):
        rates.setdefault(names[code], []).append((at, Decimal(repr(rate))))
    return rates


def _read(folder: Path, name: str, columns: Sequence[str]) -> dict[str, Any]:
    # Costs 50 MB and half a second, which a synthetic market need not pay.
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    path = folder / name
    if not folder.is_dir():
        raise TapeError(f"The tape {folder} is not a folder: it should hold {CANDLES} with the columns {', '.join(CANDLE_COLUMNS)}.")
    if not path.is_file():
        raise TapeError(f"The tape {folder} has no {name}: it should be a Parquet file with the columns {', '.join(columns)}.")
    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            missing = sorted(set(columns) - set(file.schema_arrow.names))
            if missing:
                raise TapeError(f"{path} lacks the columns {', '.join(missing)}: it should have {', '.join(columns)}.")
            found = {field: _plain(file.read(columns=[field], use_threads=False).column(0), field) for field in columns}
            pa.default_memory_pool().release_unused()
            return found
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        reason = str(error).split("\n", maxsplit=1)[0].rstrip(".")
        raise TapeError(f"{path} can't be read as Parquet with the columns {', '.join(columns)}: {reason}.") from None


def _plain(column: Any, field: str) -> Any:
    # One column at a time and names as numbers: a month of six symbols must not cost hundreds of megabytes while it is read.
    if field == "symbol":
        return column.cast("string").combine_chunks().dictionary_encode()
    if column.null_count:
        raise ValueError(f"{field} has {column.null_count} empty cells")
    return column.to_numpy().astype(np.int64 if field in TIMES else np.float64, copy=False)


def _of_kind(bars: Bars, kind: Kind) -> Bars:
    if kind is Kind.LAST:
        return bars
    nothing = np.zeros(len(bars), dtype=np.int64)
    return replace(bars, volume=nothing, turnover=nothing)


def _hour_edges(bars: Bars) -> Ints:
    return np.arange(int(bars.minute[0]) // HOUR_MINUTES * HOUR_MINUTES, int(bars.minute[-1]) + 1, HOUR_MINUTES, dtype=np.int64)


def _utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
