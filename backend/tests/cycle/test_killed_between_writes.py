"""The plug is pulled before each transaction of a cycle in turn: after the next start the cycle is what it would have been, or nothing of it
was filled. A reply asked for twice, refusals by reading and by the exchange, a web page in place of an answer and a baseline are among it.
"""

import asyncio
import json
import sqlite3
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select

from app.agents.baselines import Baseline
from app.cycle.parts import Contestant, FillTiming
from app.llm.pool import ConnectionPool
from app.llm.profiles import COMPATIBLE
from app.store import calls, tables
from app.store.database import Database
from tests.cycle.stage import BEGIN, FIVE, open_action, staged
from tests.llm.asking import client
from tests.llm.hosts import completion, host, http

NAMES = ("twice", "page", "tool", "mixed", "rule")


class PulledPlugError(BaseException):
    """Ends the process as a kill would: nothing catches it."""


@dataclass
class Plug:
    """A database that is cut off before one of its transactions, and stays so. `left` None leaves it alone."""

    database: object
    left: int | None = None
    pulled: asyncio.Event = field(default_factory=asyncio.Event)
    writes: int = 0

    def __getattr__(self, name):
        return getattr(self.database, name)

    def writing(self):
        self.writes += 1
        if self.left is not None and self.writes > self.left:
            self.pulled.set()
            raise PulledPlugError
        return self.database.writing()


def said(*actions):
    return json.dumps({"summary": "s", "actions": list(actions)})


def tool_call(text):
    return completion(None, "tool_calls", tool_calls=[{"function": {"name": "submit_decision", "arguments": text}}])


BAD = {**open_action(symbol="ETHUSDT"), "notional_usdt": "about 1000"}
CLOSE = {"action": "close", "symbol": "BTCUSDT", "reason": "r"}
FIRST = {
    "twice": completion(said(open_action())),
    "page": completion(said(open_action("open_short"))),
    "tool": completion(said()),
    "mixed": completion(said(open_action())),
}
SECOND = {
    "twice": (completion("I would sell."), completion(said(CLOSE))),
    "page": (http(500, b"<html><body>500</body></html>"),),
    "tool": (tool_call(said(open_action(notional=500))),),
    "mixed": (completion(said(BAD, CLOSE, open_action(symbol="ETHUSDT", notional=90_000, leverage=100))),),
}


def line_up(pool, urls):
    """Everybody, with clients to the hosts of one cycle."""
    models = [Contestant(name, name, "openai-compatible", "m", "en", client(pool, url), profile=COMPATIBLE) for name, url in urls.items()]
    return (*models, Contestant("rule", "rule", "baseline", "random", "en", None, baseline=Baseline.RANDOM, seed=3))


@asynccontextmanager
async def hosts(answers):
    async with AsyncExitStack() as stack:
        yield {name: (await stack.enter_async_context(host(*said))).url for name, said in answers.items()}


@asynccontextmanager
async def one_cycle_played(folder, pool, timing):
    """A stage on which everybody has had a first turn; its database is `first.db`."""
    database = await Database.open(f"sqlite:///{folder / 'first.db'}")
    await database.migrate()
    async with hosts({name: (one,) for name, one in FIRST.items()}) as urls:
        players = {one.id: one for one in line_up(pool, urls)}
        async with staged(database, players, fill_timing=timing) as stage:
            await stage.cycle()
            yield stage
    await database.close()


async def second(stage, folder, pool, left=None):
    """The second cycle on a copy of the database, cut off before a transaction and started again; what is stored of it, and how many
    transactions it took.
    """
    path = folder / f"second-{left}.db"
    with closing(sqlite3.connect(folder / "first.db")) as before, closing(sqlite3.connect(path)) as copy:
        before.backup(copy)
    database = await Database.open(f"sqlite:///{path}")
    async with hosts(SECOND) as urls:
        stage.parts = replace(stage.parts, database=database, contestants=line_up(pool, urls))
        await stage.restart(BEGIN + FIVE)
        plug = Plug(database, left)
        stage.parts = replace(stage.parts, database=plug)
        await cut_off(stage, plug)
        stage.parts = replace(stage.parts, database=database)
        if left is not None:
            await stage.restart(BEGIN + FIVE)
        assert (await stage.findings(), await stage.differences()) == ([], ()), left
        found = await stored(database)
    await database.close()
    return (*found, plug.writes)


