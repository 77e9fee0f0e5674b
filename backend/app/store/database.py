"""The database: SQLite in WAL mode by default, PostgreSQL by URL. Whoever opens a writing transaction commits it, once, at its end.

StoreError
├── DatabaseGoneError    it can't be reached, opened or written: wait, or mend it
├── DatabaseBusyError    somebody holds it locked: try again
├── StaleAccountError    another writer changed the account first: load it again
└── AlreadyClaimedError  that cycle has been claimed: there is nothing to do
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import event, exc, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.store.migrate import REVISIONS, UnknownRevisionError, migrate_connection, revision_of

BUSY_MS_MAX = 5_000
CONNECT_SECONDS_MAX = 5
POOL_SIZE = 5
ROWS_AT_ONCE = 64
ARENA_LOCK = 0x7117_7A2D
"""Key of the advisory lock that the one arena of a PostgreSQL database holds."""

SQLITE_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")
SQLITE_GONE = ("SQLITE_CANTOPEN", "SQLITE_CORRUPT", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOTADB", "SQLITE_PERM", "SQLITE_READONLY")
POSTGRES_BUSY = ("40", "53300", "55P03")
"""SQLSTATEs: transaction rolled back for another's sake (deadlocks among them), too many connections, a lock not granted in time."""


class StoreError(Exception):
    """The database did not do what it was asked; nothing of the transaction happened."""


class DatabaseGoneError(StoreError):
    """It can't be reached, opened or written."""


class DatabaseBusyError(StoreError):
    """It is locked by somebody else for longer than we wait."""


class StaleAccountError(StoreError):
    """The account was changed since it was loaded."""


class AlreadyClaimedError(StoreError):
    """The cycle due at that time has been claimed before."""


class Database:
    """One database and its connections. Writers of this process take turns: SQLite has one writer, and a turn is short."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writer = asyncio.Lock()
        self.trouble: str | None = None
        """Why the last write could not be made; None while writing works."""
        # A block that reads sees one state of the database, however many statements it needs.
        self._reader = engine if self.is_sqlite else engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @classmethod
    async def open(cls, url: str) -> "Database":
        """Open by URL: `sqlite:///path` or `postgresql://…`. Raises DatabaseGoneError with a sentence."""
        target = _target(url)
        return cls(_sqlite(target) if target.get_backend_name() == "sqlite" else _postgres(target))

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the SQLite file."""
        return self._engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads, and sees one state throughout; what it writes is rolled back. Raises StoreError."""
        with _translated():
            async with self._reader.connect() as connection:
                if self.is_sqlite:
                    await connection.exec_driver_sql("BEGIN")
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end of the block, rolled back when it raises. Raises StoreError."""
        with self._noted(), _translated():
            async with self._writer, self._engine.connect() as connection:
                # SQLite: take the write lock now, for a reader that turns writer half-way could be refused after its work was done.
                await connection.exec_driver_sql("BEGIN IMMEDIATE" if self.is_sqlite else f"SET LOCAL lock_timeout = {BUSY_MS_MAX}")
                yield connection
                await connection.commit()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseGoneError, DatabaseBusyError) as error:
            self.trouble = str(error)
            raise
        self.trouble = None

    async def ping(self) -> bool:
        """Whether it answers."""
        try:
            async with self.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except StoreError:
            return False
        return True

    async def migrate(self) -> None:
        """Bring the tables to the newest form. Raises StoreError."""
        async with self.writing() as connection:
            try:
                await connection.run_sync(migrate_connection)
            except UnknownRevisionError as error:
                raise StoreError(str(error)) from None

    async def require_newest(self) -> None:
        """Raises StoreError when the tables don't have the newest form; a start brings them there."""
        async with self.reading() as connection:
            found = await connection.run_sync(revision_of)
        if found is not None and found not in REVISIONS:
            raise StoreError(f"its tables have form {found}, which this version doesn't know: use the newer version that wrote it")
        if found != REVISIONS[-1]:
            raise StoreError(
                f"its tables have form {found or 'none'}, this version needs {REVISIONS[-1]}: start the arena once, it brings them there"
            )

    @asynccontextmanager
    async def held_alone(self) -> AsyncIterator[None]:
        """One arena per PostgreSQL database while the block lasts; SQLite's folder is locked elsewhere. Raises DatabaseBusyError."""
        if self.is_sqlite:
            yield
            return
        with _translated():
            async with self._engine.connect() as connection:
                alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
                if not (await alone.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": ARENA_LOCK})).scalar():
                    raise DatabaseBusyError("another arena uses this database: stop it first, or set another DATABASE_URL")
                try:
                    yield
                finally:
                    with suppress(exc.DBAPIError):  # a server that is gone has let go by itself
                        await alone.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ARENA_LOCK})

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _target(url: str) -> URL:
    try:
        target = make_url(url)
    except exc.ArgumentError:
        raise DatabaseGoneError(
            "DATABASE_URL can't be read: write sqlite:///path/to/file.db or postgresql://user:password@host/name"
        ) from None
    match target.get_backend_name():
        case "sqlite" if target.database in {None, "", ":memory:"}:
            raise DatabaseGoneError("DATABASE_URL names no file: write sqlite:///path/to/file.db")
        case "sqlite":
            return target.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return target.set(drivername="postgresql+psycopg")
        case other:
            raise DatabaseGoneError(f"DATABASE_URL names {other}, which isn't supported: use sqlite:/// or postgresql://")


