"""From result rows to frozen records, and the paging every list shares."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Select, Table
from sqlalchemy.ext.asyncio import AsyncConnection

Record = TypeVar("Record")


async def records(connection: AsyncConnection, statement: Select[Any], kind: type[Record]) -> list[Record]:
    """All rows as records; columns and fields have the same names."""
    return [kind(**row) for row in (await connection.execute(statement)).mappings()]


async def first(connection: AsyncConnection, statement: Select[Any], kind: type[Record]) -> Record | None:
    """The first row as a record, or None."""
    row = (await connection.execute(statement.limit(1))).mappings().first()
    return None if row is None else kind(**row)


def columns_of(table: Table, kind: type[Any]) -> list[Any]:
    """The table's columns that a record has fields for."""
    return [table.c[one.name] for one in fields(kind)]


def page(statement: Select[Any], table: Table, filters: Mapping[str, Any], *, limit: int, cursor: int | None) -> Select[Any]:
    """Newest first, rows matching every filter that is not None, older than the cursor."""
    for name, wanted in filters.items():
        if wanted is not None:
            statement = statement.where(table.c[name] == wanted)
    if cursor is not None:
        statement = statement.where(table.c.id < cursor)
    return statement.order_by(table.c.id.desc()).limit(limit)


def values_of(items: Sequence[Any]) -> list[dict[str, Any]]:
    """Records as rows to insert."""
    return [{one.name: getattr(item, one.name) for one in fields(item)} for item in items]
