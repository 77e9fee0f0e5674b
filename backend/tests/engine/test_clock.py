"""Market time as a straight line through real time."""

from datetime import UTC, datetime, timedelta

import pytest

from app.engine.clock import Clock, floor_time, wall_clock
from tests.engine.markets import NOON

SPRING = datetime(2026, 3, 1, tzinfo=UTC)


def clock(speed=60, passed=timedelta(0)):
    return Clock(lambda: NOON + passed, NOON, SPRING, speed)


def test_on_the_wall_clock_market_time_is_real_time():
    now = datetime(2026, 8, 9, 10, 11, 12, 345_000, UTC)
    wall = wall_clock(lambda: now)
    assert (wall.now(), wall.real_time(now), wall.speed) == (now, now, 1)
    assert wall.real_origin == wall.market_origin == datetime(2020, 1, 1, tzinfo=UTC)


def test_at_speed_60_a_real_second_is_a_market_minute():
    assert clock(passed=timedelta(seconds=1)).now() == SPRING + timedelta(minutes=1)
    assert clock(passed=timedelta(seconds=-1)).now() == SPRING - timedelta(minutes=1)
    assert clock(speed=1, passed=timedelta(hours=5)).now() == SPRING + timedelta(hours=5)


def test_the_real_instant_of_a_market_time_is_the_way_back():
    assert clock().real_time(SPRING + timedelta(hours=1)) == NOON + timedelta(minutes=1)
    assert clock().market_time(clock().real_time(SPRING + timedelta(days=1))) == SPRING + timedelta(days=1)


def test_market_time_is_cut_to_whole_milliseconds():
    assert clock(speed=1, passed=timedelta(microseconds=1_999)).now() == SPRING + timedelta(milliseconds=1)
    assert clock(speed=1, passed=timedelta(microseconds=999)).now() == SPRING


@pytest.mark.parametrize(
    ("step", "floor"),
    [
        (timedelta(minutes=1), datetime(2026, 1, 5, 13, 59, tzinfo=UTC)),
        (timedelta(minutes=15), datetime(2026, 1, 5, 13, 45, tzinfo=UTC)),
        (timedelta(hours=4), datetime(2026, 1, 5, 12, tzinfo=UTC)),
        (timedelta(hours=7), datetime(2026, 1, 5, 9, tzinfo=UTC)),
    ],
)
def test_time_is_floored_to_multiples_since_the_epoch(step, floor):
    moment = datetime(2026, 1, 5, 13, 59, 59, 999_999, UTC)
    assert floor_time(moment, step) == floor
    assert floor_time(floor, step) == floor
    assert (floor - datetime(1970, 1, 1, tzinfo=UTC)) % step == timedelta(0)
