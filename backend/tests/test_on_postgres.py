"""The whole arena on PostgreSQL: same cycles, same books."""

import pytest

from app.store.checks import check_books
from app.store.database import Database
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
    assert len(board["standings"]) == 3
    assert not (tmp_path / "demo.db").exists()
    database = await Database.open(database_url)
    async with database.reading() as connection:
        assert await check_books(connection) == []
    await database.close()