async def cut_off(stage, plug):
    """The second cycle, until it is done or the plug is pulled."""
    cycle = asyncio.create_task(stage.cycle(BEGIN + FIVE))
    pulled = asyncio.create_task(plug.pulled.wait())
    await asyncio.wait({cycle, pulled}, return_when=asyncio.FIRST_COMPLETED)
    for task in (cycle, pulled):
        task.cancel()
    await asyncio.gather(cycle, pulled, return_exceptions=True)


async def stored(database):
    """What the second cycle left, by table and contestant, without what names rows or is measured."""
    async with database.reading() as connection:
        state = (await connection.execute(select(tables.cycles.c.state).where(tables.cycles.c.id == 2))).scalar_one_or_none()
        left = {}
        for table in (tables.turns, tables.decisions, tables.contestant_events, tables.fills, tables.conversations):
            for name in NAMES:
                mine = select(table).where((table.c.contestant_id == name) & (table.c.cycle_id == 2)).order_by(table.c.id)
                left[table.name, name] = [plain(row) for row in (await connection.execute(mine)).mappings()]
        for name in NAMES:
            mine = select(tables.accounts.c.available, tables.accounts.c.trades_opened).where(tables.accounts.c.contestant_id == name)
            left["accounts", name] = [tuple(row) for row in await connection.execute(mine)]
            row = (await connection.execute(select(tables.contestants).where(tables.contestants.c.id == name))).mappings().one()
            left["contestants", name] = [(row["state"], row["consecutive_failures"], row["last_outcome"], row["close_only"])]
        for row in (await connection.execute(select(tables.calls.c.conversation_id).distinct())).scalars():
            for one in await calls.calls_of(connection, row):
                assert json.loads(await calls.sent_bytes(connection, one))
                assert await calls.received_bytes(connection, one)
    return state, left


def plain(row):
    dropped = {"id", "latency_ms", "order_id", "trade_id", "conversation_id", "decision_id", "detail", "message", "error"}
    return {key: value for key, value in row.items() if key not in dropped}


@pytest.mark.slow
@pytest.mark.parametrize("timing", list(FillTiming))
async def test_a_cycle_cut_off_before_any_write_is_finished_as_it_would_have_been_or_not_at_all(tmp_path, timing):
    async with aclosing(ConnectionPool()) as pool, one_cycle_played(tmp_path, pool, timing) as stage:
        _, whole, writes = await second(stage, tmp_path, pool)
        assert writes > 5
        cuts = [await second(stage, tmp_path, pool, left) for left in range(writes)]
    for left, (_, cut, _) in enumerate(cuts):
        for name in NAMES:
            assert_whole_or_nothing(cut, whole, name, left)
    states = [state for state, _, _ in cuts]
    assert states[0] is None
    # How many answers are stored together, and so how many transactions there are, differs from run to run.
    assert "interrupted" in states[1:]
    assert timing is FillTiming.ON_ANSWER or "done" in states
    finished = {row["outcome"] for _, cut, _ in cuts for name in NAMES for row in cut["turns", name]}
    assert finished == {"interrupted", "traded", "failed", "held"}


def assert_whole_or_nothing(cut, whole, name, left):
    outcomes = {row["outcome"] for row in cut["turns", name]}
    if outcomes <= {"interrupted"}:
        assert cut["fills", name] == [], (left, name)
        return
    for table, whose in whole:
        if whose == name:
            assert cut[table, name] == whole[table, name], (left, name, table)
