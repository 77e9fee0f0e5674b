"""A database of the first release is brought to the newest form with sensible values: nobody is charged for what was not kept then."""

import zlib
from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

from app.store import calls, contestant_events, contestants, conversations, decisions, recall, tables, turns
from app.store.blobs import hash_of
from app.store.contestant_events import ConductTotals
from app.store.database import Database, StoreError
from app.store.migrate import MIGRATIONS
from app.store.types import UtcTime
from tests.engine.markets import NOON
from tests.store.stage import findings, load

WATCHED = NOON + timedelta(minutes=7)
ROWS = """
INSERT INTO seasons (id, name, started_at, rules, entries_open) VALUES (1, '1', :noon, '{"mode":"demo"}', true);
INSERT INTO contestants (id, season_id, name, provider, model, color_index, position, state, joined_at, consecutive_failures)
  VALUES ('qwen3', 1, 'q', 'qwen', 'm', 0, 0, 'active', :noon, 0);
INSERT INTO accounts (contestant_id, season_id, available, initial, trades_opened, version, watched_until, updated_at)
  VALUES ('qwen3', 1, '9899', '10000', 1, 1, :watched, :noon);
INSERT INTO trades (id, contestant_id, season_id, number, symbol, side, leverage, state, opened_at, entry_quantity, entry_price,
  exit_quantity, gross_pnl, fees, insured, net_pnl)
  VALUES (1, 'qwen3', 1, 1, 'BTCUSDT', 'long', 10, 'open', :noon, '0.01', '100000', '0', '0', '1', '0', '-1');
INSERT INTO positions (contestant_id, symbol, side, quantity, entry_price, leverage, margin, armed_from, trade_id, updated_at)
  VALUES ('qwen3', 'BTCUSDT', 'long', '0.01', '100000', 10, '100', :noon, 1, :noon);
INSERT INTO orders (id, contestant_id, source, kind, symbol, side, state, created_at)
  VALUES (1, 'qwen3', 'trigger', 'open', 'BTCUSDT', 'long', 'filled', :noon);
INSERT INTO fills (id, contestant_id, trade_id, order_id, symbol, side, purpose, quantity, price, fee, realised_pnl, insured, beyond_depth,
  parts, at) VALUES (1, 'qwen3', 1, 1, 'BTCUSDT', 'long', 'open', '0.01', '100000', '1', '0', '0', false, '[]', :noon);
INSERT INTO ledger_entries (posting, contestant_id, season_id, kind, account, amount, at)
  VALUES (1, 'qwen3', 1, 'deposit', 'available', '10000', :noon);
INSERT INTO ledger_entries (posting, contestant_id, season_id, kind, account, amount, at)
  VALUES (1, 'qwen3', 1, 'deposit', 'capital', '-10000', :noon);
INSERT INTO ledger_entries (posting, contestant_id, season_id, fill_id, kind, account, amount, at)
  VALUES (2, 'qwen3', 1, 1, 'open', 'available', '-101', :noon);
INSERT INTO ledger_entries (posting, contestant_id, season_id, fill_id, kind, account, symbol, amount, at)
  VALUES (2, 'qwen3', 1, 1, 'open', 'margin', 'BTCUSDT', '100', :noon);
INSERT INTO ledger_entries (posting, contestant_id, season_id, fill_id, kind, account, amount, at)
  VALUES (2, 'qwen3', 1, 1, 'open', 'fees', '1', :noon)
"""


def first_release(connection):
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")


async def old_database(url):
    """A database as the first release left it, with an open position."""
    database = await Database.open(url)
    async with database.writing() as connection:
        await connection.run_sync(first_release)
        dialect = connection.dialect
        times = {name: UtcTime().process_bind_param(at, dialect) for name, at in (("noon", NOON), ("watched", WATCHED))}
        if not database.is_sqlite:
            await connection.execute(text("SET session_replication_role = replica"))
        for statement in ROWS.split(";\n"):
            words = statement if not database.is_sqlite else statement.replace("true", "1").replace("false", "0")
            used = {name: value for name, value in times.items() if f":{name}" in words}
            escaped = words.replace('"mode":"demo"', '"mode"\\:"demo"')
            await connection.execute(text(escaped), used)
    return database


