"""What is logged reaches the database, and no secret does."""

from datetime import timedelta

import structlog

from app.cycle.journal import HIDDEN, Journal
from app.engine.clock import wall_clock
from app.store import logs
from app.store.database import Database
from tests.engine.markets import NOON

KEY = "planted-key-5ecret"


def journal(**more):
    return Journal(wall_clock(lambda: NOON), secrets=(KEY,), **more)


def say(one, method, event, **facts):
    one.collect(None, method, one.redact(None, method, {"event": event, **facts}))


async def stored(database, level="DEBUG", **filters):
    async with database.reading() as connection:
        given = {"since": None, "contestant": None, "limit": 50, "cursor": None, **filters}
        return await logs.list_logs(connection, min_level=level, **given)


async def test_lines_are_stored_with_their_ids_and_filtered_by_level_and_contestant(database):
    one = journal()
    say(one, "info", "answered", message="qwen3 answered", cycle_id=7, contestant_id="qwen3", phase="ask", ms=12.5, extra={"a": 1})
    say(one, "error", "broken", message="it broke")
    await one.write(database)
    rows = await stored(database)
    assert [(row.level, row.message, row.contestant_id, row.ms, row.data) for row in rows] == [
        ("ERROR", "it broke", None, None, None),
        ("INFO", "qwen3 answered", "qwen3", 12.5, {"extra": {"a": 1}}),
    ]
    assert [row.event for row in await stored(database, "WARNING")] == ["broken"]
    assert [row.event for row in await stored(database, contestant="qwen3")] == ["answered"]
    assert await stored(database, since=NOON + timedelta(seconds=1)) == []
    assert [row.event for row in await stored(database, cursor=rows[0].id)] == ["answered"]


def test_secrets_are_hidden_wherever_they_stand():
    line = journal().redact(
        None,
        "info",
        {
            "event": "x",
            "message": f"key {KEY}!",
            "api_key": "anything",
            "headers": {"Authorization": "Bearer abc.def", "accept": "json"},
            "list": [f"Bearer {KEY}", "sk-ABCDEFGH12345678"],
        },
    )
    assert line == {
        "event": "x",
        "message": f"key {HIDDEN}!",
        "api_key": HIDDEN,
        "headers": {"Authorization": HIDDEN, "accept": "json"},
        "list": [f"Bearer {HIDDEN}", HIDDEN],
    }


async def test_lines_wait_while_the_database_is_away_and_the_oldest_give_way(tmp_path, database):
    one = journal()
    for number in range(5_003):
        say(one, "info", "line", message=str(number))
    gone = await Database.open(f"sqlite:///{tmp_path}")
    await one.write(gone)
    await gone.close()
    structlog.configure(processors=[one.redact, one.collect, lambda _l, _m, _e: ""])
    await one.write(database)
    await one.write(database)
    structlog.reset_defaults()
    rows = await stored(database, limit=500)
    assert rows[0].message == "3 log lines were lost while the database was away"
    assert rows[1].message == "5002"


async def test_errors_are_counted_by_the_hour(database):
    one = journal()
    say(one, "error", "a")
    say(one, "warning", "b")
    say(one, "error", "c")
    await one.write(database)
    async with database.reading() as connection:
        (hour,) = await logs.error_counts_by_hour(connection, NOON - timedelta(hours=1))
        assert await logs.error_count(connection) == 2
    assert (hour.at, hour.errors, hour.warnings) == (NOON, 2, 1)
