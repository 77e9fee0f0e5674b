"""`python -m app.sandbox`: the local venue and model host as a process of its own. The one place in the sandbox where real time enters.

When ready it prints one line of JSON to stdout and nothing more; errors and refusals go to stderr. Exit status 2 for what can't be
played.
"""

import argparse
import json
import logging
import os
import signal
import socket
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn

from app.engine.clock import Clock, floor_time
from app.sandbox.prices.contracts import LISTED_SINCE_MINUTE
from app.sandbox.prices.tape import TapeError, tape_span
from app.sandbox.serve import address, listen, make_server
from app.sandbox.server import prepare
from app.sandbox.state import EPOCH, SandboxConfig

BAD_INPUT = 2
SPEED_MAX = 3600
HISTORY = timedelta(days=60)
EARLIEST = EPOCH + timedelta(minutes=LISTED_SINCE_MINUTE) + HISTORY
LEAD_IN_MAX = timedelta(days=10)
"""A tape is begun so far after its start, or at a third of it, so that there are candles to look back on."""


def real_now() -> datetime:
    """The operating system's clock."""
    return datetime.now(UTC)  # noqa: TID251 - a process of its own: its clock has to come from somewhere


def main() -> int:
    """Run until told to stop; the exit status."""
    asked = _parser().parse_args()
    tape = None if asked.tape is None else Path(asked.tape)
    real_origin = asked.real_origin or real_now()
    try:
        clock = Clock(real_now, real_origin, asked.market_origin or _opening(tape, real_origin), asked.speed)
        state = prepare(SandboxConfig(asked.seed, tape, asked.model_latency_scale), clock)
    except TapeError as error:
        return _refuse(str(error))
    if tape is None and clock.market_origin < EARLIEST:
        return _refuse(f"--market-origin {clock.market_origin:%Y-%m-%d} is too early: the synthetic market begins on {EARLIEST:%Y-%m-%d}.")
    try:
        listener = listen(asked.port)
    except (OSError, OverflowError) as error:
        return _refuse(f"Port {asked.port} on 127.0.0.1 can't be used ({error}): choose another --port, or 0 for a free one.")
    with listener:
        _run(make_server(state), listener, clock, with_parent=asked.exit_with_parent)
    return 0


def _run(server: uvicorn.Server, listener: socket.socket, clock: Clock, *, with_parent: bool) -> None:
    if with_parent:
        threading.Thread(target=_exit_at_end_of_input, args=(server,), daemon=True).start()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: setattr(server, "should_exit", True))
    # From here on connections are taken, so the ready line is true before the first of them is answered.
    listener.listen()
    _announce(address(listener), clock)
    server.run(sockets=[listener])


def _opening(tape: Path | None, real: datetime) -> datetime:
    if tape is None:
        return real
    start, end = tape_span(tape)
    return floor_time(start + min(LEAD_IN_MAX, (end - start) / 3), timedelta(minutes=5))


def _announce(url: str, clock: Clock) -> None:
    ready = {
        "venue": url,
        "models": f"{url}/v1",
        "market_origin": clock.market_origin.isoformat(),
        "real_origin": clock.real_origin.isoformat(),
        "speed": clock.speed,
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()


def _exit_at_end_of_input(server: uvicorn.Server) -> None:
    # Unbuffered: a thread waiting inside Python's buffered reader would abort the interpreter when it shuts down.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.should_exit = True


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tiltyard sandbox",
        description="A simulated venue (Bitget v2 market data) and a model host (OpenAI chat completions) on 127.0.0.1.",
        epilog="Example: tiltyard sandbox --port 9000 --speed 60",
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    parser.add_argument(
        "--market-origin", type=_moment, metavar="ISO", help="market time at the real origin (default: now, or early in the tape)"
    )
    parser.add_argument("--real-origin", type=_moment, metavar="ISO", help="real time of the market origin (default: now)")
    parser.add_argument("--speed", type=_speed, default=1, help=f"market seconds per real second, 1 to {SPEED_MAX} (default 1)")
    parser.add_argument("--seed", type=int, default=7, help="which synthetic market (default 7)")
    parser.add_argument("--tape", metavar="FOLDER", help="play candles_1m.parquet and funding_8h.parquet of this folder instead")
    parser.add_argument("--model-latency-scale", type=_scale, default=1.0, help="how slow the models are; 0 answers at once (default 1)")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when stdin ends")
    return parser


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO 8601 time like 2026-01-31T12:00:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _speed(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= SPEED_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1 to {SPEED_MAX}")
    return int(text)


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = -1.0
    if not 0 <= scale <= 100:  # noqa: PLR2004 - slower than any deadline
        raise argparse.ArgumentTypeError(f"{text!r} must be a number from 0 to 100")
    return scale


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="%(levelname)s %(message)s")
    sys.exit(main())
