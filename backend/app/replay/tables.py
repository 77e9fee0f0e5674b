"""The result tables of a library replay: their columns, and one builder each that both lanes use, so that equal books are equal bytes.

Cash and quantities are decimal128(38, 8), prices and rates decimal128(38, 12), averages rounded half-even to that. Times are ms since the
epoch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from app.engine.ledger import LedgerAccount, PostingKind
from app.engine.trades import Purpose, Side
from app.replay.scaled import Ints

CASH_PLACES = 8
PRICE_PLACES = 12
QUANTITY_PLACES = 8
CASH = pa.decimal128(38, CASH_PLACES)
PRICE = pa.decimal128(38, PRICE_PLACES)
QUANTITY = pa.decimal128(38, QUANTITY_PLACES)
PRICE_STEP = Decimal(1).scaleb(-PRICE_PLACES)
SMALL = 127
"""How many meanings an int8 tells apart."""

GAP = int(np.iinfo(np.int64).min)
"""Null in a numpy column."""

SIDES = tuple(Side)
PURPOSES = tuple(Purpose)
KINDS = tuple(PostingKind)
LEDGER_ACCOUNTS = tuple(LedgerAccount)
"""Codes of the text columns: positions in these."""


@dataclass(frozen=True, slots=True)
class ReplayTables:
    """What a replay gives: one table a noun, rows by account in the order of the tape and then in the order of events.

    `accounts`: account, starting_balance, available, margin, unrealised_pnl (at the last close of each symbol), equity, trades, refusals,
    liquidations.
    `fills`: account, decision (row of the tape; null for a trigger), symbol, time_ms, side, purpose, quantity, price, fee, realised_pnl,
    insured, takeover, trade.
    `trades`: account, trade, symbol, side, leverage, opened_ms, closed_ms, entry_quantity, entry_price, exit_quantity, exit_price,
    exit_reason, gross_pnl, fees, insured, funding, net_pnl; those still open have nulls.
    `ledger`: account, posting (numbered from 0, the deposit), time_ms, kind, ledger_account, symbol, amount; a posting's amounts sum to
    zero, and zero amounts are not written.
    `funding`: account, symbol, time_ms, side, quantity, rate, mark, amount, insured, trade.
    `refusals`: account, decision, time_ms, code, message, needed, available (decimal text).
    """

    accounts: pa.Table
    fills: pa.Table
    trades: pa.Table
    ledger: pa.Table
    funding: pa.Table
    refusals: pa.Table

    def by_name(self) -> dict[str, pa.Table]:
        """The tables by their names."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


Column = Sequence[Any] | Ints
Columns = Mapping[str, Column]

MEANINGS: Mapping[str, Sequence[str]] = {
    "side": SIDES,
    "purpose": PURPOSES,
    "exit_reason": PURPOSES,
    "kind": KINDS,
    "ledger_account": LEDGER_ACCOUNTS,
}

ACCOUNTS = {
    "account": pa.int64(),
    "starting_balance": CASH,
    "available": CASH,
    "margin": CASH,
    "unrealised_pnl": CASH,
    "equity": CASH,
    "trades": pa.int64(),
    "refusals": pa.int64(),
    "liquidations": pa.int64(),
}
FILLS = {
    "account": pa.int64(),
    "decision": pa.int64(),
    "symbol": "code",
    "time_ms": pa.int64(),
    "side": "code",
    "purpose": "code",
    "quantity": QUANTITY,
    "price": PRICE,
    "fee": CASH,
    "realised_pnl": CASH,
    "insured": CASH,
    "takeover": CASH,
    "trade": pa.int64(),
}
TRADES = {
    "account": pa.int64(),
    "trade": pa.int64(),
    "symbol": "code",
    "side": "code",
    "leverage": pa.int64(),
    "opened_ms": pa.int64(),
    "closed_ms": pa.int64(),
    "entry_quantity": QUANTITY,
    "entry_price": PRICE,
    "exit_quantity": QUANTITY,
    "exit_price": PRICE,
    "exit_reason": "code",
    "gross_pnl": CASH,
    "fees": CASH,
    "insured": CASH,
    "funding": CASH,
    "net_pnl": CASH,
}
LEDGER = {
    "account": pa.int64(),
    "posting": pa.int64(),
    "time_ms": pa.int64(),
    "kind": "code",
    "ledger_account": "code",
    "symbol": "code",
    "amount": CASH,
}
FUNDING = {
    "account": pa.int64(),
    "symbol": "code",
    "time_ms": pa.int64(),
    "side": "code",
    "quantity": QUANTITY,
    "rate": PRICE,
    "mark": PRICE,
    "amount": CASH,
    "insured": CASH,
    "trade": pa.int64(),
}
REFUSALS = {
    "account": pa.int64(),
    "decision": pa.int64(),
    "time_ms": pa.int64(),
    "code": pa.string(),
    "message": pa.string(),
    "needed": pa.string(),
    "available": pa.string(),
}
LAYOUTS = {"accounts": ACCOUNTS, "fills": FILLS, "trades": TRADES, "ledger": LEDGER, "funding": FUNDING, "refusals": REFUSALS}


def build(name: str, columns: Columns, symbols: Sequence[str]) -> pa.Table:
    """One result table, accounts and symbols as codes, from its columns: numpy int64 (money as whole numbers of the column's last place,
    GAP for null) or Python lists (money as Decimal, None for null). Text columns hold positions in their tuple of meanings.
    """
    return pa.table({what: _array(what, kind, columns[what], symbols) for what, kind in LAYOUTS[name].items()})


def finish(parts: Sequence[Mapping[str, pa.Table]], accounts: pa.Array) -> ReplayTables:
    """The tables of disjoint sets of accounts as one set, accounts in tape order and by name."""
    return ReplayTables(**{name: _named(pa.concat_tables([part[name] for part in parts]), len(parts), accounts) for name in LAYOUTS})


def _named(table: pa.Table, parts: int, accounts: pa.Array) -> pa.Table:
    table = table.combine_chunks()
    if parts > 1:
        table = table.take(np.argsort(table["account"].to_numpy(), kind="stable")).combine_chunks()
    return table.set_column(0, "account", accounts.take(table["account"].combine_chunks()))


def _array(what: str, kind: Any, values: Column, symbols: Sequence[str]) -> pa.Array:
    if kind == "code":
        meanings = symbols if what == "symbol" else MEANINGS[what]
        codes = _plain(values, pa.int8() if len(meanings) <= SMALL else pa.int32())
        return pa.DictionaryArray.from_arrays(codes, pa.array([str(one) for one in meanings], pa.string()))
    if isinstance(values, np.ndarray) and pa.types.is_decimal(kind):
        return _decimals(values, kind)
    return _plain(values, kind)


def _plain(values: Column, kind: pa.DataType) -> pa.Array:
    if not isinstance(values, np.ndarray):
        return pa.array(values, kind)
    gaps = values == GAP
    if not gaps.any():
        return pa.array(values, kind)
    return pa.array(np.where(gaps, 0, values), kind, mask=gaps)


def _decimals(values: Ints, kind: pa.DataType) -> pa.Array:
    """A decimal128 column of int64 numbers: 16 bytes each, low word first, the sign in the high word."""
    words = np.empty((len(values), 2), np.int64)
    words[:, 0] = values
    words[:, 1] = values >> 63
    gaps = values == GAP
    valid = pa.py_buffer(np.packbits(~gaps, bitorder="little")) if gaps.any() else None
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(words)])


def rounded(value: Decimal | None) -> Decimal | None:
    """A price or an average with at most PRICE_PLACES decimals."""
    return None if value is None else value.quantize(PRICE_STEP)
