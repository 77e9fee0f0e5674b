"""The whole arena on PostgreSQL: same cycles, same books."""

import pytest

from app.store.checks import check_books
from app.store.database import Database
from tests.conftest import postgres_server
from tests.running_arena import RunningArena


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_cycles_run_and_the_books_balance_on_postgres(tmp_path, database_url):
    with RunningArena(tmp_path, DATABASE_URL=database_url, SANDBOX_SPEED="300") as arena:
        arena.cycles_done(4)
        assert arena.status()["database_connected"] is True
        arena.kill()
    with RunningArena(tmp_path, DATABASE_URL=database_url, SANDBOX_SPEED="300") as arena:
        arena.cycles_done(7)
        board = arena.ask("/api/v1/leaderboard")[1]
        assert arena.stop() == 0
    assert len(board["standings"]) == 5
    assert not (tmp_path / "demo.db").exists()
    database = await Database.open(database_url)
    async with database.reading() as connection:
        assert await check_books(connection) == []
    await database.close()


@pytest.mark.postgres
def test_a_database_that_goes_away_shows_in_the_status_and_cycles_go_on_when_it_is_back(tmp_path):
    with postgres_server() as server, RunningArena(tmp_path, DATABASE_URL=server.url, SANDBOX_SPEED="300") as arena:
        arena.cycles_done(2)
        server.stop()
        arena.wait(lambda one: one.status()["database_connected"] is False)
        assert arena.status()["scheduler_running"] is True
        assert arena.ask("/api/v1/system/health")[0] == 503
        assert arena.ask("/api/v1/trades")[1]["title"] == "Database not available"
        server.start()
        arena.wait(lambda one: one.status()["database_connected"] is True)
        newest = arena.ask("/api/v1/cycles?limit=1")[1]["items"][0]["id"]
        arena.wait(lambda one: one.ask("/api/v1/cycles?state=done&limit=1")[1]["items"][0]["id"] > newest + 1)
        states = {row["state"] for row in arena.ask("/api/v1/cycles?limit=500")[1]["items"][1:]}
        assert arena.stop() == 0
    assert "running" not in states
