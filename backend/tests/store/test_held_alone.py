"""A PostgreSQL database belongs to one arena at a time."""

import pytest

from app.store.database import Database, DatabaseBusyError


async def test_of_two_arenas_on_one_postgres_database_the_second_is_refused(database_url):
    first, second = await Database.open(database_url), await Database.open(database_url)
    if not first.is_sqlite:
        async with first.held_alone():
            with pytest.raises(DatabaseBusyError, match="another arena"):
                async with second.held_alone():
                    pass
    async with second.held_alone():
        assert await second.ping()
    await first.close()
    await second.close()