def _sqlite(target: URL) -> AsyncEngine:
    folder = Path(target.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseGoneError(f"the folder {folder} of the database can't be made: {error.strerror}") from error
    connect_args = {"timeout": BUSY_MS_MAX / 1000, "async_creator_fn": _connect}
    engine = create_async_engine(target, connect_args=connect_args, pool_size=POOL_SIZE)

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: object, _record: object) -> None:
        with ExitStack() as unless_ready:
            # The pool forgets a connection that fails here: left to the garbage collector, its thread would call into a closed loop.
            unless_ready.callback(connection.close)  # type: ignore[attr-defined]
            connection.isolation_level = None  # type: ignore[attr-defined] # transactions are begun by us, not by the driver
            cursor = connection.cursor()  # type: ignore[attr-defined]
            for pragma in (f"busy_timeout={BUSY_MS_MAX}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
            unless_ready.pop_all()

    return engine


class _SqliteConnection(aiosqlite.Connection):
    """A connection that remembers when its thread will have said its last word."""

    stopped: "asyncio.Future[Any] | None" = None

    def stop(self) -> "asyncio.Future[Any] | None":
        """Stop the thread behind the connection; done when it no longer calls into the loop."""
        self.stopped = super().stop()
        return self.stopped


async def _connect(path: str, **options: Any) -> aiosqlite.Connection:
    """Open a file. One that can't be opened leaves no thread behind that calls into a loop which may be closed by then."""
    connection = _SqliteConnection(partial(sqlite3.connect, path, **options), ROWS_AT_ONCE)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does: a program that ends doesn't wait for it
    try:
        return await connection
    except BaseException:
        if connection.stopped is not None:
            await connection.stopped
        raise


def _postgres(target: URL) -> AsyncEngine:
    patience = {} if "connect_timeout" in target.query else {"connect_timeout": CONNECT_SECONDS_MAX}
    return create_async_engine(target, pool_size=POOL_SIZE, pool_pre_ping=True, connect_args=patience)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except exc.StatementError as error:
        raise _failure(error) from error
    except exc.TimeoutError as error:
        raise DatabaseBusyError("every connection to the database is in use: try again") from error


def _failure(error: exc.StatementError) -> StoreError:
    """What a driver's error means for the caller, in a sentence."""
    said = str(error.orig).strip().split("\n", maxsplit=1)[0]
    name, state = getattr(error.orig, "sqlite_errorname", None) or "", getattr(error.orig, "sqlstate", None) or ""
    if name.startswith(SQLITE_BUSY) or state.startswith(POSTGRES_BUSY):
        return DatabaseBusyError(f"the database is locked by another program: {said}")
    lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    if lost or name.startswith(SQLITE_GONE) or (not name and isinstance(error, exc.OperationalError)):
        return DatabaseGoneError(f"the database can't be reached or written: {said}")
    return StoreError(f"the database refused: {said}")
