"""The real arena as a child process, as a user starts it, for tests of the whole."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.conftest import free_port

BACKEND = Path(__file__).parent.parent


class RunningArena:
    """One start of the arena on a data folder. Environment variables of the machine that would configure it are left out."""

    def __init__(self, folder, **variables):
        self.folder = Path(folder)
        self.port, self.web_port = free_port(), free_port()
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"DATA_DIR": str(folder), "PORT": str(self.port), "WEB_PORT": str(self.web_port), "ARENA_FILE": ""}
        self.output = self.folder / f"output-{self.port}.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "run.py"], cwd=BACKEND, env={**inherited, **own, **variables}, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def said(self):
        """What it printed so far."""
        return self.output.read_text()

    def ask(self, path, method="GET", port=None, **headers):
        """(status, parsed JSON or text) of a call."""
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.port}{path}", method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status, body = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, body = error.code, error.read().decode()
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body

    def status(self):
        """The system status."""
        return self.ask("/api/v1/system/status")[1]

    def wait(self, condition, seconds=60):
        """Until `condition(self)` is true; fails with the output when it never is."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the arena ended with {self.process.returncode}:\n{self.said}")
            with contextlib.suppress(OSError, KeyError, TypeError):
                if found := condition(self):
                    return found
            time.sleep(0.05)
        raise AssertionError(f"it did not happen within {seconds} s:\n{self.said[-4000:]}")

    def cycles_done(self, count, seconds=120):
        """Until so many cycles are done."""
        self.wait(lambda arena: len(arena.ask(f"/api/v1/cycles?state=done&limit={count}")[1]["items"]) >= count, seconds)

    def kill(self):
        """As if the plug were pulled."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ctrl-C; returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
