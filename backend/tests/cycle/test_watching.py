"""What a look judges by is what a replay judges by: terms, rules, prices and the minutes that were there."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app.engine.rules import MarginMode, Rules, TriggerPrice
from app.store import accounts, cycles, tables, trades
from tests.cycle.stage import BEGIN, FIVE, Script, open_action, staged

MINUTE = timedelta(minutes=1)
EIGHT = BEGIN.replace(hour=8, second=0)


class Raising:
    """The venue with one answer changed: `change` turns the usual answer of `method` into another."""

    def __init__(self, venue, method, change):
        self._venue, self._method, self._change = venue, method, change

    def __getattr__(self, name):
        usual = getattr(self._venue, name)
        if name != self._method:
            return usual

        async def changed(*arguments):
            return self._change(await usual(*arguments))

        return changed


async def closed(stage):
    async with stage.parts.database.reading() as connection:
        return [row for row in await trades.list_trades(connection) if row.state == "closed"]


async def one_cycle(stage, cycle_id):
    async with stage.parts.database.reading() as connection:
        return await cycles.get_cycle(connection, cycle_id)


async def test_an_exit_at_the_marks_of_a_cycle_is_dated_to_the_moment_it_was_judged(database):
    async with staged(database, {"a": Script([[open_action(leverage=20)]])}) as stage:
        await stage.cycle()
        mark = stage.parts.latest.marks["BTCUSDT"]

        def fallen(snapshot):
            view = snapshot.symbols["BTCUSDT"]
            quote = replace(view.quote, mark=mark * Decimal("0.94"))
            return replace(snapshot, symbols={**snapshot.symbols, "BTCUSDT": replace(view, quote=quote)})

        stage.parts = replace(stage.parts, venue=Raising(stage.parts.venue, "see", fallen))
        await stage.cycle(BEGIN + FIVE)
        (trade,) = await closed(stage)
        cycle = await one_cycle(stage, 2)
        assert trade.exit_reason == "liquidation"
        assert trade.closed_at == cycle.watched_at == BEGIN + FIVE
        assert cycle.watched_until == (BEGIN + FIVE).replace(second=0)
        assert await stage.findings() == []
        assert await stage.differences() == ()


async def test_terms_that_change_hold_from_the_cycle_that_stored_them(database):
    turns = [[open_action()], [open_action(notional=300)], [{"action": "close", "symbol": "BTCUSDT", "reason": "r"}]]
    async with staged(database, {"a": Script(turns)}) as stage:
        await stage.cycle()
        venue = stage.parts.venue

        def dearer(snapshot):
            views = {
                name: replace(view, instrument=replace(view.instrument, taker_fee_rate=Decimal("0.002")))
                for name, view in snapshot.symbols.items()
            }
            return replace(snapshot, symbols=views)

        stage.parts = replace(stage.parts, venue=Raising(venue, "see", dearer))
        await stage.cycle(BEGIN + FIVE)
        await stage.look(BEGIN + FIVE + MINUTE)
        assert stage.parts.latest.terms.instruments["BTCUSDT"].taker_fee_rate == Decimal("0.002")
        await stage.restart(BEGIN + FIVE + 3 * MINUTE)
        assert stage.parts.latest.terms.instruments["BTCUSDT"].taker_fee_rate == Decimal("0.002")
        stage.parts = replace(stage.parts, venue=venue, rules=Rules(slippage=Decimal("0.01")))
        await stage.restart(BEGIN + FIVE + 4 * MINUTE)
        assert stage.parts.latest.terms.rules == Rules()
        await stage.cycle(BEGIN + 2 * FIVE)
        assert stage.parts.latest.terms.rules.slippage == Decimal("0.01")
        assert await stage.differences() == ()


@pytest.mark.parametrize("rules", [Rules(trigger_price=TriggerPrice.LAST), Rules(margin_mode=MarginMode.CROSS)])
async def test_other_rules_are_watched_stored_and_replayed(database, rules):
    both = [open_action(leverage=20, notional=40_000), open_action("open_short", "ETHUSDT", 20_000, 15)]
    async with staged(database, {"a": Script([both, [], [open_action(notional=500, leverage=20)]])}, rules=rules) as stage:
        await stage.cycle()
        await stage.look(BEGIN + timedelta(hours=3))
        await stage.cycle(BEGIN + timedelta(hours=3, minutes=5))
        await stage.cycle(BEGIN + timedelta(hours=7, minutes=5))
        await stage.restart(BEGIN + timedelta(hours=16))
        async with database.reading() as connection:
            lasts = (await connection.execute(select(tables.last_minutes.c.open_time))).all()
        assert bool(lasts) is (rules.trigger_price is TriggerPrice.LAST)
        assert await stage.findings() == []
        assert await stage.differences() == ()
        assert (await stage.compared()).rows > 20


async def test_a_minute_that_is_not_to_be_had_yet_is_judged_by_the_next_look(database):
    async with staged(database, {"a": Script([[open_action()]])}) as stage:
        await stage.cycle()
        whole = stage.parts.venue

        def without_newest(found):
            return {symbol: bars[:-1] for symbol, bars in found.items()}

        stage.parts = replace(stage.parts, venue=Raising(whole, "mark_minutes", without_newest))
        looked = await stage.look(BEGIN + 3 * MINUTE)
        assert looked.until == BEGIN.replace(second=0) + 2 * MINUTE
        stage.parts = replace(stage.parts, venue=whole)
        await stage.look(BEGIN + 4 * MINUTE)
        async with database.reading() as connection:
            bars = (await connection.execute(select(tables.mark_minutes.c.open_time))).scalars().all()
        assert bars == [BEGIN.replace(second=0) + minute * MINUTE for minute in range(4)]


async def test_no_fill_overtakes_a_minute_that_the_venue_has_not_shown_yet(database):
    """At 08:00 funding is due: a close three seconds later waits for the minute before it, and is not carried out when that never comes."""
    close = {"action": "close", "symbol": "BTCUSDT", "reason": "r"}
    async with staged(database, {"leaver": Script([[open_action()], [close], [close]]), "holder": Script([[open_action()]])}) as stage:
        await stage.cycle()
        whole = stage.parts.venue

        def without_newest(found):
            return {symbol: bars[:-1] for symbol, bars in found.items()}

        stage.parts = replace(stage.parts, venue=Raising(whole, "mark_minutes", without_newest))
        await stage.cycle(EIGHT + timedelta(seconds=3))
        stage.parts = replace(stage.parts, venue=whole)
        async with database.reading() as connection:
            refused = (
                (await connection.execute(select(tables.decisions.c.code).where(tables.decisions.c.verdict == "refused"))).scalars().all()
            )
        assert refused == ["INTERRUPTED"]
        await stage.cycle(EIGHT + 5 * MINUTE)
        async with database.reading() as connection:
            paid = (await connection.execute(select(tables.funding_payments.c.contestant_id, tables.funding_payments.c.quantity))).all()
        assert sorted(name for name, _ in paid) == ["holder", "leaver"]
        assert len({quantity for _, quantity in paid}) == 1
        assert await stage.differences() == ()


async def test_a_bar_that_was_judged_stays_as_it_was_whatever_the_venue_says_later(database):
    async with staged(database, {"a": Script([[open_action()]]), "b": Script([[open_action()]])}) as stage:
        await stage.cycle()
        await stage.look(BEGIN + 3 * MINUTE)
        async with database.reading() as connection:
            before = (await connection.execute(select(tables.mark_minutes))).all()
        async with database.writing() as connection:  # b lags behind
            await accounts.set_watched(connection, ["b"], BEGIN.replace(second=0))

        def revised(found):
            return {symbol: tuple(replace(bar, high=bar.high * 2) for bar in bars) for symbol, bars in found.items()}

        stage.parts = replace(stage.parts, venue=Raising(stage.parts.venue, "mark_minutes", revised))
        await stage.look(BEGIN + 3 * MINUTE)
        async with database.reading() as connection:
            after = (await connection.execute(select(tables.mark_minutes))).all()
            held = await accounts.load_account(connection, stage.parts.season_id, "b")
        assert after == before
        assert held.watched_until == BEGIN.replace(second=0) + 3 * MINUTE


async def test_an_unpublished_rate_is_asked_for_at_every_look_and_said_once(database):
    async with staged(database, {"a": Script([[open_action()]])}) as stage:
        await stage.cycle()
        await stage.look(EIGHT - MINUTE)
        stage.sandbox.fail({"route": "venue.funding_history", "kind": "server_error", "status": 500})
        with capture_logs() as logs:
            for minute in range(4):
                await stage.look(EIGHT + minute * MINUTE + timedelta(seconds=1))
        assert [line["event"] for line in logs].count("funding_unpublished") == 1
        assert stage.sandbox.requests("venue.funding_history") >= 4
        stage.sandbox.heal()
        await stage.look(EIGHT + 4 * MINUTE + timedelta(seconds=1))
        async with database.reading() as connection:
            paid = (await connection.execute(select(tables.funding_payments.c.paid_after))).scalar_one()
        assert paid == EIGHT + 3 * MINUTE
        assert await stage.differences() == ()
