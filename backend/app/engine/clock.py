"""The arena's clock: the mapping between real time and the time the market lives in.

Pure: it holds a function that tells real time, it never asks the operating system itself. With `speed` 1 and equal
origins it is the wall clock; pointed at the sandbox it runs `speed` simulated seconds per real second.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """Market time as a straight line through (`real_origin`, `market_origin`) with slope `speed`."""

    real_now: Callable[[], datetime]
    real_origin: datetime
    market_origin: datetime
    speed: int = 1

    def now(self) -> datetime:
        """Current market time, UTC, whole milliseconds."""
        return self.market_time(self.real_now())

    def market_time(self, real: datetime) -> datetime:
        """Market time at a real instant."""
        return _whole_milliseconds(self.market_origin + (real - self.real_origin) * self.speed)

    def real_time(self, market: datetime) -> datetime:
        """Real instant at which the market reaches a time."""
        return self.real_origin + (market - self.market_origin) / self.speed


def wall_clock(real_now: Callable[[], datetime]) -> Clock:
    """A clock whose market time is real time."""
    origin = datetime(2020, 1, 1, tzinfo=UTC)
    return Clock(real_now, origin, origin)


def floor_time(moment: datetime, step: timedelta) -> datetime:
    """The latest multiple of `step` since the Unix epoch that is not after `moment`."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (moment - epoch) // step * step


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
