"""The system group: state of the arena, timer controls, logs, health."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.context import Arena, ArenaDep, TimerControls
from app.api.errors import AdminDep, ProblemError
from app.api.paging import LIMIT_DEFAULT, Cursor, Limit, next_cursor
from app.api.schemas import (
    ContestantHealth,
    CycleInProgress,
    ErrorBucket,
    Health,
    LogRow,
    MarketHealth,
    Page,
    Season,
    SymbolHealth,
    SystemStatus,
)
from app.cycle.parts import Parts
from app.store import contestants, cycles, logs, seasons
from app.store.database import StoreError

HISTORY = timedelta(hours=24)

router = APIRouter(prefix="/system", tags=["system"])


class Level(StrEnum):
    """Log levels, lowest first; a filter shows its level and above."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


@router.get("/status", operation_id="system-status")
async def status(arena: ArenaDep) -> SystemStatus:
    """State of the arena; answers also while the database is away."""
    parts = arena.parts
    if parts is None:
        return _starting(arena, database_connected=False)
    try:
        return await _status(arena, parts)
    except StoreError:
        return _starting(arena, database_connected=False)


@router.post("/scheduler/start", operation_id="scheduler-start")
async def start(arena: ArenaDep, _: AdminDep) -> SystemStatus:
    """Start the timer. Harmless when it runs already."""
    _timer(arena).start()
    return await status(arena)


@router.post("/scheduler/stop", operation_id="scheduler-stop")
async def stop(arena: ArenaDep, _: AdminDep) -> SystemStatus:
    """Stop the timer; a running cycle finishes. Harmless when it is stopped already."""
    _timer(arena).stop()
    return await status(arena)


@router.post("/scheduler/run-now", operation_id="scheduler-run-now", responses={409: {"description": "a cycle is running"}})
async def run_now(arena: ArenaDep, _: AdminDep) -> SystemStatus:
    """Start one cycle at once."""
    if not _timer(arena).run_now():
        raise ProblemError(409, "a cycle is running; wait until it is done")
    return await status(arena)


@router.post("/entries/stop", operation_id="entries-stop")
async def stop_entries(arena: ArenaDep, _: AdminDep) -> SystemStatus:
    """Close-only mode: from the next fill on new positions are refused, closing and stops still work."""
    await _set_entries(parts_of(arena), entries_open=False)
    return await status(arena)


@router.post("/entries/resume", operation_id="entries-resume")
async def resume_entries(arena: ArenaDep, _: AdminDep) -> SystemStatus:
    """Allow new positions again."""
    await _set_entries(parts_of(arena), entries_open=True)
    return await status(arena)


