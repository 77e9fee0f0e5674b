"""Log lines are found by level, time and contestant, newest first, and old ones can be let go."""

from datetime import timedelta

import pytest

from app.store import logs
from app.store.logs import ErrorCount, NewLog
from tests.engine.markets import NOON


def line(minute, level, contestant_id=None):
    return NewLog(at=NOON + timedelta(minutes=minute), level=level, event="e", message=f"{level} {minute}", contestant_id=contestant_id)


LINES = [line(0, "DEBUG"), line(1, "INFO"), line(2, "WARNING", "kimi"), line(3, "ERROR", "kimi"), line(70, "ERROR"), line(71, "DEBUG")]


async def listed(connection, **changes):
    wanted = {"min_level": "DEBUG", "since": None, "contestant": None, "limit": 50, "cursor": None}
    return [row.message for row in await logs.list_logs(connection, **{**wanted, **changes})]


@pytest.fixture
async def written(database):
    async with database.writing() as connection:
        await logs.write_logs(connection, LINES)
        await logs.write_logs(connection, [])
    return database


async def test_a_level_means_that_level_and_above(written):
    async with written.reading() as connection:
        assert await listed(connection, min_level="WARNING") == ["ERROR 70", "ERROR 3", "WARNING 2"]
        assert len(await listed(connection)) == 6


async def test_filters_and_pages_narrow_the_list(written):
    async with written.reading() as connection:
        assert await listed(connection, contestant="kimi") == ["ERROR 3", "WARNING 2"]
        assert await listed(connection, since=NOON + timedelta(minutes=3), min_level="INFO") == ["ERROR 70", "ERROR 3"]
        newest = await logs.list_logs(connection, min_level="INFO", since=None, contestant=None, limit=2, cursor=None)
        assert await listed(connection, min_level="INFO", limit=2, cursor=newest[-1].id) == ["WARNING 2", "INFO 1"]


async def test_errors_are_counted_in_all_and_by_hour(written):
    async with written.reading() as connection:
        assert await logs.error_count(connection) == 2
        assert await logs.error_counts_by_hour(connection, NOON) == [ErrorCount(NOON, 1, 1), ErrorCount(NOON + timedelta(hours=1), 1, 0)]
        assert await logs.error_counts_by_hour(connection, NOON + timedelta(minutes=30)) == [ErrorCount(NOON + timedelta(hours=1), 1, 0)]
        assert (await logs.latest_log(connection)).message == "ERROR 70"


async def test_lines_older_than_a_time_can_be_deleted(written):
    async with written.writing() as connection:
        assert await logs.prune_logs(connection, older_than=NOON + timedelta(minutes=3)) == 3
        assert await listed(connection) == ["DEBUG 71", "ERROR 70", "ERROR 3"]


async def test_an_empty_log_has_no_latest_line_and_no_errors(database):
    async with database.reading() as connection:
        assert await logs.latest_log(connection) is None
        assert await logs.error_count(connection) == 0
