"""Builds the parts from the settings and runs them: one process, one event loop, two sockets. Nothing else in the project builds anything.

Start and recovery are one path: the pages answer first, then the venue is asked, what a killed process left is closed, the market since
then is walked, and the timer starts.
"""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
import uvicorn

from app.api.application import create_application
from app.api.context import Arena
from app.cycle.arrange import Terms, WrongDatabaseError, arrange_season, held_elsewhere
from app.cycle.journal import Journal, configure_logging, forward_library_logs, prune, secret_values
from app.cycle.keep_watch import KeepWatch
from app.cycle.look import look
from app.cycle.parts import Contestant, FillTiming, Parts, Switches
from app.cycle.recover import recover
from app.cycle.run_cycle import run_cycle
from app.engine.clock import Clock, wall_clock
from app.engine.money import plain
from app.engine.rules import MarginMode, Rules, TriggerPrice
from app.llm.gates import Gates, gate_limits
from app.llm.pool import ConnectionPool
from app.llm.prices import SEED_ROWS, PriceBook
from app.market.ccxt_venue import CcxtVenue
from app.market.venue import SymbolsNotListedError, UnknownVenueError, VenueError
from app.sandbox.child import Child, SandboxStartError, start_sandbox
from app.scheduler.timer import Timer
from app.seating import Lines, seated
from app.settings import BACKEND, Settings
from app.store.data_folder import FolderInUseError, FolderUnusableError, hold_folder
from app.store.database import Database, StoreError

VERSION = "0.1.0"
PAGES = BACKEND.parent / "frontend" / "out"
STOP_SECONDS_MAX = 10.0
"""How long a stop waits for the running cycle; one cut off is closed at the next start."""
LOG_WRITE_SECONDS = 1.0
WATCH_SECONDS = 5.0
PRUNE_SECONDS = 3600.0
DEADLINE_SECONDS_MIN = 10.0
"""A sped-up sandbox shortens the deadline no further than this, in real seconds."""
INTERVAL_SHARE = 0.8
"""Answers must be in before this share of the interval has passed."""

DEMO = "DEMO 演示模式: simulated prices, scripted models. For the real thing set a model API key in backend/.env."
DEMO_WITH_MODELS = "DEMO 演示模式: simulated prices, but real models answer, at real cost. For real prices remove MARKET=sandbox."

log = structlog.get_logger(__name__)


class StartRefusedError(Exception):
    """The arena can't start; the text says why and what to do."""


def real_now() -> datetime:
    """The operating system's clock, asked here and nowhere below."""
    return datetime.now(UTC)  # noqa: TID251 - main is where time enters


@dataclass(slots=True)
class Running:
    """What a start builds up and a stop takes down."""

    settings: Settings
    arena: Arena
    journal: Journal
    database: Database
    clock: Clock
    sandbox: Child | None
    stack: AsyncExitStack
    timer: Timer | None = None
    refused: str | None = None
    server: uvicorn.Server | None = None
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)


def serve(settings: Settings) -> None:
    """Run the arena until Ctrl-C or SIGTERM. Raises StartRefusedError with one sentence when it can't start."""
    try:
        with hold_folder(settings.data_dir):
            asyncio.run(_serve(settings))
    except (FolderInUseError, FolderUnusableError) as error:
        raise StartRefusedError(str(error)) from None


async def _serve(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        sockets = [_listen(settings.host, settings.port, "PORT"), _listen(settings.host, settings.web_port, "WEB_PORT")]
        sandbox = await _sandbox(settings, stack)
        clock = sandbox.clock if sandbox else wall_clock(real_now)
        journal = Journal(clock, _secrets(settings))
        configure_logging(journal, settings.log_level)
        forward_library_logs()
        database = await _database(settings, stack)
        arena = _arena(settings, clock, sandbox)
        running = Running(settings, arena, journal, database, clock, sandbox, stack)
        app = create_application(arena, PAGES)
        running.server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=3), arena)
        running.tasks.append(asyncio.create_task(_start(running)))
        _greet(settings, sockets)
        await running.server.serve(sockets=sockets)
        await _stop(running)
    if running.refused is not None:
        raise StartRefusedError(running.refused)


