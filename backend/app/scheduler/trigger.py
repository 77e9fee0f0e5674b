"""An APScheduler trigger that fires on whole multiples of an interval of market time, whatever speed the market's clock runs at."""

from datetime import UTC, datetime, timedelta

from apscheduler.triggers.base import BaseTrigger

from app.engine.clock import Clock, floor_time


class MarketClockTrigger(BaseTrigger):  # type: ignore[misc] # APScheduler 3 ships no types
    """Fires at …:00, :05, :10 of market time for an interval of five minutes, `delay` later so that the bar is closed at the venue."""

    def __init__(self, clock: Clock, interval: timedelta, delay: timedelta = timedelta(0)) -> None:
        self._clock = clock
        self._interval = interval
        self._delay = delay

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Real time of the next multiple after `now`; multiples missed meanwhile are not caught up."""
        del previous_fire_time  # missed multiples are skipped, so only `now` counts
        market_now = self._clock.market_time(now)
        due = floor_time(market_now - self._delay, self._interval) + self._interval
        return self._clock.real_time(due + self._delay).astimezone(UTC)
