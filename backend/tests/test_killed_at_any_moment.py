"""kill -9 at random moments, started again each time: the books hold and nothing happens twice."""

import contextlib
import json
import os
import random
import sqlite3
import time
import urllib.request
from collections import Counter

import pytest
from sqlalchemy import func, select

from app.replay.stored import replay_stored
from app.replay.verify import verify
from app.store import calls, seasons, tables
from app.store.checks import check_books
from app.store.database import Database
from tests.reference_data import REAL_DIR
from tests.running_arena import RunningArena

KILLS = 20
KILLS_WITH_EVERYTHING = int(os.environ.get("KILLS_WITH_EVERYTHING", "3"))
"""Each costs some five seconds; a long run sets more."""
TAPE = REAL_DIR / "market"

LINE_UP = """
baselines = ["cash", "buy-and-hold", "equal-weight", "random", "momentum"]

[[contestant]]
id = "flipper"
provider = "sandbox"
model = "coin-flipper"
instances = 2

[[contestant]]
id = "scout"
provider = "sandbox"
model = "breakout-scout"
prompt = "alpha-arena-s1"

[[contestant]]
id = "dips"
provider = "sandbox"
model = "dip-buyer"
language = "zh"

[execution]
fill_timing = "on_answer"
"""
FAULTS = ({"kind": "prose", "probability": 0.5}, {"kind": "server_error", "probability": 0.2}, {"kind": "fenced", "probability": 0.3})
MODELS = ("flipper-1", "flipper-2", "scout", "dips")


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


@pytest.mark.slow
@pytest.mark.timeout(120 + 30 * KILLS_WITH_EVERYTHING)
async def test_kills_amid_re_asks_pauses_and_forced_closes_lose_nothing_either(tmp_path):
    chance = random.Random(KILLS_WITH_EVERYTHING)
    (tmp_path / "line-up.toml").write_text(LINE_UP)
    played = {"SANDBOX_SPEED": "300", "ARENA_FILE": str(tmp_path / "line-up.toml")}
    for _ in range(KILLS_WITH_EVERYTHING):
        with RunningArena(tmp_path, **played) as arena:
            arena.wait(lambda running: running.status()["scheduler_running"])
            spoil(arena, chance)
            meddle(arena, chance, seconds=chance.uniform(0.5, 5))
            arena.kill()
    with RunningArena(tmp_path, **played) as arena:
        arena.wait(lambda running: running.status()["scheduler_running"])
        spoil(arena, chance, certain=True)
        for name in MODELS:
            for what in ("resume", "pause", "resume", "entries/stop", "entries/resume"):
                arena.ask(f"/api/v1/models/{name}/{what}", "POST")
        arena.wait(lambda running: meddle(running, chance, seconds=0.5) or closed_by_hand(tmp_path) > 0)
        arena.cycles_done(5)
        assert arena.stop() == 0
    await assert_sound(tmp_path / "demo.db")
    await assert_readable(tmp_path / "demo.db")


def spoil(arena, chance, *, certain=False):
    """Some of what the models say can't be read, some of it needs a retry; `certain` of each kind a few at least, before chance goes on."""
    rules = [{"route": "model.chat", "seed": chance.randrange(1000), **one} for one in FAULTS]
    if certain:
        rules = [{**one, "probability": 1.0, "count": 3} for one in rules] + rules
    url = f"{arena.status()['market']['venue_url']}/sandbox/faults"
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(rules).encode(), method="PUT"), timeout=10).close()


def meddle(arena, chance, seconds):
    """The operator's hands: pauses, resumptions, limits, forced closes. Those that come while a cycle runs are refused."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        name = chance.choice(MODELS)
        for held in arena.ask(f"/api/v1/models/{name}/positions")[1][:1]:
            arena.ask(f"/api/v1/models/{name}/positions/{held['symbol']}/close", "POST")
        what = chance.choice(("pause", "resume", "resume", "entries/stop", "entries/resume", "entries/resume"))
        status, said = arena.ask(f"/api/v1/models/{name}/{what}", "POST")
        assert status in {200, 409}, said
        time.sleep(0.1)


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


def closed_by_hand(folder):
    """How many positions the operator has closed."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'demo.db'}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM contestant_events WHERE code = 'FORCED_CLOSE'").fetchone()[0]


async def assert_readable(path):
    """Every call of every conversation is there with the bytes that went over the wire; second questions and forced closes were among it."""
    database = await Database.open(f"sqlite:///{path}")
    async with database.reading() as connection:
        talks = (await connection.execute(select(tables.conversations))).all()
        made = {talk.id: await calls.calls_of(connection, talk.id) for talk in talks}
        for talk in talks:
            assert [one.number for one in made[talk.id]] == list(range(1, talk.calls + 1))
            for one in made[talk.id]:
                assert json.loads(await calls.sent_bytes(connection, one))["messages"]
                assert await calls.received_bytes(connection, one) or one.error_kind is not None
        kinds = set((await connection.execute(select(tables.contestant_events.c.kind))).scalars())
    await database.close()
    assert {one.purpose for calls_made in made.values() for one in calls_made} == {"ask", "retry", "reask"}
    assert {"reask", "paused", "resumed", "close_only", "forced_exit", "repair"} <= kinds