async def _start(running: Running) -> None:
    """Everything after the pages answer. A refusal stops the server; an outage of the venue is waited out."""
    try:
        await _bring_up(running)
    except (SymbolsNotListedError, UnknownVenueError, WrongDatabaseError) as error:
        running.refused = str(error)
    except StoreError as error:
        running.refused = f"the database failed during the start: {error}"
    except Exception as error:
        log.exception("start_broken", message=f"the start broke off: {error!r}")
        running.refused = f"the start broke off: {error!r}"
    if running.refused is not None and running.server is not None:
        running.server.should_exit = True


async def _bring_up(running: Running) -> None:
    settings, clock = running.settings, running.clock
    pool = ConnectionPool()
    running.stack.push_async_callback(pool.aclose)
    lines = Lines(pool, Gates(gate_limits(settings.profiles, settings.limits.concurrency)), running.sandbox)
    players = tuple(seated(settings, spec, lines) for spec in settings.line_up)
    season = await arrange_season(running.database, _terms(settings, players), players, clock.now())
    symbols = tuple(f"{coin}USDT" for coin in settings.symbols)
    symbols += await held_elsewhere(running.database, season.id, symbols)
    venue = CcxtVenue(
        "bitget" if settings.demo else settings.market,
        symbols,
        clock,
        name="sandbox" if settings.demo else settings.market,
        base_url=running.sandbox.venue_url if running.sandbox else settings.market_base_url,
    )
    running.stack.push_async_callback(venue.close)
    parts = Parts(
        clock=clock,
        database=running.database,
        venue=venue,
        symbols=symbols,
        contestants=players,
        season_id=season.id,
        rules=_rules(settings),
        deadline_seconds=_deadline_seconds(settings),
        process_id=os.getpid(),
        switches=Switches(entries_open=season.entries_open),
        fill_timing=FillTiming(settings.execution.fill_timing),
        price_book=PriceBook((*settings.price_rows, *SEED_ROWS)),
        cost_usd_per_day=settings.limits.cost_usd_per_day,
        interval_minutes=settings.scheduler_interval_minutes,
    )
    running.arena.parts = parts
    await recover(parts)
    await _open_venue(venue)
    await _catch_up(parts)
    # What is loaded by now stays: left to the garbage collector, each full round over it stops the event loop for a tenth of a second.
    gc.collect()
    gc.freeze()
    running.timer = Timer(clock, timedelta(minutes=settings.scheduler_interval_minutes), lambda due, kind: run_cycle(parts, due, kind))
    running.timer.begin(
        {
            "watch": (WATCH_SECONDS, KeepWatch(parts)),
            "journal": (LOG_WRITE_SECONDS, lambda: running.journal.write(running.database)),
            "prune": (PRUNE_SECONDS, lambda: prune(running.database, clock.now())),
        }
    )
    running.arena.timer = running.timer
    if settings.scheduler_enabled:
        running.timer.start()
    else:
        log.info("scheduler_waits", message="SCHEDULER_ENABLED=false: start the timer on /system", phase="start")


async def _open_venue(venue: CcxtVenue) -> None:
    """Contract terms, before the first cycle. A venue that is down is no reason not to start: each cycle asks again, and says so."""
    try:
        await venue.load()
    except (SymbolsNotListedError, UnknownVenueError):
        raise
    except VenueError as error:
        log.error("venue_unreachable", message=f"no prices yet: {error}; every cycle tries again", phase="start")


async def _catch_up(parts: Parts) -> None:
    """Walk what happened while the arena was down. An outage here is no reason not to start: the next look tries again."""
    try:
        async with parts.turnstile:
            await look(parts)
    except VenueError as error:
        log.warning("catch_up_failed", message=f"the minutes since the last run can't be had yet: {error}", phase="start")


async def _stop(running: Running) -> None:
    for task in running.tasks:
        task.cancel()
    await asyncio.gather(*running.tasks, return_exceptions=True)
    if running.timer is not None:
        await running.timer.finish(STOP_SECONDS_MAX)
    log.info("stopped", message="the arena has stopped; balances and positions are kept", phase="stop")
    await running.journal.write(running.database)


