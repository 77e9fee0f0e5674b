"""What a library replay reads: a candle tape, settled funding and a decisions tape, checked and turned into exact integer columns.

Nothing is mended: a tape that can't be replayed as it stands is refused with the place of its first fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.engine.instruments import Instrument
from app.replay.scaled import PLACES_MAX, Flags, Floats, Ints, places_of, scaled, smallest_places

MINUTE_MS = 60_000
SECOND_MS = 1000
CANDLES = "candles_1m.parquet"
FUNDING = "funding_8h.parquet"
CANDLE_COLUMNS = ("symbol", "open_time_ms", "open", "high", "low", "close")
FUNDING_COLUMNS = ("symbol", "funding_time_ms", "rate")
DECISION_COLUMNS = ("account", "symbol", "time_ms", "action", "notional", "leverage", "stop_loss", "take_profit")


class ReplayInputError(ValueError):
    """A tape that can't be replayed; the text says which tape, where, and what it should hold."""


class Action(IntEnum):
    """What a decision row asks for. Closes come before opens in a round."""

    CLOSE = 0
    OPEN_LONG = 1
    OPEN_SHORT = 2


ACTIONS = {"close": Action.CLOSE, "open_long": Action.OPEN_LONG, "open_short": Action.OPEN_SHORT}


@dataclass(frozen=True, slots=True)
class Bars:
    """One symbol's minutes, oldest first: opening times in ms and prices in 10^-`places` USDT, as int64 columns of one length."""

    symbol: str
    places: int
    time: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints


