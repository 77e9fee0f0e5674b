"""Insert-or-update and insert-or-ignore, which the two databases spell alike but SQLAlchemy keeps per dialect."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def _insert(connection: AsyncConnection, table: Table) -> Any:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def upsert(connection: AsyncConnection, table: Table, row: Mapping[str, Any], *, key: Sequence[str]) -> Any:
    """Insert a row, or replace the values of the one with the same key."""
    changes = {name: value for name, value in row.items() if name not in key}
    return _insert(connection, table).values(dict(row)).on_conflict_do_update(index_elements=list(key), set_=changes)


def insert_missing(connection: AsyncConnection, table: Table, *, key: Sequence[str]) -> Any:
    """Insert rows (given at execution) whose key is not there yet."""
    return _insert(connection, table).on_conflict_do_nothing(index_elements=list(key))
