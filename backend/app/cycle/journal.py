"""Log lines on their way to `system_logs`: a structlog processor collects them, a chore writes them. Secrets never pass.

Lines wait in memory while the database is away, up to a limit; then the oldest are dropped and their number is logged.
"""

import logging
import re
import sys
from collections import deque
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from app.engine.clock import Clock
from app.store import equity, logs
from app.store.database import Database, StoreError
from app.store.logs import NewLog

WAITING_MAX = 5_000
BATCH_MAX = 500
KEPT_FOR = timedelta(days=90)
MINUTES_KEPT_FOR = timedelta(days=7)
HIDDEN = "[hidden]"
SECRET_NAMES = re.compile(r"api[_-]?key|authorization|token|secret|password", re.IGNORECASE)
BEARER = re.compile(r"(?i)(bearer\s+)[^\s\"',}]+")
KEY_LIKE = re.compile(r"\bsk-[A-Za-z0-9_-]{8,}")
SECRET_CHARACTERS_MIN = 6
COLUMNS = ("cycle_id", "contestant_id", "phase", "ms")
LEVELS = {"debug": "DEBUG", "info": "INFO", "warning": "WARNING", "error": "ERROR", "critical": "ERROR"}


@dataclass(slots=True)
class Journal:
    """Collects lines; `secrets` are values that must not appear in any of them."""

    clock: Clock
    secrets: tuple[str, ...] = ()
    _waiting: deque[NewLog] = field(default_factory=deque)
    _dropped: int = 0

    def redact(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Structlog processor: hide known secrets, and whatever is named or looks like one."""
        return {name: HIDDEN if SECRET_NAMES.search(name) else self.hidden(value) for name, value in event.items()}

    def hidden(self, value: Any) -> Any:
        """A value without secrets; containers are walked."""
        match value:
            case str():
                for secret in self.secrets:
                    value = value.replace(secret, HIDDEN)
                return KEY_LIKE.sub(HIDDEN, BEARER.sub(rf"\1{HIDDEN}", value))
            case Mapping():
                return {name: HIDDEN if SECRET_NAMES.search(str(name)) else self.hidden(item) for name, item in value.items()}
            case list() | tuple():
                return [self.hidden(item) for item in value]
            case _:
                return value

    def collect(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Structlog processor: keep a copy for the database and pass the line on."""
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.popleft()
            self._dropped += 1
        self._waiting.append(self._row(method, event))
        return event

    async def write(self, database: Database) -> None:
        """Write what waits. Lines stay when the database is away."""
        while self._waiting:
            batch = [self._waiting[index] for index in range(min(BATCH_MAX, len(self._waiting)))]
            try:
                async with database.writing() as connection:
                    await logs.write_logs(connection, batch)
            except StoreError:
                return
            for _ in batch:
                self._waiting.popleft()
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            structlog.get_logger(__name__).warning("logs_dropped", message=f"{dropped} log lines were lost while the database was away")

    def _row(self, method: str, event: Mapping[str, Any]) -> NewLog:
        rest = {name: value for name, value in event.items() if name not in {*COLUMNS, "event", "message", "level", "timestamp", "logger"}}
        return NewLog(
            at=self.clock.now(),
            level=LEVELS.get(method, "INFO"),
            event=str(event.get("event", "")),
            message=str(event.get("message") or _sentence(event)),
            cycle_id=event.get("cycle_id"),
            contestant_id=event.get("contestant_id"),
            phase=event.get("phase"),
            ms=event.get("ms"),
            data={name: _plain(value) for name, value in rest.items()} or None,
        )


def secret_values(values: list[str]) -> tuple[str, ...]:
    """The values worth hiding, longest first so that one inside another is hidden whole."""
    return tuple(sorted({value for value in values if len(value) >= SECRET_CHARACTERS_MIN}, key=len, reverse=True))


def _sentence(event: Mapping[str, Any]) -> str:
    """What an adapter's line says, when it is made of a name and facts."""
    facts = ", ".join(f"{name} {value}" for name, value in event.items() if name not in {*COLUMNS, "event", "level", "exception"})
    name = str(event.get("event", "")).replace("_", " ")
    return f"{name}: {facts}" if facts else name


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case Mapping():
            return {str(name): _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return str(value)


def configure_logging(journal: Journal, level: str) -> None:
    """Lines go to the console and, through the journal, to `system_logs`."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            journal.redact,
            journal.collect,
            _console_line,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), event_key="message", pad_event_to=0),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _console_line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """On the console the sentence says it; ids and milliseconds follow, the rest stays in the database."""
    kept = {name: event[name] for name in ("level", "exception", *COLUMNS) if event.get(name) is not None}
    return {"message": event.get("message") or _sentence(event), **kept}


async def prune(database: Database, now: datetime) -> None:
    """Forget lines older than KEPT_FOR and equity points between cycles older than MINUTES_KEPT_FOR; the books stay for ever."""
    try:
        async with database.writing() as connection:
            gone = await logs.prune_logs(connection, older_than=now - KEPT_FOR)
            await equity.prune_between_cycles(connection, older_than=now - MINUTES_KEPT_FOR)
    except StoreError:
        return  # the next hour tries again
    if gone:
        structlog.get_logger(__name__).info("logs_pruned", message=f"{gone} log lines older than {KEPT_FOR.days} days were deleted")


class _Forward(logging.Handler):
    """Warnings of the libraries join our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        say = structlog.get_logger(record.name)
        level = LEVELS.get(record.levelname.lower(), "INFO").lower()
        getattr(say, level)("library", message=record.getMessage(), logger=record.name, exc_info=record.exc_info)


def forward_library_logs() -> None:
    """WARNING and above from libraries; their chatter stays away."""
    root = logging.getLogger()
    root.handlers = [_Forward(level=logging.WARNING)]
    root.setLevel(logging.WARNING)
    # What its warnings say, the timer says in words.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
