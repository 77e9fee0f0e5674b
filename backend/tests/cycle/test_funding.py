"""Funding in the live loop: at the venue's instants and rates, once, to whoever holds, whatever the arena was doing then."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.cycle.arrange import held_elsewhere
from app.engine.positions import Account
from app.market.venue import VenueUnreachableError
from app.replay.verify import stored_books
from app.store import accounts, funding, tables, trades
from app.store.database import Database
from tests.cycle.stage import BEGIN, FIVE, Script, open_action, staged

EIGHT = BEGIN.replace(hour=8, minute=0, second=0)
SECOND = timedelta(seconds=1)


async def payments(stage, contestant=None):
    async with stage.parts.database.reading() as connection:
        return sorted(await funding.list_payments(connection, contestant=contestant), key=lambda row: (row.settlement_time, row.id))


async def account(stage, name="a") -> Account:
    async with stage.parts.database.reading() as connection:
        return (await accounts.load_account(connection, stage.parts.season_id, name)).account


async def test_whoever_holds_at_the_instant_pays_or_receives_once(database):
    long, short = Script([[open_action()]]), Script([[open_action("open_short", notional=2000)]])
    async with staged(database, {"long": long, "short": short, "flat": Script()}) as stage:
        await stage.cycle()
        await stage.look(EIGHT - SECOND)
        assert await payments(stage) == []
        await stage.look(EIGHT + SECOND)
        await stage.look(EIGHT + 61 * SECOND)
        first, second = await payments(stage)
        assert (first.settlement_time, second.settlement_time) == (EIGHT, EIGHT)
        assert {first.contestant_id, second.contestant_id} == {"long", "short"}
        by_name = {row.contestant_id: row for row in (first, second)}
        assert by_name["long"].amount == -(by_name["long"].quantity * first.mark * first.rate).quantize(Decimal("1e-8"))
        assert by_name["long"].amount * by_name["short"].amount < 0
        async with database.reading() as connection:
            held = await accounts.load_account(connection, stage.parts.season_id, "long")
            rows = {row.contestant_id: row for row in await trades.list_trades(connection)}
            bars = (await connection.execute(select(tables.mark_minutes).where(tables.mark_minutes.c.symbol == "BTCUSDT"))).mappings().all()
            rates = (await connection.execute(select(tables.funding_rates.c.rate))).scalars().all()
        assert rows["long"].funding == by_name["long"].amount
        assert rows["long"].net_pnl == rows["long"].gross_pnl - rows["long"].fees + rows["long"].funding
        assert held.account.positions["BTCUSDT"].funded_until == EIGHT
        assert next(bar["close"] for bar in bars if bar["open_time"] == EIGHT - timedelta(minutes=1)) == first.mark
        assert rates == [first.rate]
        assert await stage.findings() == []
        assert await stage.differences() == ()


async def test_a_fill_right_after_the_instant_neither_overtakes_it_nor_pays_it(database):
    script = {"held": Script([[open_action()], [open_action(notional=500)]]), "late": Script([[], [open_action()]])}
    async with staged(database, script) as stage:
        await stage.cycle()
        await stage.cycle(EIGHT + 3 * SECOND)
        (paid,) = await payments(stage)
        async with database.reading() as connection:
            opened = [row for row in await trades.list_trades(connection) if row.contestant_id == "late"]
            held = (await accounts.load_account(connection, stage.parts.season_id, "held")).account
        assert (paid.contestant_id, paid.settlement_time) == ("held", EIGHT)
        assert paid.quantity < held.positions["BTCUSDT"].quantity
        assert opened[0].funding == 0
        assert await stage.differences() == ()


async def test_a_rate_published_late_is_noted_and_paid_for_what_was_held_then(database):
    script = {"a": Script([[open_action()], [{"action": "close", "symbol": "BTCUSDT", "reason": "r"}]]), "b": Script([[open_action()]])}
    async with staged(database, script) as stage:
        await stage.cycle()
        await stage.look(EIGHT - SECOND)
        stage.sandbox.fail({"route": "venue.funding_history", "kind": "server_error", "status": 500})
        await stage.look(EIGHT + SECOND)
        assert [row.rate for row in await payments(stage)] == [None, None]
        owed = (await account(stage)).dues
        assert [(due.symbol, due.at) for due in owed] == [("BTCUSDT", EIGHT)]
        await stage.cycle(EIGHT + FIVE + 3 * SECOND)  # a closes
        assert (await account(stage)).positions == {}
        assert await stage.findings() == []
        assert await stage.differences() == ()
        stage.sandbox.heal()
        await stage.look(EIGHT + 2 * FIVE)
        assert (await account(stage)).dues == ()
        rows = await payments(stage)
        assert {row.rate for row in rows} != {None}
        assert all(row.paid_after is not None for row in rows)
        async with database.reading() as connection:
            closed = [row for row in await trades.list_trades(connection) if row.contestant_id == "a"]
        assert (closed[0].state, closed[0].funding) == ("closed", rows[0].amount)
        assert closed[0].net_pnl == closed[0].gross_pnl - closed[0].fees + closed[0].funding
        await stage.cycle(EIGHT + 3 * FIVE + 3 * SECOND)
        assert await stage.findings() == []
        assert await stage.differences() == ()


async def test_a_symbol_that_owes_funding_stays_watched_although_nobody_names_it_any_more(database):
    script = {"a": Script([[open_action()], [{"action": "close", "symbol": "BTCUSDT", "reason": "r"}]])}
    async with staged(database, script) as stage:
        await stage.cycle()
        await stage.look(EIGHT - SECOND)
        stage.sandbox.fail({"route": "venue.funding_history", "kind": "server_error", "status": 500})
        await stage.cycle(EIGHT + 3 * SECOND)
        held = await account(stage)
        assert (dict(held.positions), len(held.dues)) == ({}, 1)
        assert await held_elsewhere(database, stage.parts.season_id, ("ETHUSDT",)) == ("BTCUSDT",)
        stage.sandbox.heal()
        await stage.restart(EIGHT + 2 * FIVE)
        assert (await account(stage)).dues == ()
        assert await stage.differences() == ()


async def test_the_history_is_asked_at_full_hours_and_while_something_is_owed(database):
    async with staged(database, {"a": Script([[open_action()]])}) as stage:
        await stage.cycle()
        for minute in range(1, 60, 7):
            await stage.look(BEGIN + timedelta(minutes=minute))
        assert stage.sandbox.requests("venue.funding_history") == 0
        await stage.look(BEGIN + timedelta(minutes=60))
        assert stage.sandbox.requests("venue.funding_history") == 1


async def test_a_stretch_over_a_settlement_is_not_passed_without_its_rates(database):
    async with staged(database, {"a": Script([[open_action()]])}) as stage:
        await stage.cycle()
        stage.sandbox.fail({"route": "venue.funding_history", "kind": "server_error", "status": 500})
        with pytest.raises(VenueUnreachableError, match="funding rates of BTCUSDT"):
            await stage.look(EIGHT + timedelta(hours=4))
        stage.sandbox.heal()
        await stage.look(EIGHT + timedelta(hours=4))
        assert [row.settlement_time for row in await payments(stage)] == [EIGHT]
        assert await stage.differences() == ()


def stop_hit_later(bars, side, after):
    """A stop that the first hours spare and a later bar goes through; None when the market doesn't go so far."""
    early, late = ([bar for bar in bars if (bar.open_time < after) is first] for first in (True, False))
    if side == "open_long":
        level = min(bar.low for bar in early) * Decimal("0.9998")
        hit = any(bar.low < level for bar in late)
    else:
        level = max(bar.high for bar in early) * Decimal("1.0002")
        hit = any(bar.high > level for bar in late)
    return level.quantize(Decimal("0.1")) if hit else None


