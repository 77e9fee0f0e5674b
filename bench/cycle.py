"""How much time, memory and disk a cycle costs: `make bench`, or `python bench/cycle.py --cycles 50 --contestants 3`.

Starts the real arena as a child process on the sandbox with instant models, lets it run, and reads what it recorded itself. Arena time is
the clock time of the phases that wait for nobody (watch, brief, apply, value) plus the processor time of those that do (see, ask, fill).
"""

import argparse
import json
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

BACKEND = Path(__file__).resolve().parent.parent / "backend"
WAITING = ("see", "ask", "fill")
OWN = ("watch", "open", "brief", "apply", "value")


def main() -> None:
    """Run the benchmarks that are asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=60)
    parser.add_argument("--contestants", type=int, nargs="*", default=[3, 50])
    parser.add_argument("--endurance", type=int, default=500, help="cycles of the memory run with 3 contestants; 0 leaves it out")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(f"{'run':<28}{'cycles':>8}{'median ms':>11}{'p95 ms':>9}{'start s':>9}{'RSS MB':>8}{'kB/cycle':>10}")
    for contestants in asked.contestants:
        show(f"{contestants} instant models", run(contestants, asked.cycles))
    if asked.endurance:
        show(f"3 models, {asked.endurance} cycles", run(3, asked.endurance))


def show(name: str, found: dict[str, object]) -> None:
    """One line of the table, and the memory's course when it is long enough to have one."""
    print(
        f"{name:<28}{found['cycles']:>8}{found['median']:>11.0f}{found['p95']:>9.0f}{found['start']:>9.2f}"
        f"{found['rss'][-1]:>8.0f}{found['growth']:>10.1f}"
    )
    phases = ", ".join(f"{name} {ms:.0f}" for name, ms in found["phases"].items())
    print(f"    median ms a phase: {phases}; RSS MB over the run: {' '.join(f'{mb:.0f}' for mb in found['rss'])}")


def run(contestants: int, cycles: int) -> dict[str, object]:
    """One arena, from start to `cycles` finished cycles."""
    with tempfile.TemporaryDirectory(prefix="tiltyard-bench-") as folder:
        arena_file = Path(folder) / "arena.toml"
        arena_file.write_text("".join(contestant(number) for number in range(contestants)), encoding="utf-8")
        port = free_port()
        # At this speed the next cycle is due as soon as one is done.
        wanted = {"DATA_DIR": folder, "PORT": str(port), "WEB_PORT": str(free_port()), "MARKET": "sandbox", "SANDBOX_SPEED": "1200"}
        environment = {**os.environ, **wanted, "ARENA_FILE": str(arena_file), "LOG_LEVEL": "INFO"}
        started = time.monotonic()
        with (Path(folder) / "output.txt").open("w") as output:
            process = subprocess.Popen([sys.executable, "run.py"], cwd=BACKEND, env=environment, stdout=output, stderr=output)
        try:
            wait_for_status(port, process)
            start_seconds = time.monotonic() - started
            rss, sizes = watch(process, Path(folder) / "demo.db", cycles)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
        timings = read_timings(Path(folder) / "demo.db")[:cycles]
    arena = sorted(sum(one[name] for name in OWN) + sum(one[f"{name}_cpu"] for name in WAITING) for one in timings)
    return {
        "cycles": len(arena),
        "median": statistics.median(arena),
        "p95": arena[int(len(arena) * 0.95)],
        "start": start_seconds,
        "rss": rss,
        "growth": (sizes[-1][1] - sizes[0][1]) / 1000 / max(1, sizes[-1][0] - sizes[0][0]),
        "phases": {name: statistics.median(one[name] for one in timings) for name in (*WAITING, *OWN)},
    }


def contestant(number: int) -> str:
    """A contestant that answers at once and holds, except every third, which trades."""
    model = "coin-flipper" if number % 3 == 0 else "instant"
    return f'[[contestant]]\nid = "c{number:03}"\nprovider = "openai-compatible"\nmodel = "{model}"\n'


def wait_for_status(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the status page answers for the first time."""
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/system/status", timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"the arena ended with {process.returncode}: run it with the same settings to see why")


def watch(process: subprocess.Popen[bytes], database: Path, cycles: int) -> tuple[list[float], list[tuple[int, int]]]:
    """(RSS in MB over the run, (cycles done, bytes) over the run), ten points each and the last one."""
    rss: list[float] = []
    sizes: list[tuple[int, int]] = []
    while process.poll() is None:
        done = count_done(database)
        if done >= len(rss) * cycles / 10 and done > 0:
            rss.append(resident_mb(process.pid))
            sizes.append((done, sum(path.stat().st_size for path in database.parent.glob("demo.db"))))
        if done >= cycles:
            return rss, sizes
        time.sleep(0.2)
    sys.exit(f"the arena ended with {process.returncode}: run it with the same settings to see why")


def count_done(database: Path) -> int:
    """Finished cycles so far."""
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
            return int(connection.execute("SELECT count(*) FROM cycles WHERE state = 'done'").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def read_timings(database: Path) -> list[dict[str, float]]:
    """Recorded milliseconds of the finished cycles, the first left out: it loads the whole history."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT timings FROM cycles WHERE state = 'done' ORDER BY id").fetchall()
    return [json.loads(row[0]) for row in rows[1:]]


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def free_port() -> int:
    """A port nobody uses at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    main()
