"""The timer: cycles on the clock, a look at the market in between, log lines carried to the database. One cycle at a time.

`stop` lets a running cycle finish; the watching of open positions goes on as long as the process lives.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from app.engine.clock import Clock, floor_time
from app.scheduler.trigger import MarketClockTrigger

CYCLE_JOB = "cycle"
CLOSE_DELAY = timedelta(seconds=3)
"""After the full five minutes, so that the venue has closed the bar."""

log = structlog.get_logger(__name__)

RunCycle = Callable[[datetime, str], Awaitable[object]]
Chore = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Timer:
    """Owns the APScheduler. `run_cycle(due_at, kind)` and the chores are given by main."""

    clock: Clock
    interval: timedelta
    run_cycle: RunCycle
    _scheduler: AsyncIOScheduler = field(default_factory=lambda: AsyncIOScheduler(timezone=UTC))
    _running: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set["asyncio.Task[object]"] = field(default_factory=set)
    _taken: datetime | None = None
    """The slot taken last: a cycle that begins just before its delay has passed must not be asked for again when it has."""

    @property
    def running(self) -> bool:
        """Whether cycles are due by themselves."""
        return self._scheduler.running and self._scheduler.get_job(CYCLE_JOB) is not None

    @property
    def cycle_running(self) -> bool:
        """Whether a cycle runs at this moment."""
        return self._running.locked() or bool(self._tasks)

    @property
    def next_due(self) -> datetime | None:
        """Market time of the next cycle; None while stopped."""
        if not self.running:
            return None
        return floor_time(self.clock.now() - self._delay, self.interval) + self.interval

    def begin(self, chores: dict[str, tuple[float, Chore]]) -> None:
        """Start the scheduler itself with chores (name -> real seconds between runs, what to do). Cycles wait for `start`."""
        for name, (seconds, chore) in chores.items():
            trigger = IntervalTrigger(seconds=seconds)
            self._scheduler.add_job(_awaiting(chore), trigger, id=name, max_instances=1, coalesce=True, misfire_grace_time=None)
        self._scheduler.add_listener(self._passed_over, EVENT_JOB_MAX_INSTANCES)
        self._scheduler.start()

    def start(self) -> None:
        """Cycles on the clock from now on, the first one at once for the slot that is running. Harmless when already started."""
        if self.running:
            return
        trigger = MarketClockTrigger(self.clock, self.interval, self._delay)
        self._scheduler.add_job(self._scheduled, trigger, id=CYCLE_JOB, max_instances=1, coalesce=True, misfire_grace_time=None)
        log.info("scheduler_started", message=f"✅ 定时任务调度器已启动 (每 {self.minutes} 分钟执行一次)")
        self._spawn(self._once(floor_time(self.clock.now(), self.interval), "start"))

    def stop(self) -> None:
        """No more cycles by themselves; the running one finishes. Harmless when already stopped."""
        if not self.running:
            return
        self._scheduler.remove_job(CYCLE_JOB)
        log.info("scheduler_stopped", message="timer stopped; a running cycle finishes, open positions stay watched")

    def run_now(self) -> bool:
        """Start one cycle in the background; False, and nothing, while one runs."""
        if self.cycle_running:
            return False
        self._spawn(self._once(self.clock.now(), "manual"))
        return True

    async def finish(self, seconds_max: float) -> None:
        """Stop everything and wait at most so long for the running cycle; what is then still running is cut off."""
        self.stop()
        try:
            async with asyncio.timeout(seconds_max), self._running:
                pass
        except TimeoutError:
            log.warning("cycle_cut_off", message="the running cycle did not finish in time; it is closed at the next start")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def minutes(self) -> int:
        """The interval in minutes."""
        return int(self.interval / timedelta(minutes=1))

    @property
    def _delay(self) -> timedelta:
        return CLOSE_DELAY

    def _passed_over(self, event: JobSubmissionEvent) -> None:
        """APScheduler did not start a job because the last one of its kind still runs; for a cycle that is worth a sentence."""
        if event.job_id == CYCLE_JOB:
            message = (
                "a slot was passed over: cycles take longer than the interval; raise SCHEDULER_INTERVAL_MINUTES or lower deadline_seconds"
            )
            log.warning("slot_passed_over", message=message)

    async def _scheduled(self) -> None:
        """The slot that is running. While another cycle runs it waits, and then takes the slot of that moment: late once, never twice."""
        if self._running.locked():
            log.info("cycle_waits", message="the next cycle waits: the one before still runs")
        async with self._running:
            due_at = floor_time(self.clock.now(), self.interval)
            if self.running and due_at != self._taken:
                self._taken = due_at
                await self.run_cycle(due_at, "scheduled")

    async def _once(self, due_at: datetime, kind: str) -> object:
        async with self._running:
            self._taken = due_at
            return await self.run_cycle(due_at, kind)

    def _spawn(self, work: Awaitable[object]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _awaiting(chore: Chore) -> Chore:
    """APScheduler runs on the loop only what is an async function by itself; anything else would go to a thread."""

    async def run() -> object:
        return await chore()

    return run
