"""A replay held against what is stored, row by row and text by text: the same digits, or a difference with its place."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.money import plain
from app.replay.stored import Runner
from app.replay.stored_rows import Row, Rows
from app.store import tables

ORDERS = ("decision_id", "source", "symbol", "kind", "side", "state", "created_at")
FILLS = (
    "order_id",
    "trade_id",
    "symbol",
    "side",
    "purpose",
    "quantity",
    "price",
    "fee",
    "realised_pnl",
    "insured",
    "takeover",
    "beyond_depth",
    "parts",
    "at",
)
TRADES = (
    "number",
    "symbol",
    "side",
    "leverage",
    "state",
    "opened_at",
    "closed_at",
    "entry_quantity",
    "entry_price",
    "exit_quantity",
    "exit_price",
    "gross_pnl",
    "fees",
    "insured",
    "funding",
    "net_pnl",
    "exit_reason",
    "opened_by",
    "closed_by",
)
ENTRIES = ("posting", "fill_id", "order_id", "kind", "account", "symbol", "amount", "at")
PAYMENTS = ("symbol", "settlement_time", "trade_id", "side", "quantity", "mark", "rate", "amount", "insured", "posting", "paid_after")
POSITIONS = (
    "symbol",
    "side",
    "quantity",
    "entry_price",
    "leverage",
    "margin",
    "stop_loss",
    "take_profit",
    "armed_from",
    "funded_until",
    "trade_id",
)
ACCOUNTS = ("available", "initial", "trades_opened")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not what follows. `place` names the row within the contestant's books; None stands for a row that isn't there."""

    table: str
    contestant: str
    place: str
    column: str
    stored: str | None
    replayed: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """How many rows were compared, and what differs, in the order of the books."""

    rows: int
    differences: tuple[Difference, ...]


async def verify(connection: AsyncConnection, runners: Mapping[str, Runner], only: Sequence[str] = ()) -> Compared:
    """Hold replayed books against the stored ones, all tables of all replayed contestants.

    Unless `only` some were asked for, whoever has stored rows and was not replayed is a difference too.
    """
    rows, differences = 0, [] if only else await _strangers(connection, runners)
    for name, one in runners.items():
        stored = await stored_books(connection, name)
        replayed = _replayed(one)
        for table, columns in stored.items():
            rows += max(len(columns), len(replayed[table]))
            differences += _differences(table, name, columns, replayed[table])
    return Compared(rows, tuple(differences))


async def _strangers(connection: AsyncConnection, runners: Mapping[str, Runner]) -> list[Difference]:
    found: list[Difference] = []
    for table in (tables.trades, tables.orders, tables.fills, tables.ledger_entries, tables.funding_payments, tables.positions):
        names = (await connection.execute(select(table.c.contestant_id).distinct())).scalars()
        found += [Difference(table.name, name, "(contestant)", "(rows)", "stored", None) for name in names if name not in runners]
    named = (await connection.execute(select(tables.contestants.c.id))).scalars()
    return found + [Difference("contestants", name, "(contestant)", "(row)", "stored", None) for name in named if name not in runners]


def _replayed(one: Runner) -> dict[str, list[dict[str, str | None]]]:
    rows: Rows = one.rows
    account = {"available": one.account.available, "initial": one.held.initial, "trades_opened": one.account.trades_opened}
    return {
        "accounts": _texts([account], ACCOUNTS),
        "positions": _texts([rows.positions[symbol] for symbol in sorted(rows.positions)], POSITIONS),
        "trades": _texts([rows.trades[number] for number in sorted(rows.trades)], TRADES),
        "orders": _texts(rows.orders, ORDERS),
        "fills": _texts(rows.fills, FILLS),
        "funding_payments": _texts([rows.payments[place] for place in sorted(rows.payments)], PAYMENTS),
        "ledger_entries": _texts(rows.entries, ENTRIES),
    }


async def stored_books(connection: AsyncConnection, contestant: str) -> dict[str, list[dict[str, str | None]]]:
    """A contestant's stored rows, with trades, orders and fills named by their number within these books."""
    trades = await _rows(connection, tables.trades, contestant, "number")
    numbers = {row["id"]: row["number"] for row in trades}
    orders = await _rows(connection, tables.orders, contestant, "id")
    fills = await _rows(connection, tables.fills, contestant, "id")
    named = {
        "trade_id": numbers,
        "order_id": {row["id"]: place for place, row in enumerate(orders, start=1)},
        "fill_id": {row["id"]: place for place, row in enumerate(fills, start=1)},
    }
    found = {
        "accounts": (await _rows(connection, tables.accounts, contestant, "contestant_id"), ACCOUNTS),
        "positions": (sorted(await _rows(connection, tables.positions, contestant, "symbol"), key=_symbol), POSITIONS),
        "trades": (trades, TRADES),
        "orders": (orders, ORDERS),
        "fills": (fills, FILLS),
        "funding_payments": (sorted(await _rows(connection, tables.funding_payments, contestant, "id"), key=_settlement), PAYMENTS),
        "ledger_entries": (await _rows(connection, tables.ledger_entries, contestant, "id"), ENTRIES),
    }
    return {table: _texts([_renamed(row, named) for row in rows], columns) for table, (rows, columns) in found.items()}


async def _rows(connection: AsyncConnection, table: Table, contestant: str, order: str) -> list[Row]:
    statement = select(table).where(table.c.contestant_id == contestant).order_by(table.c[order])
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


def _symbol(row: Row) -> str:
    return str(row["symbol"])


def _settlement(row: Row) -> tuple[str, datetime]:
    return row["symbol"], row["settlement_time"]


def _renamed(row: Row, named: Mapping[str, Mapping[int, int]]) -> Row:
    """A row whose references are numbers within the books; one that leads nowhere keeps its id, below zero."""
    return {column: named[column].get(value, -value) if column in named and value is not None else value for column, value in row.items()}


def _texts(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[dict[str, str | None]]:
    return [{column: _text(row[column]) for column in columns} for row in rows]


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case Decimal():
            return plain(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds")
        case list() | dict():
            return json.dumps(value, sort_keys=True)
        case _:
            return str(value)


def _differences(
    table: str, contestant: str, stored: Sequence[Mapping[str, str | None]], replayed: Sequence[Mapping[str, str | None]]
) -> Iterator[Difference]:
    for place, (here, there) in enumerate(zip_longest(stored, replayed), start=1):
        if here is None or there is None:
            row = here or there or {}
            yield Difference(table, contestant, _place(table, place, row), "(row)", _line(here), _line(there))
            continue
        for column, value in here.items():
            if value != there[column]:
                yield Difference(table, contestant, _place(table, place, here), column, value, there[column])


def _place(table: str, place: int, row: Mapping[str, str | None]) -> str:
    match table:
        case "accounts":
            return "the account"
        case "trades":
            return f"trade {row['number']}"
        case "positions":
            return str(row["symbol"])
        case "funding_payments":
            return f"{row['symbol']} at {row['settlement_time']}"
        case "ledger_entries":
            return f"posting {row['posting']}, entry {place}"
        case _:
            return f"{table.removesuffix('s')} {place}"


def _line(row: Mapping[str, str | None] | None) -> str | None:
    return None if row is None else ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
