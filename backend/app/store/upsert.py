"""Insert-or-update and insert-or-ignore, which the two databases spell alike but SQLAlchemy keeps per dialect."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def upsert(connection: AsyncConnection, table: Table, *, key: Sequence[str]) -> Any:
    """Insert rows (given at execution), or replace the values of those with the same key."""
    statement = _insert(connection, table)
    changes = {column.name: statement.excluded[column.name] for column in table.c if column.name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=changes)


def insert_missing(connection: AsyncConnection, table: Table, *, key: Sequence[str]) -> Any:
    """Insert rows (given at execution) whose key is not there yet."""
    return _insert(connection, table).on_conflict_do_nothing(index_elements=list(key))


def _insert(connection: AsyncConnection, table: Table) -> Any:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
