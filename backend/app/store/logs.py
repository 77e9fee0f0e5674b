"""Log lines as rows, for the log viewer and the error history."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.clock import floor_time
from app.store.rows import columns_of, first, page, records, values_of
from app.store.tables import system_logs

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
BUCKET = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLog:
    """A line to store; `ms` is the duration of the phase it reports."""

    at: datetime
    level: str
    event: str
    message: str
    cycle_id: int | None = None
    contestant_id: str | None = None
    phase: str | None = None
    ms: float | None = None
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow(NewLog):
    """A stored line."""

    id: int


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Errors and warnings of one hour."""

    at: datetime
    errors: int
    warnings: int


_ALL = select(*columns_of(system_logs, LogRow))


async def write_logs(connection: AsyncConnection, rows: Sequence[NewLog]) -> None:
    """Append lines."""
    if rows:
        await connection.execute(insert(system_logs), values_of(rows))


async def list_logs(
    connection: AsyncConnection, *, min_level: str, since: datetime | None, contestant: str | None, limit: int, cursor: int | None
) -> list[LogRow]:
    """Lines of a level and above, newest first."""
    wanted = LEVELS[LEVELS.index(min_level) :]
    statement = _ALL if wanted == LEVELS else _ALL.where(system_logs.c.level.in_(wanted))
    if since is not None:
        statement = statement.where(system_logs.c.at >= since)
    return await records(connection, page(statement, system_logs, {"contestant_id": contestant}, limit=limit, cursor=cursor), LogRow)


async def error_count(connection: AsyncConnection) -> int:
    """How many errors have been logged."""
    statement = select(func.count()).select_from(system_logs).where(system_logs.c.level == "ERROR")
    return int((await connection.execute(statement)).scalar_one())


async def latest_log(connection: AsyncConnection) -> LogRow | None:
    """The newest line of INFO and above."""
    return await first(connection, _ALL.where(system_logs.c.level != "DEBUG").order_by(system_logs.c.id.desc()), LogRow)


async def error_counts_by_hour(connection: AsyncConnection, since: datetime) -> list[ErrorCount]:
    """Errors and warnings an hour since a time, oldest first; hours without any are left out."""
    recent = (system_logs.c.at >= since) & system_logs.c.level.in_(("WARNING", "ERROR"))
    rows = (await connection.execute(select(system_logs.c.at, system_logs.c.level).where(recent))).all()
    counts = Counter((floor_time(at, BUCKET), level) for at, level in rows)
    hours = sorted({hour for hour, _ in counts})
    return [ErrorCount(hour, counts[hour, "ERROR"], counts[hour, "WARNING"]) for hour in hours]


async def prune_logs(connection: AsyncConnection, *, older_than: datetime) -> int:
    """Delete lines written before a time; how many."""
    return (await connection.execute(delete(system_logs).where(system_logs.c.at < older_than))).rowcount