@dataclass(frozen=True, slots=True)
class Settlements:
    """One symbol's funding: instants in ms (a venue's jitter of milliseconds rounded to the second) and rates in 10^-`places`."""

    places: int
    time: Ints
    rate: Ints


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions tape as columns of one length. `account` and `symbol` are positions in `accounts` and `symbols`, `bar` is the
    position of the bar whose close is the reference price; numbers that a row leaves out are NaN. `order` sorts the rows by account,
    time, closes before opens, place on the tape; `by_symbol` by account, symbol, time, closes before opens.
    """

    accounts: pa.Array
    symbols: Sequence[str]
    account: Ints
    symbol: Ints
    time: Ints
    action: Ints
    bar: Ints
    notional: Floats
    leverage: Ints
    stop_loss: Floats
    take_profit: Floats
    order: Ints
    by_symbol: Ints


def read_market(folder: Path | str) -> tuple[pa.Table, pa.Table | None]:
    """(candles, funding or None) of a folder that holds candles_1m.parquet and may hold funding_8h.parquet."""
    folder = Path(folder)
    if not (folder / CANDLES).is_file():
        raise ReplayInputError(f"no {CANDLES} in {folder}: a candle tape is a folder with that file")
    funding = folder / FUNDING
    return _read(folder / CANDLES), _read(funding) if funding.is_file() else None


def read_decisions(path: Path | str) -> pa.Table:
    """The decisions tape of a Parquet file."""
    path = Path(path)
    if not path.is_file():
        raise ReplayInputError(f"no decisions tape at {path}")
    return _read(path)


def symbols_of(table: pa.Table, instruments: Mapping[str, Instrument]) -> tuple[str, ...]:
    """The symbols a decisions tape trades, as they appear. Raises ReplayInputError for one without an instrument."""
    _need(table, "decisions tape", DECISION_COLUMNS)
    names, _ = _encoded(table, "decisions tape", "symbol")
    unknown = sorted(set(names) - set(instruments))
    if unknown:
        raise ReplayInputError(f"decisions tape: {', '.join(unknown)} has no instrument; known are {', '.join(sorted(instruments))}")
    return tuple(names)


def parse_candles(table: pa.Table, instruments: Mapping[str, Instrument]) -> dict[str, Bars]:
    """Minutes of every symbol that has an instrument; a tape may hold more. Raises ReplayInputError."""
    _need(table, "candle tape", CANDLE_COLUMNS)
    names, codes = _encoded(table, "candle tape", "symbol")
    time = _whole_column(table, "candle tape", "open_time_ms")
    prices = {name: _number_column(table, "candle tape", name) for name in ("open", "high", "low", "close")}
    found: dict[str, Bars] = {}
    for code, name in enumerate(names):
        if name in instruments:
            rows = _rows_of(codes, code)
            found[name] = _bars(name, instruments[name], time[rows], {what: column[rows] for what, column in prices.items()})
    absent = sorted(set(instruments) - set(found))
    if absent:
        raise ReplayInputError(f"candle tape: no minutes of {', '.join(absent)}; it holds {', '.join(sorted(names))}")
    return found


def _bars(symbol: str, instrument: Instrument, time: Ints, prices: Mapping[str, Floats]) -> Bars:
    late = np.flatnonzero(np.diff(time) <= 0)
    if late.size:
        raise ReplayInputError(f"candle tape: {symbol} is not sorted by time, or a minute is there twice, at {time[late[0] + 1]} ms")
    odd = np.flatnonzero(time % MINUTE_MS)
    if odd.size:
        raise ReplayInputError(f"candle tape: {symbol} has a bar that opens at {time[odd[0]]} ms, which is no whole minute")
    stacked = np.stack([prices[name] for name in ("open", "high", "low", "close")])
    fit = smallest_places(stacked, places_of(instrument.tick))
    if fit is None or (fit[1] <= 0).any():
        bad = np.flatnonzero(~(np.isfinite(stacked) & (stacked > 0)).all(axis=0))
        where = f"at {time[bad[0]]} ms" if bad.size else "(more than 12 decimals or 15 digits)"
        raise ReplayInputError(f"candle tape: {symbol} has a price that is no exact number above zero {where}")
    places, (opened, high, low, close) = fit[0], fit[1]
    wrong = np.flatnonzero((high < np.maximum(opened, close)) | (low > np.minimum(opened, close)))
    if wrong.size:
        raise ReplayInputError(f"candle tape: open or close of {symbol} lies outside low and high at {time[wrong[0]]} ms")
    return Bars(symbol, places, time, opened, high, low, close)


def parse_funding(table: pa.Table | None, symbols: Sequence[str]) -> dict[str, Settlements]:
    """Settlements by symbol, oldest first; symbols the tape doesn't name have none. Raises ReplayInputError."""
    if table is None:
        return {}
    _need(table, "funding tape", FUNDING_COLUMNS)
    names, codes = _encoded(table, "funding tape", "symbol")
    time = _whole_column(table, "funding tape", "funding_time_ms")
    rate = _number_column(table, "funding tape", "rate")
    fit = smallest_places(rate, 0)
    if fit is None:
        bad = np.flatnonzero(~scaled(rate, PLACES_MAX)[1])
        raise ReplayInputError(f"funding tape: no rate of at most {PLACES_MAX} decimals at {time[bad[0]]} ms")
    places, rates = fit
    instants = (time + SECOND_MS // 2) // SECOND_MS * SECOND_MS
    found: dict[str, Settlements] = {}
    for code, name in enumerate(names):
        rows = _rows_of(codes, code)
        if name not in symbols:
            continue
        late = np.flatnonzero(np.diff(instants[rows]) <= 0)
        if late.size:
            raise ReplayInputError(f"funding tape: {name} is not sorted by time, or settles twice, at {time[rows][late[0] + 1]} ms")
        found[name] = Settlements(places, instants[rows], rates[rows])
    return found


def parse_decisions(table: pa.Table, bars: Mapping[str, Bars]) -> Decisions:
    """The decisions, each with the bar that has just closed. Raises ReplayInputError."""
    _need(table, "decisions tape", DECISION_COLUMNS)
    accounts, account = _encoded_values(table, "decisions tape", "account")
    if not (pa.types.is_integer(accounts.type) or _is_text(accounts.type)):
        raise ReplayInputError(f"decisions tape: account must be whole numbers or text, not {accounts.type}")
    symbols, symbol = _encoded(table, "decisions tape", "symbol")
    time = _whole_column(table, "decisions tape", "time_ms")
    action = _actions(table)
    opens = action != Action.CLOSE
    numbers = {name: _number_column(table, "decisions tape", name, may_lack=True) for name in ("notional", "stop_loss", "take_profit")}
    for name, column in numbers.items():
        _only_finite(table, name, column, opens)
    _only_finite(table, "notional", numbers["notional"], opens, needed=True)
    leverage = _leverage(table, opens)
    order, by_symbol = _sorted_rows(account, symbol, time, action)
    return Decisions(
        accounts,
        symbols,
        account,
        symbol,
        time,
        action,
        _reference_bars(bars, symbols, symbol, time),
        numbers["notional"],
        leverage,
        numbers["stop_loss"],
        numbers["take_profit"],
        order,
        by_symbol,
    )


def _sorted_rows(account: Ints, symbol: Ints, time: Ints, action: Ints) -> tuple[Ints, Ints]:
    closing = np.where(action == Action.CLOSE, 0, 1)
    as_listed = np.lexsort((symbol, account))
    same = (np.diff(account[as_listed]) == 0) & (np.diff(symbol[as_listed]) == 0)
    back = np.flatnonzero(same & (np.diff(time[as_listed]) < 0))
    if back.size:
        raise ReplayInputError(f"decisions tape: row {as_listed[back[0] + 1]} is earlier than the row before it of its account and symbol")
    # Already by account, symbol and time: only a close listed after an open of the same instant has to move.
    by_symbol = np.lexsort((closing, time, symbol, account))
    same = (np.diff(account[by_symbol]) == 0) & (np.diff(symbol[by_symbol]) == 0)
    twice = np.flatnonzero(same & (np.diff(time[by_symbol]) == 0) & (np.diff(closing[by_symbol]) == 0))
    if twice.size:
        row = by_symbol[twice[0] + 1]
        raise ReplayInputError(f"decisions tape: row {row} is a duplicate: its account opens or closes its symbol twice at once")
    return np.lexsort((closing, time, account)), by_symbol


def _reference_bars(bars: Mapping[str, Bars], symbols: Sequence[str], symbol: Ints, time: Ints) -> Ints:
    found = np.zeros(len(time), np.int64)
    for code, name in enumerate(symbols):
        rows = _rows_of(symbol, code)
        opened, wanted = bars[name].time, time[rows] - MINUTE_MS
        at = np.minimum(np.searchsorted(opened, wanted), len(opened) - 1)
        absent = np.flatnonzero(opened[at] != wanted)
        if absent.size:
            raise ReplayInputError(
                f"decisions tape: no bar of {name} closes at {time[rows][absent[0]]} ms; its tape runs from {opened[0]} to {opened[-1]} ms"
            )
        found[rows] = at
    return found


def _actions(table: pa.Table) -> Ints:
    names, codes = _encoded(table, "decisions tape", "action")
    unknown = sorted(set(names) - set(ACTIONS))
    if unknown:
        raise ReplayInputError(f"decisions tape: unknown action {unknown[0]!r}; actions are {', '.join(ACTIONS)}")
    meanings = np.array([ACTIONS[name] for name in names], np.int64)
    return meanings[codes]


def _only_finite(table: pa.Table, name: str, column: Floats, opens: Flags, *, needed: bool = False) -> None:
    lacking = np.zeros(len(column), np.bool_) if needed else table[name].is_null().to_numpy()
    bad = np.flatnonzero(opens & ~lacking & ~np.isfinite(column))
    if bad.size:
        raise ReplayInputError(f"decisions tape: row {bad[0]} opens with a {name} that is no finite number")


def _leverage(table: pa.Table, opens: Flags) -> Ints:
    column = table["leverage"]
    if not pa.types.is_integer(column.type):
        raise ReplayInputError(f"decisions tape: leverage must be whole numbers, not {column.type}")
    bad = np.flatnonzero(opens & column.is_null().to_numpy())
    if bad.size:
        raise ReplayInputError(f"decisions tape: row {bad[0]} opens without a leverage")
    return _ints(column.fill_null(1))


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ReplayInputError(f"{path.name} is no readable Parquet file: {error}") from error


def _need(table: pa.Table, what: str, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise ReplayInputError(f"{what}: no column {', '.join(missing)}; it needs {', '.join(columns)}")
    if table.num_rows == 0:
        raise ReplayInputError(f"{what}: it is empty")


def _encoded(table: pa.Table, what: str, name: str) -> tuple[list[str], Ints]:
    values, codes = _encoded_values(table, what, name)
    if not _is_text(values.type):
        raise ReplayInputError(f"{what}: {name} must be text, not {values.type}")
    return values.to_pylist(), codes


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _encoded_values(table: pa.Table, what: str, name: str) -> tuple[pa.Array, Ints]:
    column = table[name].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    if column.null_count:
        raise ReplayInputError(f"{what}: {name} is missing in row {pc.index(column.is_null(), value=True).as_py()}")
    if not pa.types.is_dictionary(column.type):
        encoded = column.dictionary_encode()
        return encoded.dictionary, encoded.indices.to_numpy().astype(np.int64)
    # A dictionary may have its meanings in any order, and some that nothing uses.
    used = column.indices.unique()
    places = np.zeros(len(column.dictionary), np.int64)
    places[used.to_numpy()] = np.arange(len(used))
    return column.dictionary.take(used), places[column.indices.to_numpy()]


def _whole_column(table: pa.Table, what: str, name: str) -> Ints:
    column = table[name]
    if not pa.types.is_integer(column.type) or column.null_count:
        raise ReplayInputError(f"{what}: {name} must be whole milliseconds without gaps, not {column.type}")
    return _ints(column)


def _number_column(table: pa.Table, what: str, name: str, *, may_lack: bool = False) -> Floats:
    column = table[name]
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_null(column.type)):
        raise ReplayInputError(f"{what}: {name} must be numbers, not {column.type}")
    if column.null_count and not may_lack:
        raise ReplayInputError(f"{what}: {name} is missing in row {pc.index(column.is_null(), value=True).as_py()}")
    values: Floats = column.cast(pa.float64()).to_numpy().astype(np.float64, copy=False)
    return values


def _ints(column: pa.ChunkedArray) -> Ints:
    values: Ints = column.to_numpy().astype(np.int64, copy=False)
    return values


def _rows_of(codes: Ints, code: int) -> slice | Ints:
    """Rows of one name: a slice where they lie together, which needs no copy."""
    rows = np.flatnonzero(codes == code)
    if rows.size and rows[-1] - rows[0] + 1 == rows.size:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
