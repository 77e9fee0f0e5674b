"""A season with two contestants, and steps of a trade to play in it: values for the tests of the store."""

from app.engine.exchange import apply
from app.engine.orders import OpenOrder
from app.engine.rules import Rules
from app.engine.trades import Side
from app.engine.triggers import watch
from app.store import accounts, contestants, cycles, seasons
from app.store.checks import check_books
from app.store.contestants import NewContestant
from tests.engine.markets import NOON, D, bar, instrument, market

PLAYERS = [NewContestant(name, name, "qwen", "m", index, index, "active", D(10_000)) for index, name in enumerate(("qwen3", "kimi"))]
OPEN = OpenOrder("BTCUSDT", Side.LONG, D("1234.56"), 10, D(95_000), None)


async def begin(database, players=PLAYERS):
    async with database.writing() as connection:
        season = await seasons.start_season(connection, name="1", at=NOON, rules={"mode": "demo"})
        await contestants.sync_contestants(connection, season.id, players, NOON)
    return season.id


async def claim(database, season_id, *, due_at=NOON):
    async with database.writing() as connection:
        return await cycles.claim_cycle(connection, due_at=due_at, kind="scheduled", started_at=due_at, season_id=season_id, pid=1)


async def load(database, season_id, name="qwen3"):
    async with database.reading() as connection:
        return await accounts.load_account(connection, season_id, name)


async def save(database, held, outcome, *, cycle_id=None, source="decision", **more):
    async with database.writing() as connection:
        return await accounts.save_outcome(connection, held, outcome, at=NOON, cycle_id=cycle_id, source=source, **more)


async def play(database, season_id, *steps):
    """Apply and save one step after the other, each from what was read back; what was read back is what was saved."""
    for step in steps:
        held = await load(database, season_id)
        outcome = step(held.account)
        saved = await save(database, held, outcome)
        assert await load(database, season_id) == saved
        assert saved.account == outcome.account


async def findings(database):
    async with database.reading() as connection:
        return await check_books(connection)


def orders(*given):
    return lambda account: apply(account, market(), given, NOON)


def crash(account):
    """A minute whose low lies below the stop."""
    return watch(account, {"BTCUSDT": [bar(100_000, 100_000, 94_000, 95_500)]}, {"BTCUSDT": instrument()}, Rules())
