"""What turns cost when many are asked at once: `make bench`, or `python bench/turns.py --contestants 100 --cycles 12`.

Starts the real arena as a child process on the sandbox's market, and a model host of its own that answers every request after exactly the
same time. Prints the whole cycle, its phases, the longest time the event loop was blocked, the bytes on disk a turn, and how long one reply
of 64 KB takes to read, hostile ones included. `--hang` adds contestants whose host never answers, to show that they cost nobody a turn.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Self

from cycle import BACKEND, count_done, free_port, read_timings, wait_for_status

sys.path.insert(0, str(BACKEND))

REPLY = {"summary": "Nothing convinces me: I hold what I have and wait for the next look at the market.", "actions": []}
TRADE = {
    "action": "open_long",
    "symbol": "ETHUSDT",
    "notional_usdt": 50,
    "leverage": 2,
    "close_fraction": None,
    "stop_loss": None,
    "take_profit": None,
    "confidence": 0.55,
    "invalidation": "a close below the 4h EMA20",
    "reason": "The averages point up on both timeframes and funding is low; a small position is worth the fee.",
}
PHASES = ("see", "watch", "open", "brief", "ask", "fill", "apply", "value")


def main() -> None:
    """Run what is asked for and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contestants", type=int, default=100)
    parser.add_argument("--cycles", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=2.0, help="after how long the host answers")
    parser.add_argument("--hang", type=int, default=0, help="so many contestants more, whose host never answers")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    reading()
    with Host(asked.seconds) as host:
        arena(asked, host.port)


def arena(asked: argparse.Namespace, port: int) -> None:
    """The arena with its contestants, until enough cycles are done."""
    with tempfile.TemporaryDirectory(prefix="tiltyard-bench-") as folder:
        arena_file = Path(folder) / "arena.toml"
        blocks = [contestant(number, port, "/v1") for number in range(asked.contestants)]
        blocks += [contestant(asked.contestants + number, port, "/hang") for number in range(asked.hang)]
        arena_file.write_text("baselines = []\n" + "".join(blocks), encoding="utf-8")
        api = free_port()
        wanted = {"DATA_DIR": folder, "PORT": str(api), "WEB_PORT": str(free_port()), "MARKET": "sandbox", "SANDBOX_SPEED": "60"}
        environment = {**os.environ, **wanted, "ARENA_FILE": str(arena_file), "BENCH_API_KEY": "bench-key-of-nobody"}
        with (Path(folder) / "output.txt").open("w") as output:
            process = subprocess.Popen([sys.executable, "run.py"], cwd=BACKEND, env=environment, stdout=output, stderr=output)
        database = Path(folder) / "demo.db"
        try:
            wait_for_status(api, process)
            grown = watch(process, database, asked.cycles)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
        report(asked, database, grown)


def report(asked: argparse.Namespace, database: Path, grown: list[tuple[int, int]]) -> None:
    """The tables."""
    timings = read_timings(database)[: asked.cycles]
    total = sorted(sum(one[name] for name in PHASES if name in one) / 1000 for one in timings)
    blocked = sorted(one["loop_blocked_max"] for one in timings)
    print(f"\n{asked.contestants} contestants, host answers after {asked.seconds:g} s, {asked.hang} hosts hang, {len(timings)} cycles")
    print(f"  whole cycle           median {statistics.median(total):.2f} s, p95 {p95(total):.2f} s")
    print(f"  event loop blocked    median {statistics.median(blocked):.0f} ms, p95 {p95(blocked):.0f} ms, worst {blocked[-1]:.0f} ms")
    busy = sorted(one["loop_busy_max"] for one in timings)
    print(f"    its own processor   median {statistics.median(busy):.0f} ms, p95 {p95(busy):.0f} ms, worst {busy[-1]:.0f} ms")
    for name in PHASES:
        found = sorted(one[name] for one in timings if name in one)
        used = sorted(one[f"{name}_cpu"] for one in timings if name in one)
        print(f"  {name:<8}{statistics.median(found):>9.0f} ms (p95 {p95(found):.0f}), processor {statistics.median(used):.0f} ms")
    with sqlite3.connect(database) as connection:
        outcomes = connection.execute("SELECT outcome, count(*) FROM turns GROUP BY outcome ORDER BY 2 DESC").fetchall()
        spread = connection.execute("SELECT min(latency_ms), max(latency_ms) FROM turns WHERE outcome IN ('held', 'traded')").fetchone()
    print(f"  turns: {', '.join(f'{name} {count}' for name, count in outcomes)}; answers took {spread[0]} to {spread[1]} ms")
    (first, before), (last, after) = grown[0], grown[-1]
    turns = max(1, (last - first) * asked.contestants)
    print(f"  on disk: {(after - before) / 1000 / turns:.1f} kB a turn (the cycle's market included), over {turns} turns")


