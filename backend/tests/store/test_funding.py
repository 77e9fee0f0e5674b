"""Funding and margin changes are written once, with their postings, and read back as what the engine holds."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.engine.funding import Settlement
from app.engine.orders import CloseOrder, FlipOrder, LeverageOrder, MarginOrder, OpenOrder, StopsOrder
from app.engine.positions import FundingDue
from app.engine.rules import Rules
from app.engine.trades import Side
from app.engine.triggers import watch
from app.store import funding, tables, trades
from app.store.database import StoreError
from tests.engine.markets import NOON, D, bar, instrument
from tests.store.stage import OPEN, begin, findings, load, orders, play, save

INSTANT = NOON + timedelta(minutes=2)
ONE = D(1)


def settled(rate, at=INSTANT, *, close=100_000, minute=1):
    """One quiet minute and a settlement at its end."""
    given = Settlement("BTCUSDT", at, None if rate is None else D(rate))
    bars = {"BTCUSDT": [bar(100_000, 100_000, 99_990, close, minute=minute)]}
    return lambda account: watch(account, bars, {"BTCUSDT": instrument()}, Rules(), settlements=[given])


def told(rate, at=INSTANT):
    """A rate that becomes known after its minute has been judged."""
    return lambda account: watch(account, {}, {"BTCUSDT": instrument()}, Rules(), settlements=[Settlement("BTCUSDT", at, D(rate))])


async def payments(database):
    async with database.reading() as connection:
        return await funding.list_payments(connection)


async def trade_rows(database):
    async with database.reading() as connection:
        return await trades.list_trades(connection)


async def rates(database, *settlements):
    async with database.writing() as connection:
        await funding.save_rates(connection, settlements)


async def test_a_payment_is_one_row_one_posting_and_part_of_its_trade(database):
    season_id = await begin(database)
    await rates(database, Settlement("BTCUSDT", INSTANT, D("0.0003")))
    await play(database, season_id, orders(OPEN), settled("0.0003"), settled("0.0003"), orders(CloseOrder("BTCUSDT")))
    (paid,) = await payments(database)
    (trade,) = await trade_rows(database)
    assert (paid.rate, paid.mark, paid.posting, paid.paid_after) == (D("0.0003"), D(100_000), 3, None)
    assert paid.amount == -(paid.quantity * 30)
    assert (trade.funding, trade.net_pnl) == (paid.amount, trade.gross_pnl - trade.fees + paid.amount)
    assert await findings(database) == []


async def test_what_is_owed_is_read_back_and_paid_later_with_the_minute_it_followed(database):
    season_id = await begin(database)
    await rates(database, Settlement("BTCUSDT", INSTANT, D("-0.0002")))
    await play(database, season_id, orders(OPEN), settled(None))
    held = await load(database, season_id)
    quantity = held.account.positions["BTCUSDT"].quantity
    assert held.account.dues == (FundingDue("BTCUSDT", Side.LONG, quantity, D(100_000), INSTANT, 1),)
    assert [(row.rate, row.amount) for row in await payments(database)] == [(None, None)]
    assert await findings(database) == []
    await save(database, held, told("-0.0002")(held.account), watched_until=INSTANT)
    assert (await load(database, season_id)).account.dues == ()
    (paid,) = await payments(database)
    assert (paid.amount, paid.paid_after) == (quantity * 20, held.watched_until)
    assert await findings(database) == []


async def test_a_rate_that_comes_after_the_close_still_counts_for_the_closed_trade(database):
    season_id = await begin(database)
    await rates(database, Settlement("BTCUSDT", INSTANT, D("0.0003")))
    steps = (orders(OPEN), settled(None), orders(CloseOrder("BTCUSDT"), OpenOrder("BTCUSDT", Side.SHORT, D(700), 3)), told("0.0003"))
    await play(database, season_id, *steps)
    second, first = await trade_rows(database)
    (paid,) = await payments(database)
    assert (first.state, first.funding, second.funding) == ("closed", paid.amount, 0)
    assert first.net_pnl == first.gross_pnl - first.fees + paid.amount
    assert await findings(database) == []


async def test_a_settlement_at_a_rate_of_zero_is_settled_without_a_posting(database):
    season_id = await begin(database)
    await rates(database, Settlement("BTCUSDT", INSTANT, D(0)))
    await play(database, season_id, orders(OPEN), settled("0"), orders(CloseOrder("BTCUSDT")))
    (paid,) = await payments(database)
    assert (paid.amount, paid.posting) == (0, None)
    assert await findings(database) == []


async def test_the_database_itself_refuses_a_second_payment_of_one_settlement(database):
    season_id = await begin(database)
    await play(database, season_id, orders(OPEN))
    before = await load(database, season_id)
    outcome = settled("0.0003")(before.account)
    saved = await save(database, before, outcome)
    with pytest.raises(StoreError, match="database refused"):
        await save(database, saved, outcome)
    assert len(await payments(database)) == 1


async def test_leverage_and_margin_changes_are_orders_with_a_posting(database):
    season_id = await begin(database)
    steps = (
        orders(OPEN),
        orders(LeverageOrder("BTCUSDT", 5)),
        orders(MarginOrder("BTCUSDT", D(50))),
        orders(MarginOrder("BTCUSDT", D(-20))),
        orders(StopsOrder("BTCUSDT", D(95_000), None)),
        orders(OpenOrder("BTCUSDT", Side.LONG, D(500), 8)),
        orders(CloseOrder("BTCUSDT")),
    )
    await play(database, season_id, *steps)
    assert await findings(database) == []
    async with database.reading() as connection:
        kinds = (await connection.execute(select(tables.orders.c.kind).order_by(tables.orders.c.id))).scalars().all()
        entries = tables.ledger_entries.c
        moved = (await connection.execute(select(entries.order_id).where(entries.kind == "margin").distinct())).scalars().all()
    assert kinds == ["open", "set_leverage", "move_margin", "move_margin", "set_stops", "add", "close"]
    assert sorted(moved) == [2, 3, 4, 6]


async def test_a_flip_is_one_order_with_two_fills(database):
    season_id = await begin(database)
    await play(database, season_id, orders(OPEN), orders(FlipOrder("BTCUSDT", D(800), 4)), orders(CloseOrder("BTCUSDT")))
    assert await findings(database) == []
    async with database.reading() as connection:
        kinds = (await connection.execute(select(tables.orders.c.kind).order_by(tables.orders.c.id))).scalars().all()
        fills = (await connection.execute(select(tables.fills.c.order_id, tables.fills.c.purpose).order_by(tables.fills.c.id))).all()
    assert kinds == ["open", "flip", "close"]
    assert [tuple(one) for one in fills] == [(1, "open"), (2, "close"), (2, "open"), (3, "close")]


PLANTED = {
    "funding of trade 1: the sum over its fills and settlements": update(tables.trades).values(funding=ONE),
    "net result of trade 1 is gross less fees, plus funding": update(tables.trades).values(net_pnl=ONE),
    "funding of BTCUSDT at 2026-01-05 12:02 is at the settled rate": update(tables.funding_rates).values(rate=ONE),
    "funding of BTCUSDT at 2026-01-05 12:02 is quantity x mark x rate": update(tables.funding_payments).values(quantity=ONE),
    "funding of BTCUSDT at 2026-01-05 12:02 is what its posting moved": update(tables.funding_payments).values(posting=1),
    "funding posting 3 has its settlement": update(tables.funding_payments).values(rate=None, amount=None, insured=None),
    "funding of BTCUSDT at 2026-01-05 12:02 has a settled rate": update(tables.funding_rates).values(symbol="ETHUSDT"),
    "the ledger's funding follow from fills and settlements": update(tables.funding_payments).values(amount=ONE),
    "the ledger's insurance follow from fills and settlements": update(tables.fills).values(takeover=ONE),
    "free balance is not below zero": update(tables.accounts).values(available=-ONE),
    "margin of BTCUSDT is not below zero": update(tables.positions).values(margin=-ONE),
}


@pytest.mark.parametrize("what", PLANTED)
async def test_a_planted_fault_is_found(database, what):
    season_id = await begin(database)
    await rates(database, Settlement("BTCUSDT", INSTANT, D("0.0003")))
    await play(database, season_id, orders(OPEN), settled("0.0003"))
    assert await findings(database) == []
    async with database.writing() as connection:
        await connection.execute(PLANTED[what])
    assert what in {finding.what for finding in await findings(database)}
