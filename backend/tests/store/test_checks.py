"""A fault in the books is found, whichever row it sits in; sound books give no finding."""

import zlib
from decimal import Decimal

import pytest
from sqlalchemy import delete, insert, select, update

from app.store import contestant_events, conversations, decisions, equity, tables, turns
from app.store.decisions import NewDecision
from app.store.equity import NewEquity
from tests.engine.markets import NOON, D
from tests.store.stage import OPEN, begin, claim, findings, load, orders, play, save
from tests.store.test_calls import call, talk
from tests.store.test_contestant_events import happened

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
    "the running sum calls is that of its parts": update(tables.contestant_totals).values(calls=5),
    "the running sum cost_usd is that of its parts": update(tables.contestant_totals).values(cost_usd=ONE),
    "the running sum repairs is that of its parts": delete(tables.contestant_events),
    "the running sum late is that of its parts": update(tables.turns).values(outcome="late"),
    "the running sum asked is that of its parts": delete(tables.contestant_totals),
    "a stored content is what its hash says": update(tables.blobs).values(content=zlib.compress(b"something else")),
    "a stored prompt is what its hash says": update(tables.prompts).values(text="other words"),
    "what row 1 of cycles names is stored": update(tables.cycles).values(books_hash="0" * 64),
    "what row 1 of calls names is stored": update(tables.calls).values(sent=[{"blob": "0" * 64}]),
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
        await turns.start_turns(connection, cycle_id, ["qwen3"], started_at=NOON, asked_at=NOON)
        await conversations.save_conversation(connection, talk(cycle_id), [call()])
        await contestant_events.save_events(connection, [happened(cycle_id), happened(None, "forced_exit")])
        await turns.settle_turn(connection, cycle_id, "qwen3", outcome="traded", detail=None, settled_at=NOON)
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
