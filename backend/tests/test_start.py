"""Starting: what is refused and with which sentence, live mode against a venue elsewhere, and keys that never show."""

import json
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.running_arena import BACKEND, RunningArena

KEY = "sk-planted5ecretvalue0123456789"


@pytest.fixture(scope="module")
def sandbox():
    """A sandbox of its own, as `tiltyard sandbox` starts it: (venue URL, models URL)."""
    command = [sys.executable, "-m", "app.sandbox", "--port", "0", "--exit-with-parent", "--model-latency-scale", "0"]
    with subprocess.Popen(command, cwd=BACKEND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ready = json.loads(process.stdout.readline())
        yield ready["venue"], ready["models"]
        process.stdin.close()
        process.wait(10)


def live(sandbox, **more):
    venue, models = sandbox
    own = {
        "MARKET": "bitget",
        "MARKET_BASE_URL": venue,
        "DEEPSEEK_API_KEY": KEY,
        "DEEPSEEK_BASE_URL": models,
        "DEEPSEEK_MODEL": "coin-flipper",
    }
    return {**own, **more}


def ended(arena):
    status = arena.process.wait(30)
    return status, arena.said.strip().splitlines()[-1]


def test_live_mode_trades_and_the_key_is_in_no_table_log_or_answer(tmp_path, sandbox):
    with RunningArena(tmp_path, **live(sandbox)) as arena:
        arena.cycles_done(1)
        spoil(sandbox, {"route": "model.chat", "kind": "auth"})
        arena.wait(lambda one: one.ask("/api/v1/system/scheduler/run-now", "POST")[0] == 200)
        arena.cycles_done(2)
        spoil(sandbox, None)
        status = arena.status()
        paths = (
            "/system/status",
            "/system/logs?limit=500&level=DEBUG",
            "/models",
            "/conversations",
            "/conversations/1",
            "/conversations/2",
            "/decisions",
            "/leaderboard",
        )
        answers = json.dumps([arena.ask(f"/api/v1{path}") for path in paths])
        assert arena.stop() == 0
    assert (status["mode"], status["market"]["venue"]) == ("live", "bitget")
    states = {one["id"]: one["state"] for one in status["contestants"]}
    # The refused key has paused the one that has a key.
    assert states == {"qwen3": "no_key", "deepseek": "paused", "kimi": "no_key", "cash": "active", "buy-and-hold": "active"}
    assert "holds" in arena.said
    assert (tmp_path / "tiltyard.db").is_file()
    assert not (tmp_path / "demo.db").exists()
    assert KEY not in answers
    assert KEY not in arena.said
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    assert all(KEY not in line for line in dump(tmp_path / "tiltyard.db"))


def spoil(sandbox, rule):
    body = json.dumps(rule).encode() if rule else None
    urllib.request.urlopen(
        urllib.request.Request(f"{sandbox[0]}/sandbox/faults", body, method="PUT" if rule else "DELETE"), timeout=10
    ).close()


def dump(path):
    with sqlite3.connect(path) as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


def test_a_symbol_the_venue_does_not_list_refuses_the_start_and_is_named(tmp_path, sandbox):
    with RunningArena(tmp_path, **live(sandbox, SYMBOLS="BTC,NOSUCHCOIN")) as arena:
        status, last = ended(arena)
    assert status == 1
    assert "NOSUCHCOINUSDT" in last
    assert "SYMBOLS" in last


def test_a_wrong_setting_refuses_the_start_with_one_sentence(tmp_path):
    with RunningArena(tmp_path, SCHEDULER_INTERVAL_MINUTES="0") as arena:
        status, last = ended(arena)
    assert status == 2
    assert last.startswith("tiltyard: SCHEDULER_INTERVAL_MINUTES is '0'")
    assert len(arena.said.strip().splitlines()) == 1


def test_a_port_in_use_refuses_the_start_and_names_the_variable(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with RunningArena(tmp_path, PORT=str(taken.getsockname()[1])) as arena:
            status, last = ended(arena)
    assert status == 1
    assert "PORT" in last


def test_a_host_that_is_no_address_here_is_refused_as_such(tmp_path):
    with RunningArena(tmp_path, HOST="nope.invalid", ADMIN_TOKEN="a-long-enough-token") as arena:
        status, last = ended(arena)
    assert status == 1
    assert "HOST nope.invalid" in last


def test_an_unknown_venue_refuses_the_start_with_suggestions(tmp_path, sandbox):
    with RunningArena(tmp_path, **live(sandbox, MARKET="bitgit")) as arena:
        status, last = ended(arena)
    assert status == 1
    assert "bitget" in last


def test_another_tape_on_the_same_folder_is_refused(tmp_path):
    with RunningArena(tmp_path) as arena:
        arena.wait(lambda one: (one.folder / "sandbox.json").is_file())
        arena.kill()
    tape = tmp_path / "tape"
    tape.mkdir()
    with RunningArena(tmp_path, TAPE=str(tape)) as arena:
        status, last = ended(arena)
    assert status == 1
    assert "another DATA_DIR" in last


def test_a_folder_without_candles_is_no_tape(tmp_path):
    tape = tmp_path / "tape"
    tape.mkdir()
    with RunningArena(tmp_path, TAPE=str(tape)) as arena:
        status, last = ended(arena)
    assert status == 1
    assert "candles_1m.parquet" in last


def test_stopping_and_starting_keeps_balances_and_positions_and_runs_no_slot_twice(tmp_path):
    with RunningArena(tmp_path) as arena:
        arena.cycles_done(1)
        before = arena.ask("/api/v1/models")[1]
        assert arena.stop() == 0
    with RunningArena(tmp_path) as arena:
        arena.wait(lambda one: one.status()["scheduler_running"])
        time.sleep(0.5)
        after = arena.ask("/api/v1/models")[1]
        assert len(arena.ask("/api/v1/cycles")[1]["items"]) in {1, 2}
        assert "ran before; nothing to do" in arena.said or len(arena.ask("/api/v1/cycles")[1]["items"]) == 2
    held = [[(one["symbol"], one["quantity"], one["entry_price"]) for one in model["positions"]] for model in before]
    assert [[(one["symbol"], one["quantity"], one["entry_price"]) for one in model["positions"]] for model in after] == held
    assert [model["standing"]["available"] for model in after] == [model["standing"]["available"] for model in before]


def test_a_changed_starting_capital_changes_nothing_for_those_who_play_and_is_said(tmp_path):
    with RunningArena(tmp_path, SANDBOX_SPEED="300") as arena:
        arena.cycles_done(2)
        assert arena.stop() == 0
    with RunningArena(tmp_path, SANDBOX_SPEED="300", INITIAL_CAPITAL="20000") as arena:
        arena.cycles_done(4)
        board = arena.ask("/api/v1/leaderboard")[1]
        series = arena.ask("/api/v1/models/qwen3/equity")[1]["points"]
        assert arena.stop() == 0
    assert "settings differ from those season 1 began with: initial_capital" in arena.said
    assert float(board["initial_capital"]) == 10_000
    assert all(abs(row["total_return"]["value"] - (float(row["equity"]) / 10_000 - 1)) < 1e-12 for row in board["standings"])
    assert float(series[0]["equity"]) == 10_000


def test_a_contestant_without_a_key_is_shown_but_not_ranked(tmp_path, sandbox):
    with RunningArena(tmp_path, **live(sandbox)) as arena:
        arena.cycles_done(1)
        board = arena.ask("/api/v1/leaderboard")[1]
        models = arena.ask("/api/v1/models")[1]
        assert arena.stop() == 0
    assert {row["contestant"]["id"] for row in board["standings"]} == {"deepseek", "cash", "buy-and-hold"}
    assert [one["contestant"]["id"] for one in models] == ["qwen3", "deepseek", "kimi", "cash", "buy-and-hold"]


def test_relative_paths_start_at_the_repository_whatever_the_folder(tmp_path):
    with RunningArena(tmp_path, TAPE="docs/concepts") as arena:
        status, last = ended(arena)
    assert status == 1
    assert "docs/concepts" in last
    assert "candles_1m.parquet" in last


def test_the_sandbox_ends_with_a_killed_arena(tmp_path):
    with RunningArena(tmp_path) as arena:
        venue = arena.wait(lambda one: one.status()["market"]["venue_url"])
        arena.kill()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{venue}/sandbox/state", timeout=1).close()
        except OSError:
            return
        time.sleep(0.1)
    raise AssertionError("the sandbox still answers")