async def test_an_open_position_is_charged_from_where_it_was_watched_last(database_url):
    database = await old_database(database_url)
    with pytest.raises(StoreError, match="start the arena once"):
        await database.require_newest()
    await database.migrate()
    await database.require_newest()
    held = await load(database, 1)
    async with database.reading() as connection:
        funding = (
            await connection.execute(select(tables.trades.c.funding, tables.fills.c.takeover).join_from(tables.trades, tables.fills))
        ).one()
    assert held.account.positions["BTCUSDT"].funded_until == WATCHED
    assert held.account.dues == ()
    assert tuple(funding) == (0, 0)
    assert await findings(database) == []
    await database.close()


SECOND_ROWS = """
INSERT INTO contestants (id, season_id, name, provider, model, color_index, position, state, joined_at, consecutive_failures)
  VALUES ('kimi', 1, 'k', 'kimi', 'm', 1, 1, 'paused', :noon, 0);
INSERT INTO cycles (id, season_id, due_at, kind, state, phase, started_at, pid) VALUES (1, 1, :noon, 'scheduled', 'done', 'reported', :noon, 1);
INSERT INTO turns (cycle_id, contestant_id, state, outcome, started_at, settled_at) VALUES (1, 'qwen3', 'settled', 'traded', :noon, :noon);
INSERT INTO prompts (hash, family, version, text, created_at) VALUES (:system, 'tiltyard', '2', 'trade', :noon);
INSERT INTO blobs (hash, size, content) VALUES (:user, 5, :packed);
INSERT INTO conversations (id, cycle_id, contestant_id, created_at, provider, model, prompt_hash, user_hash, reply, reasoning, latency_ms)
  VALUES (1, 1, 'qwen3', :noon, 'qwen', 'm', :system, :user, '{}', 'thought', 5);
INSERT INTO decisions (id, cycle_id, contestant_id, conversation_id, position, action, verdict, code, created_at)
  VALUES (1, 1, 'qwen3', 1, 0, 'open_long', 'refused', 'NO_DEPTH', :noon)
"""


async def test_what_was_said_before_stays_readable_and_counts_in_no_rate(database_url):
    database = await old_database(database_url)
    async with database.writing() as connection:
        noon = UtcTime().process_bind_param(NOON, connection.dialect)
        given = {"noon": noon, "system": hash_of(b"trade"), "user": hash_of(b"hello"), "packed": zlib.compress(b"hello")}
        if not database.is_sqlite:
            await connection.execute(text("SET session_replication_role = replica"))
        for statement in SECOND_ROWS.split(";\n"):
            await connection.execute(text(statement), {name: value for name, value in given.items() if f":{name}" in statement})
    await database.migrate()
    async with database.reading() as connection:
        talk = await conversations.get_conversation(connection, 1)
        assert await conversations.messages_of(connection, talk) == [("system", "trade"), ("user", "hello")]
        assert await calls.calls_of(connection, 1) == []
        refused = await decisions.get_decision(connection, 1)
        players = {one.id: one for one in await contestants.all_contestants(connection, 1)}
        (turn,) = await turns.turns_of(connection, 1)
        version = (await connection.execute(select(tables.prompts.c.version))).scalar_one()
        conduct = await contestant_events.counts(connection, 1)
        memory = await recall.seat_memory(connection, ["qwen3"], 2, 5, 5)
    assert (talk.reasoning, talk.calls, talk.cost_usd, talk.template) == ("thought", 0, None, None)
    assert (refused.refused_by, version) == ("exchange", "draft-2")
    assert (players["kimi"].paused_by, players["qwen3"].paused_by, players["kimi"].kind) == ("operator", None, "model")
    assert (turn.asked_at, turn.close_only) == (None, False)
    assert conduct == {"qwen3": ConductTotals(), "kimi": ConductTotals()}
    assert (memory["qwen3"].times_asked, [one.code for one in memory["qwen3"].past]) == (1, ["NO_DEPTH"])
    assert {one.what for one in await findings(database)} == {"a contestant has an account in its season"}
    await database.close()