def reading() -> None:
    """How long one reply takes to read."""
    from app.agents.reading import Shown, Spoken  # noqa: PLC0415 - the arena's code is found once BACKEND is on the path
    from app.agents.tiltyard_reply import read_tiltyard  # noqa: PLC0415

    shown = Shown(datetime(2026, 1, 5, tzinfo=UTC), {"ETHUSDT": Decimal(4000)}, {"ETHUSDT": Decimal("0.01")}, 20)
    size = 65_000
    filled = json.dumps({"summary": "s", "actions": [{**TRADE, "reason": "r" * 3000}] * 12})
    replies = {
        "twelve long actions": filled,
        "whole text in prose": "word " * (size // 5 - 400) + json.dumps({**REPLY, "actions": [TRADE]}),
        "brackets": "[" * size,
        "braces": "{" * size,
        "brace pairs": "{}" * (size // 2),
        "quotes": '"' * size,
        "escapes": '{"summary": "' + "\\" * (size - 20) + '"}',
        "one long number": '{"summary": "s", "actions": [], "n": ' + "9" * (size - 60) + "}",
        "think tags": "<think>" * (size // 7),
        "fences": "```json\n" * (size // 8),
        "comments": "{" + "/* " * (size // 3) + "}",
        "single quotes": "{'a':'" + "x" * (size - 20) + "'}",
        "full-width": "｛" * (size // 3),
    }
    print(f"\nreading a reply of {size // 1000} KB: median / worst of 20, ms")
    for name, text in replies.items():
        took: list[float] = []
        for _ in range(20):
            started = time.perf_counter()
            read_tiltyard(Spoken(text), shown)
            took.append((time.perf_counter() - started) * 1000)
        print(f"  {name:<22}{statistics.median(took):>7.2f} /{max(took):>6.2f}")


def contestant(number: int, port: int, path: str) -> str:
    """A contestant at our host; every third trades a little."""
    model = "trades" if number % 3 == 0 else "holds"
    return (
        f'[[contestant]]\nid = "c{number:03}"\nprovider = "openai-compatible"\nmodel = "{model}"\n'
        f'base_url = "http://127.0.0.1:{port}{path}"\napi_key_env = "BENCH_API_KEY"\n'
    )


def watch(process: subprocess.Popen[bytes], database: Path, cycles: int) -> list[tuple[int, int]]:
    """(Cycles done, bytes of the database) whenever another is done."""
    sizes: list[tuple[int, int]] = []
    while process.poll() is None:
        done = count_done(database)
        if done > (sizes[-1][0] if sizes else 0):
            sizes.append((done, sum(path.stat().st_size for path in database.parent.glob("demo.db*"))))
        if done > cycles:
            return sizes
        time.sleep(0.1)
    sys.exit(f"the arena ended with {process.returncode}: run it with the same settings to see why")


def p95(values: list[float]) -> float:
    """Of sorted values."""
    return values[min(len(values) - 1, int(len(values) * 0.95))]


class Host:
    """A model host in a thread: chat completions over plain HTTP, each answered after exactly so many seconds; `/hang` never answers."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = int(self.listener.getsockname()[1])
        self.loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.call_later(0.1, self.loop.stop)

    def _run(self) -> None:
        self.loop.run_until_complete(asyncio.start_server(self._serve, sock=self.listener))
        self.loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                body = await reader.readexactly(size)
                if b" /hang" in head:
                    await asyncio.sleep(3600)
                await asyncio.sleep(self.seconds)
                answer = self._answer(json.loads(body)["model"])
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(answer) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()

    def _answer(self, model: str) -> bytes:
        actions = [TRADE] if model == "trades" else []
        content = json.dumps({**REPLY, "actions": actions})
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 3000, "completion_tokens": 120, "total_tokens": 3120}
        return json.dumps({"id": "bench", "object": "chat.completion", "model": model, "choices": [choice], "usage": usage}).encode()


if __name__ == "__main__":
    main()
