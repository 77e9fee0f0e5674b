"""The newest few rows of each of many owners in one statement, which the two databases do in different ways, each with an index."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables import contestants


def newest_of_each(
    connection: AsyncConnection,
    table: Table,
    columns: Sequence[ColumnElement[Any]],
    contestant_ids: Sequence[str],
    *,
    where: ColumnElement[bool],
    newest_first: Sequence[ColumnElement[Any]],
    limit: int,
) -> Select[Any]:
    """At most `limit` rows for each contestant, in no order. `table` has an id and a contestant_id."""
    owner = contestants.c.id
    few = select(table.c.id).where((table.c.contestant_id == owner) & where).order_by(*newest_first).limit(limit).correlate(contestants)
    wanted = owner.in_(contestant_ids)
    if connection.dialect.name == "postgresql":
        each = few.lateral()
        chosen = contestants.join(each, true()).join(table, table.c.id == each.c.id)
    else:
        chosen = contestants.join(table, table.c.id.in_(few))
    return select(*columns).select_from(chosen).where(wanted)
