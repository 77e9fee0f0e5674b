"""What the engine did is written whole or not at all, and read back digit for digit."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text, update
from tests.engine.markets import NOON, D, bar, instrument, market

from app.engine.exchange import apply
from app.engine.order_checks import Rules
from app.engine.orders import CloseOrder, OpenOrder, StopsOrder
from app.engine.trades import Side
from app.engine.triggers import watch
from app.store import accounts, contestants, cycles, decisions, fills, seasons, tables, trades
from app.store.checks import check_books
from app.store.contestants import NewContestant
from app.store.database import AlreadyClaimedError, Database, StaleAccountError
from app.store.decisions import NewDecision

PLAYERS = [NewContestant(name, name, "qwen", "m", index, index, "active", D(10_000)) for index, name in enumerate(("qwen3", "kimi"))]
OPEN = OpenOrder("BTCUSDT", Side.LONG, D("1234.56"), 10, D(95_000), None)


async def begin(database):
    async with database.writing() as connection:
        season = await seasons.start_season(connection, name="1", at=NOON, rules={"mode": "demo"})
        await contestants.sync_contestants(connection, season.id, PLAYERS, NOON)
    return season.id


async def load(database, season_id, name="qwen3"):
    async with database.reading() as connection:
        return await accounts.load_account(connection, season_id, name)


async def save(database, held, outcome, **more):
    async with database.writing() as connection:
        return await accounts.save_outcome(connection, held, outcome, at=NOON, cycle_id=None, source="decision", **more)


async def findings(database):
    async with database.reading() as connection:
        return await check_books(connection)


async def play(database, season_id, *steps):
    """Apply and save one step after the other, each from what was read back."""
    for step in steps:
        held = await load(database, season_id)
        outcome = step(held.account)
        saved = await save(database, held, outcome)
        again = await load(database, season_id)
        assert again.account == outcome.account
        assert (again.version, again.trade_ids) == (saved.version, saved.trade_ids)


def orders(*given):
    return lambda account: apply(account, market(), given, NOON)


def crash(account):
    return watch(account, {"BTCUSDT": [bar(100_000, 100_000, 94_000, 95_500)]}, {"BTCUSDT": instrument()}, Rules())


async def test_every_step_of_a_trade_is_read_back_exactly_and_balances(database):
    season_id = await begin(database)
    steps = (
        orders(OPEN),
        orders(OpenOrder("BTCUSDT", Side.LONG, D(777), 10)),
        orders(CloseOrder("BTCUSDT", D("0.3"))),
        orders(StopsOrder("BTCUSDT", D(95_500), D(120_000))),
        crash,
        orders(OpenOrder("BTCUSDT", Side.SHORT, D(500), 3)),
        orders(CloseOrder("BTCUSDT")),
    )
    await play(database, season_id, *steps)
    assert await findings(database) == []
    async with database.reading() as connection:
        rows = await trades.list_trades(connection, contestant="qwen3")
        first = await fills.fills_of_trade(connection, rows[-1].id)
    assert [(row.number, row.state, row.exit_reason) for row in rows] == [(2, "closed", "close"), (1, "closed", "stop_loss")]
    assert [fill.purpose for fill in first] == ["open", "add", "reduce", "stop_loss"]
    assert rows[-1].closed_at == NOON + timedelta(minutes=2)


async def test_refused_orders_write_nothing_but_the_next_version(database):
    season_id = await begin(database)
    before = await load(database, season_id)
    await save(database, before, apply(before.account, market(), [CloseOrder("BTCUSDT")], NOON))
    after = await load(database, season_id)
    assert (after.account, after.version) == (before.account, before.version + 1)


async def test_of_two_writers_from_one_version_only_the_first_wins(database):
    season_id = await begin(database)
    held = await load(database, season_id)
    outcome = apply(held.account, market(), [OPEN], NOON)
    await save(database, held, outcome)
    with pytest.raises(StaleAccountError):
        await save(database, held, outcome)
    assert await findings(database) == []
    assert (await load(database, season_id)).account == outcome.account


async def test_a_transaction_that_breaks_off_leaves_nothing(database):
    season_id = await begin(database)
    held = await load(database, season_id)
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as connection:
            await accounts.save_outcome(
                connection, held, apply(held.account, market(), [OPEN], NOON), at=NOON, cycle_id=None, source="decision"
            )
            raise ZeroDivisionError
    assert await load(database, season_id) == held
    assert await findings(database) == []


async def test_a_decision_knows_its_fills(database):
    season_id = await begin(database)
    held = await load(database, season_id)
    async with database.writing() as connection:
        cycle_id = await cycles.claim_cycle(connection, due_at=NOON, kind="start", started_at=NOON, season_id=season_id, pid=1)
        new = NewDecision(
            cycle_id=cycle_id, contestant_id="qwen3", conversation_id=None, position=0, action="open_long", verdict="accepted", created_at=NOON
        )
        ids = await decisions.save_decisions(connection, [new])
        outcome = apply(held.account, market(), [OPEN], NOON)
        await accounts.save_outcome(connection, held, outcome, at=NOON, cycle_id=cycle_id, source="decision", decision_ids={0: ids[0]})
    async with database.reading() as connection:
        (fill,) = await fills.fills_of_decision(connection, ids[0])
        (trade,) = await trades.list_trades(connection)
    assert (fill.quantity, fill.parts) == (D("0.0123"), [["100000.0", "0.0123"]])
    assert trade.opened_by == ids[0]


async def test_of_many_claimers_of_one_due_time_exactly_one_gets_it(database):
    season_id = await begin(database)

    async def claim(pid):
        try:
            async with database.writing() as connection:
                return await cycles.claim_cycle(connection, due_at=NOON, kind="scheduled", started_at=NOON, season_id=season_id, pid=pid)
        except AlreadyClaimedError:
            return None

    won = [one for one in await asyncio.gather(*(claim(pid) for pid in range(8))) if one is not None]
    assert len(won) == 1


async def test_syncing_the_line_up_again_keeps_balances_and_pauses(database):
    season_id = await begin(database)
    await play(database, season_id, orders(OPEN))
    before = await load(database, season_id)
    async with database.writing() as connection:
        await contestants.set_state(connection, "qwen3", "paused")
        await contestants.sync_contestants(connection, season_id, PLAYERS[:1], NOON + timedelta(days=1))
        states = {one.id: one.state for one in await contestants.all_contestants(connection, season_id)}
    assert await load(database, season_id) == before
    assert states == {"qwen3": "paused", "kimi": "retired"}


PLANTED = {
    "posting": update(tables.ledger_entries).where(tables.ledger_entries.c.account == "fees").values(amount=Decimal(1)),
    "free balance": update(tables.accounts).where(tables.accounts.c.contestant_id == "qwen3").values(available=Decimal(1)),
    "margin of BTCUSDT": update(tables.positions).values(margin=Decimal(1)),
    "position in BTCUSDT": update(tables.positions).values(quantity=Decimal(1)),
    "fees of trade": update(tables.trades).values(fees=Decimal(1)),
    "gross result": update(tables.trades).values(gross_pnl=Decimal(1)),
    "net result": update(tables.trades).values(net_pnl=Decimal(1)),
}


@pytest.mark.parametrize("what", PLANTED)
async def test_a_planted_fault_in_the_books_is_found(database, what):
    season_id = await begin(database)
    await play(database, season_id, orders(OPEN))
    async with database.writing() as connection:
        await connection.execute(PLANTED[what])
    assert any(finding.what.startswith(what) for finding in await findings(database))


async def test_a_database_without_its_server_says_so_and_nothing_hangs(database_url, tmp_path):
    gone = await Database.open("postgresql://nobody@127.0.0.1:1/none" if "postgres" in database_url else f"sqlite:///{tmp_path}")
    assert not await gone.ping()
    await gone.close()


async def test_stored_numbers_are_text_in_sqlite_and_exact_in_both(database):
    season_id = await begin(database)
    await play(database, season_id, orders(OPEN))
    async with database.reading() as connection:
        raw = (await connection.execute(text("SELECT available FROM accounts WHERE contestant_id = 'qwen3'"))).scalar()
    assert isinstance(raw, str if database.is_sqlite else Decimal)
    assert Decimal(raw) == D(10_000) - D("123") - D("0.738")
