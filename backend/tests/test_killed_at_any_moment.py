"""kill -9 at random moments, started again each time: the books hold and nothing happens twice."""

import random
import time
from collections import Counter

import pytest
from sqlalchemy import func, select

from app.replay.stored import replay_stored
from app.replay.verify import verify
from app.store import seasons, tables
from app.store.checks import check_books
from app.store.database import Database
from tests.reference_data import REAL_DIR
from tests.running_arena import RunningArena

KILLS = 20
TAPE = REAL_DIR / "market"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path):
    chance = random.Random(20251017)
    played = {"SANDBOX_SPEED": "300", **({"TAPE": str(TAPE)} if TAPE.is_dir() else {})}
    for _ in range(KILLS):
        with RunningArena(tmp_path, **played) as arena:
            arena.wait(lambda running: running.status()["scheduler_running"])
            time.sleep(chance.uniform(0, 2.5))
            arena.kill()
    with RunningArena(tmp_path, **played) as arena:
        arena.cycles_done(5)
        assert arena.stop() == 0
    await assert_sound(tmp_path / "demo.db")


async def assert_sound(path):
    database = await Database.open(f"sqlite:///{path}")
    async with database.reading() as connection:
        assert await check_books(connection) == []
        await assert_replayed(connection)
        await assert_once(connection)
        fills = (await connection.execute(select(func.count()).select_from(tables.fills))).scalar_one()
        states = Counter((await connection.execute(select(tables.cycles.c.state))).scalars())
    await database.close()
    assert fills > 0
    assert states["running"] == 0
    assert states["done"] >= 5


async def assert_replayed(connection):
    """What is stored, run again, gives the stored books to the digit."""
    (season,) = await seasons.list_seasons(connection)
    (lane,) = await replay_stored(connection, season)
    compared = await verify(connection, lane.runners)
    assert compared.differences == ()
    assert compared.rows > 0


async def assert_once(connection):
    """Every due time once, every turn settled once, every accepted order carried out by exactly one fill, trades numbered without a gap."""
    decided, ordered, filled = tables.decisions.c, tables.orders.c, tables.fills.c
    accepted = {one for (one,) in await connection.execute(select(decided.id).where(decided.verdict == "accepted"))}
    carried = [one for (one,) in await connection.execute(select(ordered.decision_id).where(ordered.decision_id.is_not(None)))]
    assert sorted(carried) == sorted(accepted)
    per_order = Counter(one for (one,) in await connection.execute(select(filled.order_id)))
    assert all(count == 1 for count in per_order.values())
    wanted = {one for (one,) in await connection.execute(select(ordered.id).where(ordered.state == "filled"))}
    assert wanted == set(per_order)
    assert not (await connection.execute(select(tables.turns.c.id).where(tables.turns.c.state != "settled"))).all()
    for name, opened in (await connection.execute(select(tables.accounts.c.contestant_id, tables.accounts.c.trades_opened))).all():
        mine = select(tables.trades.c.number).where(tables.trades.c.contestant_id == name).order_by(tables.trades.c.number)
        assert list((await connection.execute(mine)).scalars()) == list(range(1, opened + 1))