def exit_in_the_middle(day):
    """(symbol, side, stop) of an exit some hours into the gap, after a funding settlement."""
    choices = [(symbol, side, hours) for hours in range(12, 2, -1) for symbol in day for side in ("open_long", "open_short")]
    found = ((symbol, side, stop_hit_later(day[symbol], side, BEGIN + timedelta(hours=hours))) for symbol, side, hours in choices)
    return next(one for one in found if one[2] is not None)


async def day_of(stage, hours):
    stage.hand.at = BEGIN + timedelta(hours=hours)
    bars = await stage.parts.venue.mark_minutes(("BTCUSDT", "ETHUSDT"), BEGIN.replace(second=0), stage.hand.at)
    stage.hand.at = BEGIN
    return bars


async def test_twenty_hours_down_give_the_books_of_an_arena_that_never_stopped(database, tmp_path):
    steady_database = await Database.open(f"sqlite:///{tmp_path / 'steady.db'}")
    await steady_database.migrate()
    async with (
        staged(database, {"a": Script(), "b": Script()}) as stopped,
        staged(steady_database, {"a": Script(), "b": Script()}) as steady,
    ):
        symbol, side, stop = exit_in_the_middle(await day_of(steady, 20))
        others = [open_action("open_short"), open_action(symbol="ETHUSDT")]
        turns = {"a": [open_action(side, symbol, stop=float(stop), leverage=3)], "b": others}
        for stage in (stopped, steady):
            for one in stage.parts.contestants:
                one.host.turns.append(turns[one.id])
            await stage.cycle(BEGIN)
        for minute in range(1, 20 * 60, 13):
            await steady.look(BEGIN + timedelta(minutes=minute))
        await steady.look(BEGIN + timedelta(hours=20))
        assert (await stopped.restart(BEGIN + timedelta(hours=20))).exits == 1
        books = []
        for stage in (stopped, steady):
            assert await stage.findings() == []
            assert await stage.differences() == ()
            async with stage.parts.database.reading() as connection:
                books.append({name: await stored_books(connection, name) for name in ("a", "b")})
        assert books[0] == books[1]
        assert [row["exit_reason"] for row in books[0]["a"]["trades"]] == ["stop_loss"]
        assert len(books[0]["a"]["funding_payments"]) in {1, 2}
        assert len(books[0]["b"]["funding_payments"]) == 6
    await steady_database.close()
