"""The sandbox as a child process of the arena: started, asked where it listens, ended with the arena.

Its clock is kept in a file of the data folder, so that market time goes on across restarts and never runs backwards.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from app.engine.clock import Clock

CLOCK_FILE = "sandbox.json"
SEED = 7
READY_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 5.0
RESTART_SECONDS = 1.0


log = structlog.get_logger(__name__)


class SandboxStartError(Exception):
    """The sandbox didn't start; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where its clock began, how fast it runs, and what it plays. Times are ISO 8601."""

    market_origin: str
    real_origin: str
    speed: int
    seed: int
    tape: str | None

    def clock(self, real_now: Callable[[], datetime]) -> Clock:
        """The clock that goes on from here."""
        return Clock(real_now, datetime.fromisoformat(self.real_origin), datetime.fromisoformat(self.market_origin), self.speed)


@dataclass(slots=True)
class Child:
    """A running sandbox: its two base URLs and the clock it keeps. When it dies it is started again on the same port."""

    process: asyncio.subprocess.Process
    clock: Clock
    venue_url: str
    models_url: str
    command: tuple[str, ...]
    keeping: "asyncio.Task[None] | None" = None

    async def keep(self) -> None:
        """Pass on what it says, and start it again whenever it ends."""
        while True:
            await _drain(self.process)
            status = await self.process.wait()
            log.warning("sandbox_ended", message=f"the sandbox ended with status {status} and is started again")
            await asyncio.sleep(RESTART_SECONDS)
            try:
                self.process, _ = await _launch(self.command)
            except SandboxStartError as error:
                log.error("sandbox_not_restarted", message=f"the sandbox can't be started again: {error}; the next try follows")

    async def stop(self) -> None:
        """End it; it also ends by itself when this process dies."""
        if self.keeping is not None:
            self.keeping.cancel()
            await asyncio.gather(self.keeping, return_exceptions=True)
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        draining = asyncio.create_task(_drain(self.process))
        await _ended(self.process)
        await draining


async def start_sandbox(data_dir: Path, *, speed: int, tape: Path | None, real_now: Callable[[], datetime]) -> Child:
    """Start the sandbox with the clock of its data folder. Raises SandboxStartError."""
    name = str(tape) if tape else None
    kept = _kept(data_dir, name, speed, real_now)
    process, said = await _launch(_command(kept, name, speed))
    origin = kept or Origin(said["market_origin"], said["real_origin"], speed, SEED, name)
    _keep(data_dir / CLOCK_FILE, origin)
    again = _command(origin, name, speed, port=str(urlsplit(said["venue"]).port))
    child = Child(process, origin.clock(real_now), said["venue"], said["models"], again)
    child.keeping = asyncio.create_task(child.keep())
    return child


async def _launch(command: tuple[str, ...]) -> tuple[asyncio.subprocess.Process, dict[str, str]]:
    """A sandbox that is ready, and what it said of itself. In a session of its own: Ctrl-C is for the arena, which ends it last."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
    try:
        return process, await asyncio.wait_for(_first_line(process), READY_SECONDS_MAX)
    except TimeoutError:
        process.kill()
        await _ended(process)
        raise SandboxStartError(
            f"the sandbox did not get ready within {READY_SECONDS_MAX:.0f} s: try again, the machine may be busy"
        ) from None
    except SandboxStartError:
        await _ended(process)
        raise


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Its warnings become ours; a pipe nobody reads would stop it."""
    while process.stderr is not None and (line := await process.stderr.readline()):
        log.warning("sandbox", message=f"sandbox: {line.decode(errors='replace').rstrip()}")


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait until it is gone, with force if need be, and let go of its pipes."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _first_line(process: asyncio.subprocess.Process) -> dict[str, str]:
    if process.stdout is None or process.stderr is None:
        raise SandboxStartError("the sandbox has no output to read")
    line = await process.stdout.readline()
    if not line:
        why = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
        raise SandboxStartError(why[-1] if why else "the sandbox ended before it was ready")
    said: dict[str, str] = json.loads(line)
    return said


def _command(kept: Origin | None, tape: str | None, speed: int, port: str = "0") -> tuple[str, ...]:
    command = [sys.executable, "-m", "app.sandbox", "--port", port, "--exit-with-parent", "--speed", str(speed)]
    command += ["--seed", str(kept.seed if kept else SEED), "--model-latency-scale", str(1 / speed)]
    command += ["--market-origin", kept.market_origin, "--real-origin", kept.real_origin] if kept else []
    return tuple(command + (["--tape", tape] if tape else []))


def _kept(data_dir: Path, tape: str | None, speed: int, real_now: Callable[[], datetime]) -> Origin | None:
    """Where the clock of this folder stands; None for a new demo. Another speed goes on from the time that was reached."""
    path = data_dir / CLOCK_FILE
    if not path.is_file():
        return None
    try:
        kept = Origin(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise SandboxStartError(f"{path} can't be read: delete it together with demo.db to begin a new demo") from None
    if kept.tape != tape:
        was, now_on = kept.tape or "the synthetic market", tape or "the synthetic market"
        raise SandboxStartError(
            f"{data_dir} holds a demo played on {was}, not on {now_on}: set another DATA_DIR, or delete that one to begin anew"
        )
    if kept.speed == speed:
        return kept
    return Origin(kept.clock(real_now).now().isoformat(), real_now().isoformat(), speed, kept.seed, tape)


def _keep(path: Path, origin: Origin) -> None:
    """Written whole or not at all: a start must never find half a clock."""
    whole = path.with_suffix(".new")
    whole.write_text(json.dumps(asdict(origin), indent=2) + "\n", encoding="utf-8")
    whole.replace(path)
