"""Between cycles: newest quotes every few seconds, a look at the closed minutes once a minute, an equity point a minute.

An outage of the venue is logged once when it begins and once when it ends.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from app.cycle.look import look
from app.cycle.parts import Parts
from app.cycle.value import save_equity_now
from app.engine.clock import floor_time
from app.market.soundness import judge
from app.market.stretch import MINUTE
from app.market.venue import VenueError
from app.store.database import StoreError

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class KeepWatch:
    """The chore and what it remembers: the last minute it looked at, and whether the venue or the database is away."""

    parts: Parts
    _looked: datetime | None = None
    _away: str | None = None

    async def __call__(self) -> None:
        """One round. Never raises for an outage; the next round tries again."""
        try:
            await self._round()
        except VenueError as error:
            self._note(f"the venue: {error}")
        except StoreError as error:
            self._note(f"the database: {error}")
        else:
            self._back()

    async def _round(self) -> None:
        parts = self.parts
        quotes = await parts.venue.quotes()
        at = parts.clock.now()
        accepted = parts.latest.accepted()
        unusable = {name: judge(quotes.get(name), at, accepted.get(name), ()) for name in parts.symbols}
        parts.latest.take(at, quotes, unusable)
        parts.events.publish("price")
        minute = floor_time(at, MINUTE)
        if self._looked == minute:
            return
        if parts.turnstile.locked():
            return  # a cycle looks by itself while it fills
        async with parts.turnstile:
            await look(parts)
        await save_equity_now(parts)
        self._looked = minute

    def _note(self, what: str) -> None:
        if self._away is None:
            log.warning(
                "watch_interrupted", message=f"positions can't be watched: {what}; what is missed is caught up later", phase="watch"
            )
        self._away = what

    def _back(self) -> None:
        if self._away is not None:
            log.info("watch_resumed", message="positions are watched again", phase="watch")
        self._away = None