@router.get("/logs", operation_id="logs-list")
async def list_logs(
    arena: ArenaDep,
    level: Level = Level.DEBUG,
    since: Annotated[datetime | None, Query(description="only lines at or after this time, ISO 8601 with a zone")] = None,
    contestant: str | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[LogRow]:
    """Log lines of a level and above, newest first."""
    async with parts_of(arena).database.reading() as connection:
        rows = await logs.list_logs(
            connection, min_level=level.value, since=aware(since, "since"), contestant=contestant, limit=limit, cursor=cursor
        )
    return Page(items=[LogRow.model_validate(row) for row in rows], next_cursor=next_cursor([row.id for row in rows], limit))


@router.get("/health", operation_id="system-health", responses={503: {"model": Health}})
async def health(arena: ArenaDep, response: Response) -> Health:
    """200 when the arena can do its work, 503 with the failing part otherwise."""
    failing = await _failing(arena)
    if failing is None:
        return Health(status="ok")
    response.status_code = 503
    return Health(status="failing", failing=failing[0], detail=failing[1])


def aware(moment: datetime | None, name: str) -> datetime | None:
    """A time with a zone, or a 422 naming the parameter."""
    if moment is not None and moment.tzinfo is None:
        raise ProblemError(422, f"{name}: add a time zone, like 2026-01-05T12:00:00Z")
    try:
        return moment and moment.astimezone(UTC)
    except OverflowError:
        raise ProblemError(422, f"{name}: that time is out of range") from None


async def _set_entries(parts: Parts, *, entries_open: bool) -> None:
    async with parts.database.writing() as connection:
        await seasons.set_entries(connection, parts.season_id, entries_open=entries_open)
    parts.switches.entries_open = entries_open


def _timer(arena: Arena) -> TimerControls:
    if arena.timer is None:
        raise ProblemError(409, "the arena is still starting: it waits for the venue")
    return arena.timer


def parts_of(arena: Arena) -> Parts:
    """The arena's parts, or a 503 while it is starting."""
    if arena.parts is None:
        raise ProblemError(503, "the arena is still starting")
    return arena.parts


async def _failing(arena: Arena) -> tuple[str, str] | None:
    if arena.parts is None:
        return "start", "the arena is still starting"
    if not await arena.parts.database.ping():
        return "database", "the database does not answer"
    if arena.parts.database.trouble is not None:
        return "database", arena.parts.database.trouble
    if arena.timer is None:
        return "market", f"{arena.venue_name} has not answered yet"
    return None


async def _status(arena: Arena, parts: Parts) -> SystemStatus:
    now = parts.clock.now()
    async with parts.database.reading() as connection:
        last = await cycles.latest_finished(connection)
        running = await cycles.cycle_in_progress(connection)
        season = await seasons.current_season(connection)
        players = await contestants.all_contestants(connection, parts.season_id)
        errors = await logs.error_count(connection)
        latest = await logs.latest_log(connection)
        history = await logs.error_counts_by_hour(connection, now - HISTORY)
    timer = arena.timer
    return SystemStatus(
        scheduler_running=timer is not None and timer.running,
        last_run_time=last.finished_at if last else None,
        error_count=errors,
        latest_log=latest.message if latest else None,
        database_connected=parts.database.trouble is None,
        mode=arena.mode,
        version=arena.version,
        interval_minutes=arena.interval_minutes,
        next_run_time=timer.next_due if timer else None,
        cycle_in_progress=CycleInProgress.model_validate(running) if running and timer and timer.cycle_running else None,
        season=Season.model_validate(season) if season else None,
        market=_market(arena, parts),
        contestants=[ContestantHealth.model_validate(one) for one in players],
        entries_open=parts.switches.entries_open,
        market_time=now,
        clock_speed=parts.clock.speed,
        started_at=arena.started_at,
        error_history=[ErrorBucket.model_validate(one) for one in history],
        last_cycle_id=last.id if last else None,
    )


def _market(arena: Arena, parts: Parts) -> MarketHealth:
    latest = parts.latest
    age = (parts.clock.now() - latest.at).total_seconds() if latest.at else None
    return MarketHealth(
        venue=arena.venue_name,
        venue_url=arena.venue_url,
        data_time=latest.at,
        data_age_seconds=age,
        symbols=[
            SymbolHealth(symbol=name, usable=name in latest.quotes and latest.unusable.get(name) is None, reason=latest.unusable.get(name))
            for name in parts.symbols
        ],
    )


def _starting(arena: Arena, *, database_connected: bool) -> SystemStatus:
    timer, parts = arena.timer, arena.parts
    return SystemStatus(
        scheduler_running=timer is not None and timer.running,
        last_run_time=None,
        error_count=0,
        latest_log=None,
        database_connected=database_connected,
        mode=arena.mode,
        version=arena.version,
        interval_minutes=arena.interval_minutes,
        next_run_time=timer.next_due if timer else None,
        cycle_in_progress=None,
        season=None,
        market=_market(arena, parts) if parts else None,
        contestants=[],
        entries_open=parts.switches.entries_open if parts else True,
        market_time=parts.clock.now() if parts else arena.started_at,
        clock_speed=parts.clock.speed if parts else 1,
        started_at=arena.started_at,
        error_history=[],
        last_cycle_id=None,
    )