class _Server(uvicorn.Server):
    """Serves until a signal, then returns: what follows is stopped in order by `_serve`. Open event streams are ended first."""

    def __init__(self, config: uvicorn.Config, arena: Arena) -> None:
        super().__init__(config)
        self._arena = arena

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Without raising the signal again afterwards, which would end the process before the books are closed."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the event streams, then the rest."""
        if self._arena.parts is not None:
            self._arena.parts.events.close()
        await super().shutdown(sockets)


def _listen(host: str, port: int, name: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except socket.gaierror:
        raise StartRefusedError(
            f"HOST {host} is no address of this machine: set HOST=127.0.0.1, or the address to be reached at."
        ) from None
    except OSError as error:
        message = f"{name} {port} on {host} can't be used: {error.strerror}. Stop what listens there, or set another {name}."
        raise StartRefusedError(message) from None
    return listener


async def _sandbox(settings: Settings, stack: AsyncExitStack) -> Child | None:
    if not settings.demo:
        return None
    try:
        tape = settings.tape.resolve() if settings.tape else None
        child = await start_sandbox(settings.data_dir, speed=settings.sandbox_speed, tape=tape, real_now=real_now)
    except SandboxStartError as error:
        raise StartRefusedError(str(error)) from None
    stack.push_async_callback(child.stop)
    return child


async def _database(settings: Settings, stack: AsyncExitStack) -> Database:
    try:
        database = await Database.open(settings.database)
        stack.push_async_callback(database.close)
        await stack.enter_async_context(database.held_alone())
        await database.migrate()
    except StoreError as error:
        raise StartRefusedError(f"the database can't be used: {error}") from None
    return database


def _arena(settings: Settings, clock: Clock, sandbox: Child | None) -> Arena:
    return Arena(
        mode="demo" if settings.demo else "live",
        version=VERSION,
        interval_minutes=settings.scheduler_interval_minutes,
        started_at=clock.now(),
        initial_capital=settings.initial_capital,
        venue_name="sandbox" if settings.demo else settings.market,
        venue_url=sandbox.venue_url if sandbox else settings.market_base_url,
        admin_token=settings.admin_token.get_secret_value() if settings.admin_token else None,
        local_only=settings.loopback,
    )


def _rules(settings: Settings) -> Rules:
    return Rules(
        max_leverage=settings.limits.max_leverage,
        slippage=settings.execution.slippage_bps / 10_000,
        margin_mode=MarginMode(settings.execution.margin_mode),
        trigger_price=TriggerPrice(settings.execution.trigger_price),
    )


def _terms(settings: Settings, players: Sequence[Contestant]) -> Terms:
    return Terms(
        mode="demo" if settings.demo else "live",
        symbols=settings.symbols,
        interval_minutes=settings.scheduler_interval_minutes,
        initial_capital=plain(settings.initial_capital),
        max_leverage=settings.limits.max_leverage,
        slippage=plain(_rules(settings).slippage),
        prompt=", ".join(sorted({one.template.name for one in players if one.baseline is None})),
        margin_mode=settings.execution.margin_mode,
        trigger_price=settings.execution.trigger_price,
        fill_timing=settings.execution.fill_timing,
    )


def _deadline_seconds(settings: Settings) -> float:
    market_seconds = min(settings.limits.deadline_seconds, settings.scheduler_interval_minutes * 60 * INTERVAL_SHARE)
    if settings.sandbox_speed == 1:
        return market_seconds
    return max(market_seconds / settings.sandbox_speed, DEADLINE_SECONDS_MIN)


def _secrets(settings: Settings) -> tuple[str, ...]:
    token = [settings.admin_token.get_secret_value()] if settings.admin_token else []
    return secret_values([key.get_secret_value() for key in settings.keys.values()] + token)


def _greet(settings: Settings, sockets: list[socket.socket]) -> None:
    api, web = (one.getsockname()[1] for one in sockets)
    if settings.demo:
        log.info(
            "demo",
            message=DEMO_WITH_MODELS if settings.real_models else DEMO,
            phase="start",
        )
    log.info("listening", message=f"http://{settings.host}:{web}/system (pages) · http://{settings.host}:{api}/docs (API)", phase="start")
