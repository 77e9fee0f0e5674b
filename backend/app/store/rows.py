"""From result rows to frozen records, and the paging every list shares."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Select, Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.types import storable

Record = TypeVar("Record")

PAGE_ROWS_MAX = 500
"""The most rows one page of a list may have."""


async def records(connection: AsyncConnection, statement: Select[Any], kind: type[Record]) -> list[Record]:
    """All rows as records; columns and fields have the same names."""
    result = await connection.execute(statement)
    names = tuple(result.keys())
    return [kind(**dict(zip(names, row, strict=True))) for row in result]


async def first(connection: AsyncConnection, statement: Select[Any], kind: type[Record]) -> Record | None:
    """The first row as a record, or None."""
    row = (await connection.execute(statement.limit(1))).mappings().first()
    return None if row is None else kind(**row)


def columns_of(table: Table, kind: type[Any], *, without: Sequence[str] = ()) -> list[Any]:
    """The table's columns that a record has fields for, but for those that come from elsewhere."""
    return [table.c[one.name] for one in fields(kind) if one.name not in without]


def page(statement: Select[Any], table: Table, filters: Mapping[str, Any], *, limit: int, cursor: int | None) -> Select[Any]:
    """Newest first, rows matching every filter that is not None, older than the cursor. Raises ValueError for a limit out of range."""
    if not 1 <= limit <= PAGE_ROWS_MAX:
        raise ValueError(f"a page has 1 to {PAGE_ROWS_MAX} rows, not {limit}")
    for name, wanted in filters.items():
        if wanted is not None:
            # No row holds what no database takes; PostgreSQL would refuse even to compare with it.
            statement = statement.where(table.c[name] == (storable(wanted) if isinstance(wanted, str) else wanted))
    if cursor is not None:
        statement = statement.where(table.c.id < cursor)
    return statement.order_by(table.c.id.desc()).limit(limit)


def values_of(items: Sequence[Any]) -> list[dict[str, Any]]:
    """Records as rows to insert."""
    return [{one.name: getattr(item, one.name) for one in fields(item)} for item in items]


async def inserted(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert rows, which all have the same columns; their ids, in order."""
    if not rows:
        return []
    statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return [int(one) for one in (await connection.execute(statement, list(rows))).scalars()]
