"""What a contestant is reminded of is its own past, in order, and what became of it."""

from datetime import timedelta

from sqlalchemy import insert, update

from app.engine.orders import CloseOrder
from app.store import decisions, fills, recall, tables, turns
from app.store.recall import Memory, RecalledPlan
from tests.engine.markets import NOON, D
from tests.store.stage import OPEN, begin, claim, crash, load, orders, save
from tests.store.test_records import decision

FIVE = timedelta(minutes=5)


async def decide(database, season_id, index, *wanted, play=None):
    """A cycle in which qwen3 decides, and what it asked for is carried out."""
    cycle_id = await claim(database, season_id, due_at=NOON + index * FIVE)
    rows = [decision(cycle_id, at, created_at=NOON + index * FIVE, **one) for at, one in enumerate(wanted)]
    async with database.writing() as connection:
        await turns.start_turns(connection, cycle_id, ["qwen3"], started_at=NOON, asked_at=NOON)
        ids = await decisions.save_decisions(connection, rows)
    if play is not None:
        held = await load(database, season_id)
        await save(database, held, play(held.account), cycle_id=cycle_id, decision_ids={0: ids[0]} if wanted else {})
    return cycle_id


async def memory(database, before_cycle, *, decisions_max=10, trades_max=5, names=("qwen3", "kimi")):
    async with database.reading() as connection:
        return await recall.seat_memory(connection, names, before_cycle, decisions_max, trades_max)


OPENING = {
    "action": "open_long",
    "symbol": "BTCUSDT",
    "verdict": "accepted",
    "invalidation": "below 94,000",
    "reason": "trend",
    "confidence": D("0.7"),
}


async def test_a_plan_is_what_was_said_last_and_keeps_what_was_left_unsaid(database):
    season_id = await begin(database)
    await decide(database, season_id, 0, OPENING, play=orders(OPEN))
    await decide(database, season_id, 1, {"action": "set_stops", "symbol": "BTCUSDT", "verdict": "refused", "reason": "no"})
    await decide(database, season_id, 2, {"action": "set_stops", "symbol": "BTCUSDT", "verdict": "accepted", "reason": "tighter"})
    last = await decide(database, season_id, 3, {"action": "set_stops", "symbol": "BTCUSDT", "verdict": "accepted", "reason": "not yet"})
    found = await memory(database, last)
    assert found["qwen3"].plans == (RecalledPlan("BTCUSDT", NOON + 2 * FIVE, "below 94,000", D("0.7"), "tighter"),)
    assert found["kimi"] == Memory()


async def test_past_decisions_run_oldest_to_newest_with_their_fills_and_stop_before_the_cycle(database):
    season_id = await begin(database)
    await decide(database, season_id, 0, {"symbol": "ETHUSDT"})
    await decide(
        database,
        season_id,
        1,
        OPENING,
        {"action": "close", "symbol": "ETHUSDT", "verdict": "refused", "code": "NO_POSITION"},
        play=orders(OPEN),
    )
    now = await decide(database, season_id, 2, {"symbol": "SOLUSDT"})
    found = (await memory(database, now, decisions_max=2))["qwen3"]
    assert [(one.action, one.verdict, one.code) for one in found.past] == [
        ("open_long", "accepted", None),
        ("close", "refused", "NO_POSITION"),
    ]
    assert [len(one.fills) for one in found.past] == [1, 0]
    assert found.past[0].fills[0].purpose == "open"
    async with database.reading() as connection:
        caused = await fills.fills_of_decisions(connection, [1, 2, 3, 4])
    assert {name: [one.purpose for one in rows] for name, rows in caused.items()} == {2: ["open"]}
    assert found.times_asked == 2
    assert (await memory(database, now + 1))["qwen3"].times_asked == 3


async def test_closed_trades_run_in_the_order_they_were_closed_and_leave_no_plan(database):
    season_id = await begin(database)
    await decide(database, season_id, 0, OPENING, play=orders(OPEN))
    await decide(database, season_id, 1, play=crash)
    await decide(database, season_id, 2, OPENING, play=orders(OPEN))
    now = await decide(
        database, season_id, 3, {"action": "close", "symbol": "BTCUSDT", "verdict": "accepted"}, play=orders(CloseOrder("BTCUSDT"))
    )
    async with database.writing() as connection:
        await connection.execute(update(tables.trades).where(tables.trades.c.number == 2).values(closed_at=NOON + 2 * FIVE))
    found = (await memory(database, now))["qwen3"]
    assert [(trade.exit_reason, trade.symbol) for trade in found.closed] == [("stop_loss", "BTCUSDT"), ("close", "BTCUSDT")]
    assert found.plans == ()
    assert len((await memory(database, now, trades_max=1))["qwen3"].closed) == 1


async def test_somebody_who_paused_for_long_still_remembers_its_last_decisions(database):
    season_id = await begin(database)
    await decide(database, season_id, 0, {"symbol": "ETHUSDT"})
    for index in range(1, 20):
        await claim(database, season_id, due_at=NOON + index * FIVE)
    found = await memory(database, 99, names=["qwen3"])
    assert [one.symbol for one in found["qwen3"].past] == ["ETHUSDT"]
    assert await memory(database, 99, names=[]) == {}


async def test_a_hundred_seats_are_recalled_at_once(database):
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    async with database.writing() as connection:
        rows = [{**tables_row(cycle_id, f"m{at}"), "position": place} for at in range(100) for place in range(3)]
        await connection.execute(insert(tables.contestants), [contestant(season_id, f"m{at}") for at in range(100)])
        await connection.execute(insert(tables.decisions), rows)
        names = [f"m{at}" for at in range(100)]
        found = await recall.seat_memory(connection, names, cycle_id + 1, 2, 2)
    assert {len(one.past) for one in found.values()} == {2}
    assert len(found) == 100


def contestant(season_id, name):
    about = {"season_id": season_id, "name": name, "provider": "p", "model": "m", "color_index": 0, "position": 9}
    return {"id": name, **about, "state": "active", "joined_at": NOON, "consecutive_failures": 0}


def tables_row(cycle_id, name):
    return {"cycle_id": cycle_id, "contestant_id": name, "action": "hold", "verdict": "held", "created_at": NOON}
