"""Seasons: a contest under one set of rules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.rows import columns_of, first, records
from app.store.tables import seasons


@dataclass(frozen=True, slots=True)
class SeasonRow:
    """One season; `rules` are the terms it began with, `entries_open` the operator's switch."""

    id: int
    name: str
    started_at: datetime
    ended_at: datetime | None
    rules: dict[str, Any]
    entries_open: bool


async def current_season(connection: AsyncConnection) -> SeasonRow | None:
    """The season that has not ended, the newest if there are several."""
    statement = select(*columns_of(seasons, SeasonRow)).where(seasons.c.ended_at.is_(None)).order_by(seasons.c.id.desc())
    return await first(connection, statement, SeasonRow)


async def list_seasons(connection: AsyncConnection) -> list[SeasonRow]:
    """All seasons, oldest first."""
    return await records(connection, select(*columns_of(seasons, SeasonRow)).order_by(seasons.c.id), SeasonRow)


async def start_season(connection: AsyncConnection, *, name: str, at: datetime, rules: Mapping[str, Any]) -> SeasonRow:
    """Begin a season."""
    statement = insert(seasons).values(name=name, started_at=at, rules=dict(rules), entries_open=True).returning(seasons.c.id)
    season_id = (await connection.execute(statement)).scalar_one()
    return SeasonRow(season_id, name, at, None, dict(rules), entries_open=True)


async def set_entries(connection: AsyncConnection, season_id: int, *, entries_open: bool) -> None:
    """Open or close the season for new positions."""
    await connection.execute(update(seasons).where(seasons.c.id == season_id).values(entries_open=entries_open))


async def set_rules(connection: AsyncConnection, season: SeasonRow, rules: Mapping[str, Any]) -> SeasonRow:
    """Other terms for a season nobody has played yet."""
    await connection.execute(update(seasons).where(seasons.c.id == season.id).values(rules=dict(rules)))
    return replace(season, rules=dict(rules))
