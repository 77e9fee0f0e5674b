"""`tiltyard doctor` and `tiltyard replay` on a real database: what differs is named, and only sound books exit with 0."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

from app.store import tables
from app.store.database import Database
from tests.cycle.stage import BEGIN, Script, open_action, staged

BACKEND = Path(__file__).parent.parent.parent
EIGHT = BEGIN.replace(hour=8, second=0)


def tiltyard(folder, *arguments):
    """(exit status, what it printed, what it complained)."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=BACKEND,
        env={**inherited, "DATA_DIR": str(folder), "ARENA_FILE": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout or done.stderr, "a command that says nothing at all"
    return done.returncode, done.stdout, done.stderr


def told(folder, *arguments):
    """(exit status, the JSON it printed); what it complained of instead fails the test."""
    status, said, complaint = tiltyard(folder, *arguments, "--json")
    assert said, complaint
    return status, json.loads(said)


@pytest.fixture
async def season(tmp_path):
    """A data folder with two cycles, a funding settlement and an exit, closed."""
    database = await Database.open(f"sqlite:///{tmp_path / 'demo.db'}")
    await database.migrate()
    close = {"action": "close", "symbol": "BTCUSDT", "reason": "r"}
    scripts = {"first": Script([[open_action(leverage=10)], [close]]), "second": Script([[open_action("open_short", notional=900)]])}
    async with staged(database, scripts) as stage:
        await stage.cycle()
        await stage.cycle(EIGHT + timedelta(seconds=3))
        await stage.look(EIGHT + timedelta(minutes=4))
    yield tmp_path
    await database.close()


async def change(folder, statement):
    """By hand, as somebody would who doesn't know what hangs together."""
    database = await Database.open(f"sqlite:///{folder / 'demo.db'}")
    async with database._engine.connect() as connection:
        await connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        await connection.execute(statement)
        await connection.commit()
    await database.close()


async def test_sound_books_exit_with_zero_and_say_what_was_not_checked(season):
    status, said, _ = tiltyard(season, "doctor")
    assert status == 0
    assert "nothing differs" in said
    assert "not checked in this release: keys, venue, clock, disk" in said
    status, said, _ = tiltyard(season, "replay", "--verify")
    assert status == 0
    assert "nothing differs" in said


async def test_a_corrupted_amount_is_named_by_both(season):
    await change(season, update(tables.funding_payments).where(tables.funding_payments.c.id == 1).values(amount=Decimal(7)))
    status, found = told(season, "doctor", "--books")
    assert status == 1
    assert any(one["what"].startswith("funding of BTCUSDT at 2026-01-05 08:00") for one in found["findings"])
    status, said = told(season, "replay", "--verify")
    differences = said["verified"]["differences"]
    assert status == 1
    assert [(one["table"], one["column"], one["stored"]) for one in differences] == [("funding_payments", "amount", "7")]
    assert tiltyard(season, "replay", "--verify")[0] == 1


async def test_other_terms_are_shown_beside_the_original(season):
    status, found = told(season, "replay", "--fee", "0", "--leverage-cap", "5")
    assert status == 0
    assert found["change"] == {"fee": "0", "leverage_cap": "5"}
    original, changed = found["original"]["first"], found["changed"]["first"]
    assert (original["trades"], changed["trades"], changed["refusals"]) == (1, 1, original["refusals"])
    assert Decimal(found["original"]["second"]["fees"]) > 0
    assert Decimal(found["changed"]["second"]["fees"]) == 0
    assert found["changed"]["second"]["funding"] == found["original"]["second"]["funding"]
    assert "recorded" in found["note"]
    _, said, _ = tiltyard(season, "replay", "--slippage", "0.001")
    assert "and under slippage 0.001" in said


async def test_only_the_contestants_asked_for_are_replayed(season):
    _, said = told(season, "replay", "--contestant", "second")
    assert list(said["original"]) == ["second"]
    status, _, complaint = tiltyard(season, "replay", "--contestant", "nobody")
    assert status == 1
    assert "has no nobody: it has first, second" in complaint


async def test_a_season_recorded_before_minutes_were_kept_is_refused_by_name(season):
    await change(season, update(tables.cycles).where(tables.cycles.c.id == 1).values(watched_at=None))
    status, _, complaint = tiltyard(season, "replay", "--verify")
    assert status == 1
    assert "cycle 1 of 2026-01-05 06:00 UTC was recorded by an earlier release" in complaint


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replay", "--fee", "x"), "--fee x is not a number"),
        (("replay", "--fee", "4"), "--fee 4 is not a fraction"),
        (("replay", "--slippage", "NaN"), "--slippage NaN is not a fraction"),
        (("replay", "--season", "9"), "there is no season 9: there is 1"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_what_to_write(season, arguments, said):
    status, _, complaint = tiltyard(season, *arguments)
    assert status != 0
    assert said in complaint


@pytest.mark.parametrize("command", ["doctor", "replay"])
def test_without_a_database_none_is_made(tmp_path, command):
    status, _, complaint = tiltyard(tmp_path, command)
    assert status == 1
    assert "there is no database" in complaint
    assert list(tmp_path.iterdir()) == []


VANISHED = {
    "an account": [delete(tables.accounts).where(tables.accounts.c.contestant_id == "second")],
    "its season": [update(tables.accounts).where(tables.accounts.c.contestant_id == "second").values(season_id=2)],
}


@pytest.mark.parametrize("statements", VANISHED.values(), ids=VANISHED)
async def test_a_contestant_that_has_vanished_from_the_books_is_named_by_both_commands(season, statements):
    for one in statements:
        await change(season, one)
    status, said = told(season, "doctor", "--books")
    assert status == 1
    assert any(one["contestant"] == "second" and "account" in one["what"] for one in said["findings"])
    status, said = told(season, "replay", "--verify")
    assert status == 1
    assert "second" in {one["contestant"] for one in said["verified"]["differences"]}


FORGED = {
    "capital is what the contestant began with": update(tables.accounts)
    .where(tables.accounts.c.contestant_id == "first")
    .values(initial=Decimal(20_000)),
    "entry quantity of trade": update(tables.trades).where(tables.trades.c.contestant_id == "first").values(entry_quantity=Decimal(999)),
    "fees of the posting of fill": update(tables.fills).where(tables.fills.c.contestant_id == "first").values(fee=Decimal(1)),
    "has its order": delete(tables.orders).where(tables.orders.c.contestant_id == "first"),
}


@pytest.mark.parametrize("what", FORGED)
async def test_what_was_changed_by_hand_is_named_by_the_doctor(season, what):
    await change(season, FORGED[what])
    status, said = told(season, "doctor", "--books")
    assert status == 1
    assert any(what in one["what"] for one in said["findings"]), said


async def test_tables_of_a_newer_version_are_not_to_be_started_with_this_one(season):
    await change(season, text("UPDATE alembic_version SET version_num = '9999'"))
    status, _, complaint = tiltyard(season, "doctor")
    assert status == 1
    assert "use the newer version" in complaint
