"""The timer keeps to the market's clock, runs one cycle at a time, and stops without cutting one off."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from app.engine.clock import Clock, floor_time, wall_clock
from app.scheduler.timer import CLOSE_DELAY, Timer
from app.scheduler.trigger import MarketClockTrigger

MINUTES = timedelta(minutes=5)


def real_now():
    return datetime.now(UTC)  # noqa: TID251 - a test is where time may enter


def fast_clock(speed):
    now = real_now()
    return Clock(real_now, now, datetime(2026, 1, 5, 12, 2, tzinfo=UTC), speed)


async def until(condition, seconds=5):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class Cycles:
    """Records what the timer asked for; `gate` keeps a cycle running."""

    def __init__(self):
        self.asked = []
        self.finished = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, due_at, kind):
        self.asked.append((due_at, kind))
        await self.gate.wait()
        self.finished += 1


@pytest.fixture
async def arranged():
    made = []

    def make(clock=None):
        cycles = Cycles()
        timer = Timer(clock or fast_clock(600), MINUTES, cycles)
        timer.begin({})
        made.append((timer, cycles))
        return timer, cycles

    yield make
    for timer, cycles in made:
        cycles.gate.set()
        await timer.finish(1)


async def test_the_first_cycle_runs_at_once_for_the_slot_that_is_running(arranged):
    timer, cycles = arranged(fast_clock(1))
    timer.start()
    await until(lambda: cycles.finished == 1)
    assert cycles.asked == [(datetime(2026, 1, 5, 12, 0, tzinfo=UTC), "start")]


async def test_cycles_fall_on_whole_intervals_of_market_time_one_after_the_other(arranged):
    timer, cycles = arranged(fast_clock(1500))
    timer.start()
    await until(lambda: cycles.finished >= 5)
    due = [at for at, _ in cycles.asked]
    assert all(floor_time(at, MINUTES) == at for at in due)
    assert len(set(due)) == len(due)
    assert {kind for _, kind in cycles.asked[1:]} == {"scheduled"}


async def test_a_slow_cycle_is_never_overlapped_and_missed_slots_are_not_caught_up(arranged):
    timer, cycles = arranged(fast_clock(3000))
    cycles.gate.clear()
    timer.start()
    await until(lambda: len(cycles.asked) == 1)
    await asyncio.sleep(0.35)
    assert len(cycles.asked) == 1
    cycles.gate.set()
    await until(lambda: cycles.finished >= 3)
    due = [at for at, _ in cycles.asked]
    assert due[1] - due[0] > MINUTES
    assert due == sorted(set(due))


async def test_a_slot_that_falls_due_while_a_cycle_runs_is_taken_when_that_one_is_done(arranged):
    timer, cycles = arranged(fast_clock(300))
    timer.start()
    await until(lambda: cycles.finished == 1)
    cycles.gate.clear()
    assert timer.run_now()
    slot = timer.next_due
    await until(lambda: timer.clock.now() > slot + timedelta(seconds=30))
    assert [kind for _, kind in cycles.asked] == ["start", "manual"]
    cycles.gate.set()
    await until(lambda: len(cycles.asked) >= 3)
    assert cycles.asked[2] == (slot, "scheduled")


async def test_a_slot_passed_over_by_a_long_cycle_is_said_with_what_to_do(arranged):
    timer, cycles = arranged(fast_clock(1500))
    timer.start()
    await until(lambda: cycles.finished >= 2)
    with capture_logs() as said:
        cycles.gate.clear()
        await until(lambda: any(line["event"] == "slot_passed_over" for line in said))
    (line, *_) = [line for line in said if line["event"] == "slot_passed_over"]
    assert "raise SCHEDULER_INTERVAL_MINUTES or lower deadline_seconds" in line["message"]


async def test_starting_and_stopping_twice_is_harmless(arranged):
    timer, cycles = arranged(fast_clock(1))
    timer.start()
    timer.start()
    await until(lambda: cycles.finished == 1)
    assert (timer.running, len(cycles.asked)) == (True, 1)
    timer.stop()
    timer.stop()
    assert (timer.running, timer.next_due) == (False, None)


async def test_stop_lets_the_running_cycle_finish(arranged):
    timer, cycles = arranged(fast_clock(1))
    cycles.gate.clear()
    timer.start()
    await until(lambda: len(cycles.asked) == 1)
    timer.stop()
    assert timer.cycle_running
    cycles.gate.set()
    await until(lambda: not timer.cycle_running)
    assert cycles.finished == 1


async def test_run_now_is_refused_while_a_cycle_runs_also_before_it_got_going(arranged):
    timer, cycles = arranged(fast_clock(1))
    cycles.gate.clear()
    assert timer.run_now()
    assert not timer.run_now()
    cycles.gate.set()
    await until(lambda: cycles.finished == 1)
    await until(timer.run_now)


async def test_finishing_cuts_off_a_cycle_that_takes_too_long(arranged):
    timer, cycles = arranged(fast_clock(1))
    cycles.gate.clear()
    timer.start()
    await until(lambda: len(cycles.asked) == 1)
    await timer.finish(0.05)
    assert (cycles.finished, timer.cycle_running) == (0, False)


@pytest.mark.parametrize("speed", [1, 60, 300])
def test_the_trigger_fires_just_after_the_bar_closed_whatever_the_speed(speed):
    clock = fast_clock(speed)
    fires = MarketClockTrigger(clock, MINUTES, CLOSE_DELAY).get_next_fire_time(None, clock.real_origin)
    late = clock.market_time(fires) - (datetime(2026, 1, 5, 12, 5, tzinfo=UTC) + CLOSE_DELAY)
    assert abs(late) < timedelta(milliseconds=10)


def test_at_speed_one_market_time_is_real_time():
    now = real_now().replace(microsecond=0)
    assert wall_clock(lambda: now).now() == now
