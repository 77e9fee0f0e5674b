"""The database: SQLite in WAL mode by default, PostgreSQL by URL. Whoever opens a writing transaction commits it, once, at its end.

StoreError
├── DatabaseGoneError    it can't be reached or opened: wait, or mend it
├── DatabaseBusyError    somebody holds it locked: try again
├── StaleAccountError    another writer changed the account first: load it again
└── AlreadyClaimedError  that cycle has been claimed: there is nothing to do
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.store.migrate import migrate_connection

BUSY_MS_MAX = 5_000
POOL_SIZE = 5


class StoreError(Exception):
    """The database did not do what it was asked; nothing of the transaction happened."""


class DatabaseGoneError(StoreError):
    """It can't be reached or opened."""


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

    @classmethod
    async def open(cls, url: str) -> "Database":
        """Open by URL: `sqlite:///path` or `postgresql://…`. Raises DatabaseGoneError with a sentence."""
        target = _target(url)
        if target.get_backend_name() == "sqlite":
            return cls(_sqlite(target))
        return cls(create_async_engine(target, pool_size=POOL_SIZE, pool_pre_ping=True))

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the SQLite file."""
        return self._engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads. Raises StoreError."""
        with _translated():
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end of the block, rolled back when it raises. Raises StoreError."""
        with _translated():
            async with self._writer, self._engine.connect() as connection:
                if self.is_sqlite:
                    # Take the write lock now: a reader that turns writer half-way could be refused after its work was done.
                    await connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                await connection.commit()

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
            await connection.run_sync(migrate_connection)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _target(url: str) -> URL:
    try:
        target = make_url(url)
    except ArgumentError:
        raise DatabaseGoneError(
            "DATABASE_URL can't be read: write sqlite:///path/to/file.db or postgresql://user:password@host/name"
        ) from None
    match target.get_backend_name():
        case "sqlite":
            return target.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return target.set(drivername="postgresql+psycopg")
        case other:
            raise DatabaseGoneError(f"DATABASE_URL names {other}, which isn't supported: use sqlite:/// or postgresql://")


def _sqlite(target: URL) -> AsyncEngine:
    if target.database and target.database != ":memory:":
        Path(target.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(target, connect_args={"timeout": BUSY_MS_MAX / 1000}, pool_size=POOL_SIZE)

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined] # transactions are begun by us, not by the driver
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS_MAX}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        said = str(error.orig)
        if "locked" in said or "busy" in said:
            raise DatabaseBusyError(f"the database is locked by another program: {said}") from error
        raise DatabaseGoneError(f"the database does not answer: {said}") from error
    except DBAPIError as error:
        raise StoreError(f"the database refused: {error.orig}") from error
    except OSError as error:
        raise DatabaseGoneError(f"the database can't be reached: {error}") from error
