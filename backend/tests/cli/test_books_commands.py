"""`tiltyard doctor` and `tiltyard replay` on a real database: what differs is named, and only sound books exit with 0."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import update

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
    return done.returncode, done.stdout, done.stderr


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
    database = await Database.open(f"sqlite:///{folder / 'demo.db'}")
    async with database.writing() as connection:
        await connection.execute(statement)
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
    status, said, _ = tiltyard(season, "doctor", "--books", "--json")
    found = json.loads(said)
    assert status == 1
    assert any(one["what"].startswith("funding of BTCUSDT at 2026-01-05 08:00") for one in found["findings"])
    status, said, _ = tiltyard(season, "replay", "--verify", "--json")
    differences = json.loads(said)["verified"]["differences"]
    assert status == 1
    assert [(one["table"], one["column"], one["stored"]) for one in differences] == [("funding_payments", "amount", "7")]
    assert tiltyard(season, "replay", "--verify")[0] == 1


async def test_other_terms_are_shown_beside_the_original(season):
    status, said, _ = tiltyard(season, "replay", "--fee", "0", "--leverage-cap", "5", "--json")
    found = json.loads(said)
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
    _, said, _ = tiltyard(season, "replay", "--contestant", "second", "--json")
    assert list(json.loads(said)["original"]) == ["second"]
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
