"""A fault in the books is found, whichever row it sits in; sound books give no finding."""

from decimal import Decimal

import pytest
from sqlalchemy import delete, insert, select, update

from app.store import decisions, equity, tables
from app.store.decisions import NewDecision
from app.store.equity import NewEquity
from tests.engine.markets import NOON, D
from tests.store.stage import OPEN, begin, claim, findings, load, orders, play, save

ONE = Decimal(1)
PLANTED = {
    "posting 2 sums to zero": update(tables.ledger_entries).where(tables.ledger_entries.c.account == "fees").values(amount=ONE),
    "the ledger sums to zero": update(tables.ledger_entries).where(tables.ledger_entries.c.account == "capital").values(amount=ONE),
    "free balance follows from the ledger": update(tables.accounts).where(tables.accounts.c.contestant_id == "qwen3").values(available=ONE),
    "margin of BTCUSDT follows from the ledger": update(tables.positions).values(margin=ONE),
    "position in BTCUSDT is the sum of its fills": update(tables.positions).values(quantity=ONE),
    "trade 1 is open while its position is": update(tables.trades).values(state="closed"),
    "fees of trade 1: the sum over its fills": update(tables.trades).values(fees=ONE),
    "gross result of trade 1: the sum over its fills": update(tables.trades).values(gross_pnl=ONE),
    "insured loss of trade 1: the sum over its fills and settlements": update(tables.trades).values(insured=ONE),
    "net result of trade 1 is gross less fees, plus funding": update(tables.trades).values(net_pnl=ONE),
    "equity at 2026-01-05 12:00:00 is wallet plus unrealised": update(tables.equity).values(equity=ONE),
    "decision 1 was carried out once": insert(tables.orders).from_select(
        [column.name for column in tables.orders.c if column.name != "id"],
        select(*(column for column in tables.orders.c if column.name != "id")),
    ),
    "order 1 has one fill": update(tables.ledger_entries).values(fill_id=None),
    "fill 1 has one posting": delete(tables.ledger_entries).where(tables.ledger_entries.c.fill_id.is_not(None)),
    "refused decision 1 has no order": update(tables.decisions).values(verdict="refused"),
}


async def one_trade(database):
    """A decision that opened a trade, and its equity."""
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    decision = NewDecision(
        cycle_id=cycle_id, contestant_id="qwen3", conversation_id=None, position=0, action="open_long", verdict="accepted", created_at=NOON
    )
    async with database.writing() as connection:
        ids = await decisions.save_decisions(connection, [decision])
    held = await load(database, season_id)
    saved = await save(database, held, orders(OPEN)(held.account), cycle_id=cycle_id, decision_ids={0: ids[0]})
    point = NewEquity(
        contestant_id="qwen3",
        season_id=season_id,
        at=NOON,
        cycle_id=cycle_id,
        source="cycle",
        equity=saved.account.wallet + D(5),
        wallet=saved.account.wallet,
        unrealised_pnl=D(5),
        available=saved.account.available,
        exposure=D(1230),
    )
    async with database.writing() as connection:
        await equity.save_equity(connection, [point])


@pytest.mark.parametrize("what", PLANTED)
async def test_a_planted_fault_is_found(database, what):
    await one_trade(database)
    assert await findings(database) == []
    async with database.writing() as connection:
        if what == "order 1 has one fill":
            await connection.execute(PLANTED[what])
            await connection.execute(delete(tables.fills))
        else:
            await connection.execute(PLANTED[what])
    found = await findings(database)
    assert what in {finding.what for finding in found}
    assert all(finding.expected != finding.found for finding in found)


async def test_a_season_without_trades_has_sound_books(database):
    await begin(database)
    assert await findings(database) == []


async def test_a_balance_that_moved_without_a_posting_names_its_contestant(database):
    season_id = await begin(database)
    await play(database, season_id, orders(OPEN))
    async with database.writing() as connection:
        await connection.execute(PLANTED["free balance follows from the ledger"])
    (finding,) = await findings(database)
    assert (finding.contestant, finding.found) == ("qwen3", "1")
