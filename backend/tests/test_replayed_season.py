"""The arena live on the sandbox at high speed, and its season run again from what it stored: the same books to the digit."""

import json

import pytest

from tests.cli.test_books_commands import tiltyard
from tests.reference_data import REAL_DIR
from tests.running_arena import RunningArena

TAPE = REAL_DIR / "market"
CYCLES = 40


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_season_played_at_high_speed_is_replayed_to_the_digit(tmp_path):
    played = {"SANDBOX_SPEED": "1200", **({"TAPE": str(TAPE)} if TAPE.is_dir() else {})}
    with RunningArena(tmp_path, **played) as arena:
        arena.cycles_done(CYCLES)
        arena.wait(somebody_was_funded, 120)
        assert arena.stop() == 0
    status, said, complaint = tiltyard(tmp_path, "replay", "--verify", "--json")
    found = json.loads(said)
    assert (status, complaint, found["verified"]["differences"]) == (0, "", [])
    assert found["verified"]["rows"] > CYCLES
    assert any(float(one["funding"]) != 0 for one in found["original"].values())
    status, said, _ = tiltyard(tmp_path, "doctor", "--books", "--json")
    assert (status, json.loads(said)["findings"]) == (0, [])


def somebody_was_funded(arena):
    players = [one["id"] for one in arena.status()["contestants"]]
    return any(arena.ask(f"/api/v1/models/{name}/funding")[1]["items"] for name in players)
