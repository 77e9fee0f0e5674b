"""The sandbox as a process: one ready line, quiet, gone with its parent or a signal, refusals in a sentence with exit status 2."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.reference_data import real_folder
from tests.sandbox.conftest import ask

BACKEND = Path(__file__).parent.parent.parent
ORIGINS = ("--market-origin", "2026-03-04T12:00:00Z", "--real-origin", "2026-01-01T00:00:00Z")


def start(*arguments):
    command = [sys.executable, "-m", "app.sandbox", "--port", "0", *arguments]
    return subprocess.Popen(command, cwd=BACKEND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture
def started():
    """Starts processes and leaves none."""
    running = []

    def make(*arguments):
        running.append(start(*arguments))
        readable, _, _ = select.select([running[-1].stdout], [], [], 20)
        assert readable, "no ready line within 20 s"
        return running[-1], json.loads(running[-1].stdout.readline())

    yield make
    for process in running:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


def ended(process):
    process.wait(10)
    return process.returncode, process.stdout.read(), process.stderr.read()


def test_it_says_where_it_is_and_then_nothing_and_ends_with_its_parents_pipe(started):
    process, ready = started("--exit-with-parent", *ORIGINS)
    assert ready["models"] == f"{ready['venue']}/v1"
    assert ask(f"{ready['venue']}/api/v2/public/time").status == 200
    process.stdin.close()
    assert ended(process) == (0, b"", b"")


@pytest.mark.parametrize("one", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(started, one):
    process, ready = started("--exit-with-parent", *ORIGINS)
    assert ask(f"{ready['venue']}/sandbox/state").status == 200
    os.kill(process.pid, one)
    assert ended(process) == (0, b"", b"")


def test_after_a_restart_the_market_is_the_same(started):
    query = "/api/v2/mix/market/history-candles?productType=USDT-FUTURES&symbol=SOLUSDT&granularity=5m&limit=50&endTime=1772600000000"
    seen = []
    for _ in range(2):
        process, ready = started("--seed", "11", *ORIGINS)
        seen.append(ask(ready["venue"] + query).json["data"])
        process.kill()
    assert len(seen[0]) == 50
    assert seen[0] == seen[1]


def test_market_time_runs_as_fast_as_told(started):
    _, ready = started("--speed", "300", *ORIGINS)
    times = [time.perf_counter()]
    market = []
    for _ in range(2):
        market.append(int(ask(f"{ready['venue']}/api/v2/public/time").json["data"]["serverTime"]) / 1000)
        times.append(time.perf_counter())
        ask(f"{ready['venue']}/api/v2/mix/market/tickers?productType=USDT-FUTURES")
        times.append(time.perf_counter())
    first, last = market
    assert 300 * (times[2] - times[1]) <= last - first + 0.3 <= 300 * (times[3] - times[0]) + 0.6


@pytest.mark.real
def test_a_tape_begins_late_enough_to_look_back_and_says_when(started):
    _, ready = started("--tape", str(real_folder("market")), "--speed", "60")
    assert ready["market_origin"] == "2025-06-04T10:30:00+00:00"
    assert ready["speed"] == 60
    state = ask(f"{ready['venue']}/sandbox/state").json
    assert state["market_time"].startswith("2025-06-04T1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--tape", "/nowhere/at/all"), "The tape /nowhere/at/all is not a folder"),
        (("--tape", str(Path(__file__).parent)), "has no candles_1m.parquet"),
        (("--market-origin", "2019-05-05"), "too early"),
        (("--market-origin", "soon"), "is not an ISO 8601 time"),
        (("--speed", "0"), "from 1 to 3600"),
        (("--port", "99999"), "can't be used"),
    ],
)
def test_what_cannot_be_played_is_refused_with_status_2(arguments, says):
    process = start(*arguments)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 2
    assert says in error.decode()
    assert "Traceback" not in error.decode()


def test_a_port_that_is_taken_is_named(started):
    _, ready = started(*ORIGINS)
    port = ready["venue"].rpartition(":")[2]
    process = start("--port", port)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 2
    assert f"Port {port}" in error.decode()


def test_it_starts_soon_and_stays_small(started):
    psutil = pytest.importorskip("psutil")
    began = time.perf_counter()
    process, ready = started(*ORIGINS)
    taken = time.perf_counter() - began
    for symbol in ("BTCUSDT", "ETHUSDT", "DOGEUSDT"):
        for granularity in ("5m", "4H"):
            path = f"/api/v2/mix/market/candles?productType=USDT-FUTURES&symbol={symbol}&granularity={granularity}&limit=360"
            assert len(ask(ready["venue"] + path).json["data"]) == 360
    assert taken < 5
    assert psutil.Process(process.pid).memory_info().rss < 150_000_000
