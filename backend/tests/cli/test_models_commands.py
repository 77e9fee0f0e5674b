"""The commands about contestants, on a running arena: what they change can be seen, and what they can't do is a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running_arena import RunningArena

BACKEND = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    with RunningArena(tmp_path_factory.mktemp("arena"), SANDBOX_SPEED="300") as running:
        running.cycles_done(1)
        yield running


@pytest.fixture(scope="module")
def tiltyard(arena):
    """(exit status, what it printed, what it complained) of a command sent to the arena."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}

    def run(*arguments, answer="", columns="200"):
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments, "--server", f"http://127.0.0.1:{arena.port}"],
            cwd=BACKEND,
            env={**inherited, "DATA_DIR": str(arena.folder), "ARENA_FILE": "", "COLUMNS": columns},
            input=answer,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def contestant(arena, name):
    return arena.ask(f"/api/v1/models/{name}")[1]


def quiet(arena):
    """Stop the timer and wait until nothing runs."""
    arena.ask("/api/v1/system/scheduler/stop", "POST")
    arena.wait(lambda running: running.status()["cycle_in_progress"] is None)


def test_models_lists_everybody_with_template_and_fits_eighty_columns(tiltyard):
    status, said, _ = tiltyard("models", columns="80")
    lines = said.splitlines()
    rows = {line.split()[0]: line for line in lines[2:] if not line.startswith(" ")}
    assert status == 0
    assert list(rows) == ["qwen3", "deepseek", "kimi", "cash", "buy-and-hold"]
    assert "tiltyard@1" in rows["qwen3"]
    assert "baseline" in rows["cash"]
    assert max(len(line) for line in lines) <= 80


def test_pause_and_resume_change_the_state(arena, tiltyard):
    assert tiltyard("pause", "kimi")[:2] == (0, "kimi is paused\n")
    assert contestant(arena, "kimi")["contestant"]["state"] == "paused"
    assert tiltyard("resume", "kimi")[0] == 0
    assert contestant(arena, "kimi")["contestant"]["state"] == "active"


def test_close_only_goes_on_and_off_and_stands_in_the_status(arena, tiltyard):
    assert tiltyard("close-only", "kimi")[0] == 0
    assert contestant(arena, "kimi")["contestant"]["close_only"] is True
    assert [line for line in tiltyard("status")[1].splitlines() if "may only close" in line and "kimi" in line]
    assert tiltyard("close-only", "kimi", "--off")[0] == 0
    assert contestant(arena, "kimi")["contestant"]["close_only"] is False


def test_somebody_unknown_is_a_sentence_and_exit_status_1(tiltyard):
    status, _, complaint = tiltyard("pause", "nobody")
    assert (status, complaint) == (1, "tiltyard: no contestant nobody\n")


def test_close_asks_first_and_then_closes_the_position(arena, tiltyard):
    arena.wait(lambda running: contestant(running, "buy-and-hold")["positions"])
    quiet(arena)
    status, _, complaint = tiltyard("close", "buy-and-hold", "BTC", "--yes")
    assert (status, complaint) == (1, "tiltyard: buy-and-hold holds no BTC; it holds BTCUSDT\n")
    assert tiltyard("close", "buy-and-hold", "BTCUSDT", answer="n\n")[0] == 1
    assert contestant(arena, "buy-and-hold")["positions"]
    assert tiltyard("close", "buy-and-hold", "BTCUSDT", answer="y\n")[0] == 0
    assert contestant(arena, "buy-and-hold")["positions"] == []
    status, _, complaint = tiltyard("close", "buy-and-hold", "BTCUSDT", "--yes")
    assert (status, complaint) == (1, "tiltyard: buy-and-hold holds no BTCUSDT; it holds nothing\n")


def test_decide_now_asks_everybody_once_more(arena, tiltyard):
    quiet(arena)
    before = arena.status()["last_cycle_id"]
    assert tiltyard("decide-now")[0] == 0
    arena.wait(lambda running: running.status()["last_cycle_id"] > before)
    cycle = arena.ask(f"/api/v1/cycles/{arena.status()['last_cycle_id']}")[1]
    assert (cycle["kind"], len(cycle["turns"])) == ("manual", 5)
