"""From nothing to the newest form, and no difference between what migrations build and what the tables say."""

import asyncio
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.store.database import Database, StoreError
from app.store.migrate import MIGRATIONS, REVISIONS
from app.store.tables import metadata

PROMISED = {"market_prices", "decisions", "conversations", "positions", "trades", "system_logs"}


def differences(connection):
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


async def test_migrations_build_exactly_the_tables(database):
    async with database.writing() as connection:
        assert await connection.run_sync(differences) == []
    assert set(metadata.tables) >= PROMISED


async def test_migrating_again_changes_nothing_and_takes_no_time(database, database_url):
    again = await Database.open(database_url)
    started = time.perf_counter()
    await again.migrate()
    elapsed = time.perf_counter() - started
    await again.close()
    assert elapsed < 1


async def test_two_programs_that_migrate_one_empty_database_at_once_both_succeed(database_url):
    both = [await Database.open(database_url) for _ in range(2)]
    await asyncio.gather(*(one.migrate() for one in both))
    assert all([await one.ping() for one in both])
    for one in both:
        await one.close()


async def test_a_database_of_a_newer_version_is_refused_with_advice(database):
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        await database.migrate()


def test_the_listed_revisions_are_those_in_the_folder():
    found = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    assert tuple(one.revision for one in reversed(list(found))) == REVISIONS
    assert len(list(Path(MIGRATIONS / "versions").glob("*.py"))) == len(REVISIONS)
