"""Transactions are whole or nothing, readers see one state, and trouble with the database has a name and a sentence."""

import asyncio
import sqlite3
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import delete, func, insert, select, text

from app.store import tables
from app.store.database import Database, DatabaseBusyError, DatabaseGoneError, StoreError
from tests.engine.markets import NOON
from tests.store.stage import begin

LINE = insert(tables.system_logs).values(at=NOON, level="INFO", event="e", message="m")
COUNT = select(func.count()).select_from(tables.system_logs)


async def lines(database):
    async with database.reading() as connection:
        return (await connection.execute(COUNT)).scalar_one()


async def write_and(database, then):
    async with database.writing() as connection:
        await connection.execute(LINE)
        await then(connection)


async def test_a_block_that_ends_is_committed_and_one_that_raises_is_not(database):
    async def nothing(connection):
        return

    async def trouble(connection):
        raise ZeroDivisionError

    await write_and(database, nothing)
    with pytest.raises(ZeroDivisionError):
        await write_and(database, trouble)
    assert await lines(database) == 1


async def test_an_error_of_the_block_itself_is_not_blamed_on_the_database(database):
    async def trouble(connection):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await write_and(database, trouble)


async def test_a_writer_cancelled_half_way_leaves_nothing_and_the_next_one_writes(database):
    reached = asyncio.Event()

    async def wait_forever(connection):
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(write_and(database, wait_forever))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await lines(database) == 0
    async with database.writing() as connection:
        await connection.execute(LINE)
    assert await lines(database) == 1


async def test_a_connection_lost_half_way_leaves_nothing(database):
    async def lose(connection):
        raw = await connection.get_raw_connection()
        if database.is_sqlite:
            await raw.driver_connection.close()
        else:
            (pid,) = (await connection.execute(text("SELECT pg_backend_pid()"))).one()
            async with database.reading() as other:
                await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        await connection.execute(LINE)

    with pytest.raises(StoreError):
        await write_and(database, lose)
    assert await lines(database) == 0
    assert await database.ping()


async def test_a_reader_sees_one_state_throughout(database):
    async with database.reading() as reader:
        assert (await reader.execute(COUNT)).scalar_one() == 0
        async with database.writing() as writer:
            await writer.execute(LINE)
        assert (await reader.execute(COUNT)).scalar_one() == 0
    assert await lines(database) == 1


async def test_what_a_reading_block_writes_does_not_stay(database):
    try:
        async with database.reading() as connection:
            await connection.execute(LINE)
    except StoreError:
        assert not database.is_sqlite
    assert await lines(database) == 0


async def test_many_writers_at_once_all_get_their_turn(database):
    async def write():
        async with database.writing() as connection:
            await connection.execute(LINE)

    await asyncio.gather(*(write() for _ in range(30)))
    assert await lines(database) == 30


async def test_a_broken_reference_is_refused_by_both_databases(database):
    season_id = await begin(database)

    async def orphan(connection):
        await connection.execute(delete(tables.seasons).where(tables.seasons.c.id == season_id))

    with pytest.raises(StoreError, match="the database refused"):
        await write_and(database, orphan)


async def test_sqlite_held_by_another_program_is_busy(tmp_path):
    url = f"sqlite:///{tmp_path / 'held.db'}"
    with closing(sqlite3.connect(tmp_path / "held.db", isolation_level=None)) as other:
        database = await Database.open(url)
        await database.migrate()
        async with database.reading() as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout=0")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusyError, match="locked by another program"):
            async with database.writing():
                pass
        assert await database.ping()
        other.execute("ROLLBACK")
        async with database.writing() as connection:
            await connection.execute(LINE)
        await database.close()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_row_held_by_another_program_on_postgres_is_busy(database, database_url):
    season_id = await begin(database)

    async def delete_at_once(connection):
        await connection.exec_driver_sql("SET LOCAL lock_timeout = 20")
        await connection.execute(delete(tables.seasons).where(tables.seasons.c.id == season_id))

    with psycopg.connect(database_url) as other:
        other.execute("SELECT * FROM seasons FOR UPDATE")
        with pytest.raises(DatabaseBusyError):
            await write_and(database, delete_at_once)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid"])
async def test_a_postgres_without_its_server_is_gone(host):
    database = await Database.open(f"postgresql://nobody@{host}/none")
    assert not await database.ping()
    with pytest.raises(DatabaseGoneError):
        async with database.writing():
            pass
    await database.close()


async def test_a_folder_in_place_of_the_file_is_gone(tmp_path):
    database = await Database.open(f"sqlite:///{tmp_path}")
    assert not await database.ping()
    with pytest.raises(DatabaseGoneError, match="can't be reached or written"):
        await database.migrate()
    await database.close()


async def test_a_file_that_is_no_database_is_gone_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, not a database\n" * 100)
    before = path.read_bytes()
    database = await Database.open(f"sqlite:///{path}")
    with pytest.raises(DatabaseGoneError, match="not a database"):
        await database.migrate()
    await database.close()
    assert path.read_bytes() == before


@pytest.mark.parametrize("what", ["a folder", "notes"])
def test_a_failed_opening_leaves_nothing_behind_that_outlives_the_loop(tmp_path, what):
    """A thread left over would call into a closed loop: pytest fails the test for it."""
    path = tmp_path / "held"
    if what == "a folder":
        path.mkdir()
    else:
        path.write_text("these are notes, not a database\n" * 100)

    async def fail():
        database = await Database.open(f"sqlite:///{path}")
        with pytest.raises(DatabaseGoneError):
            await database.migrate()
        await database.close()

    for _ in range(25):
        asyncio.run(fail())


async def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseGoneError, match="can't be made"):
        await Database.open(f"sqlite:///{tmp_path}/file/below/test.db")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("not a url", "can't be read"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://me@host/name", "mysql, which isn't supported"),
    ],
)
async def test_a_url_that_cannot_be_used_says_what_to_write(url, said):
    with pytest.raises(DatabaseGoneError, match=said) as refused:
        await Database.open(url)
    assert "sqlite:///" in str(refused.value)


async def test_a_message_about_the_database_never_shows_its_password():
    with pytest.raises(DatabaseGoneError) as gone:
        async with (await Database.open("postgresql://me:hunter2@127.0.0.1:1/none")).reading():
            pass
    assert "hunter2" not in str(gone.value)


async def test_sqlite_is_safe_against_power_loss_and_broken_references(tmp_path):
    database = await Database.open(f"sqlite:///{tmp_path / 'new' / 'folder' / 'test.db'}")
    async with database.reading() as connection:
        pragmas = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    await database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
