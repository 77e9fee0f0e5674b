"""Running the sandbox on a socket of this machine: in the foreground for the process, in a thread for tests. Loopback only."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import uvicorn

from app.engine.clock import Clock
from app.sandbox.server import SandboxConfig, application, prepare
from app.sandbox.state import SandboxState

HOST = "127.0.0.1"
GOODBYE_SECONDS = 2
KEEP_ALIVE_SECONDS = 75
"""As venues do; shorter ones than a cycle would break kept connections again and again."""
START_SECONDS_MAX = 10.0
POLL_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox that answers. `url` has no slash at its end."""

    url: str
    state: SandboxState

    @property
    def venue_url(self) -> str:
        """Where the venue is: what ccxt's urls are pointed at."""
        return self.url

    @property
    def models_url(self) -> str:
        """Base URL for the openai SDK."""
        return f"{self.url}/v1"

    def fail(self, *rules: Mapping[str, Any]) -> None:
        """Switch on exactly these faults (see app.sandbox.faults). Raises FaultError."""
        self.state.faults.put(rules, self.state.now_ms())

    def heal(self) -> None:
        """Switch all faults off."""
        self.state.faults.clear()

    def requests(self, route: str) -> int:
        """How many requests a route has had."""
        return self.state.counts[route]


def listen(port: int) -> socket.socket:
    """A loopback socket; port 0 takes a free one. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


def address(listener: socket.socket) -> str:
    """The URL of a socket."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


def make_server(state: SandboxState) -> uvicorn.Server:
    """A quiet server for a state."""
    return uvicorn.Server(
        uvicorn.Config(
            application(state),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GOODBYE_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )


@contextmanager
def running_sandbox(config: SandboxConfig, clock: Clock) -> Iterator[RunningSandbox]:
    """A sandbox on a free port, served by a thread of this process until the block ends. Raises TapeError."""
    state = prepare(config, clock)
    server = make_server(state)
    with listen(0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield RunningSandbox(address(listener), state)
        finally:
            server.should_exit = True
            thread.join()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = monotonic() + START_SECONDS_MAX
    while not server.started:
        if not thread.is_alive() or monotonic() > deadline:
            raise RuntimeError("the sandbox did not start")
        sleep(POLL_SECONDS)
