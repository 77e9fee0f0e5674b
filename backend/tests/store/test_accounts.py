"""What the engine did is written whole or not at all, and read back digit for digit."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, text

from app.engine.exchange import apply
from app.engine.orders import CloseOrder, OpenOrder, StopsOrder
from app.engine.trades import Side
from app.store import contestants, decisions, fills, trades
from app.store.accounts import load_account, load_accounts, save_outcome
from app.store.database import StaleAccountError
from app.store.decisions import NewDecision
from tests.engine.markets import NOON, D, market
from tests.store.stage import OPEN, PLAYERS, begin, claim, crash, findings, load, orders, play, save


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


async def test_a_trade_closed_and_another_opened_in_one_outcome_are_two_trades(database):
    season_id = await begin(database)
    turned = orders(CloseOrder("BTCUSDT"), OpenOrder("BTCUSDT", Side.SHORT, D(500), 3), OpenOrder("BTCUSDT", Side.SHORT, D(300), 3))
    await play(database, season_id, orders(OPEN), turned)
    assert await findings(database) == []
    async with database.reading() as connection:
        rows = await trades.list_trades(connection)
        second = await fills.fills_of_trade(connection, rows[0].id)
    assert [(row.number, row.side, row.state) for row in rows] == [(2, "short", "open"), (1, "long", "closed")]
    assert [fill.purpose for fill in second] == ["open", "add"]


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

    async def write():
        try:
            await save(database, held, outcome)
        except StaleAccountError:
            return "stale"
        return "saved"

    assert sorted(await asyncio.gather(*(write() for _ in range(4)))) == ["saved", "stale", "stale", "stale"]
    assert await findings(database) == []
    assert (await load(database, season_id)).account == outcome.account


async def test_a_transaction_that_breaks_off_leaves_nothing(database):
    season_id = await begin(database)
    held = await load(database, season_id)

    async def break_off():
        async with database.writing() as connection:
            outcome = apply(held.account, market(), [OPEN], NOON)
            await save_outcome(connection, held, outcome, at=NOON, cycle_id=None, source="decision")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    assert await load(database, season_id) == held
    assert await findings(database) == []


async def test_a_decision_knows_its_fills_and_a_trade_its_decisions(database):
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    rows = [
        NewDecision(
            cycle_id=cycle_id, contestant_id="qwen3", conversation_id=None, position=at, action=what, verdict="accepted", created_at=NOON
        )
        for at, what in enumerate(("open_long", "close"))
    ]
    async with database.writing() as connection:
        ids = await decisions.save_decisions(connection, rows)
        held = await load_account(connection, season_id, "qwen3")
        for index, order in enumerate((OPEN, CloseOrder("BTCUSDT"))):
            outcome = apply(held.account, market(), [order], NOON)
            held = await save_outcome(
                connection, held, outcome, at=NOON, cycle_id=cycle_id, source="decision", decision_ids={0: ids[index]}
            )
    async with database.reading() as connection:
        (fill,) = await fills.fills_of_decision(connection, ids[0])
        (trade,) = await trades.list_trades(connection)
    assert (fill.quantity, fill.parts) == (D("0.0123"), [["100000.0", "0.0123"]])
    assert (trade.opened_by, trade.closed_by) == (ids[0], ids[1])


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


async def test_accounts_come_in_the_order_of_the_line_up_and_a_stranger_has_none(database):
    season_id = await begin(database)
    async with database.reading() as connection:
        assert list(await load_accounts(connection, season_id)) == ["qwen3", "kimi"]
        with pytest.raises(KeyError):
            await load_account(connection, season_id, "nobody")


async def test_stored_numbers_are_text_in_sqlite_and_exact_in_both(database):
    season_id = await begin(database)
    await play(database, season_id, orders(OPEN))
    async with database.reading() as connection:
        raw = (await connection.execute(text("SELECT available FROM accounts WHERE contestant_id = 'qwen3'"))).scalar()
    assert isinstance(raw, str if database.is_sqlite else Decimal)
    assert Decimal(raw) == D(10_000) - D("123") - D("0.738")


async def test_saving_one_trade_takes_few_statements(database):
    season_id = await begin(database)
    held = await load(database, season_id)
    statements = []
    event.listen(database._engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    await save(database, held, apply(held.account, market(), [OPEN], NOON))
    assert len(statements) <= 9, statements
