"""How long the event loop was kept from its other work while a cycle ran: pages, timers and other contestants wait for just so long."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

TICK_SECONDS = 0.005


@dataclass(slots=True)
class LoopLag:
    """`longest_ms` is the longest time by which a tick came late; `busiest_ms` the most processor time it used between two ticks.

    On a machine that has other things to do the first is longer than the second.
    """

    longest_ms: float = 0.0
    busiest_ms: float = 0.0

    async def tick(self) -> None:
        """Ask to be woken again and again, and note how late it happens."""
        loop = asyncio.get_running_loop()
        while True:
            due, used = loop.time() + TICK_SECONDS, time.thread_time()
            await asyncio.sleep(TICK_SECONDS)
            self.longest_ms = max(self.longest_ms, (loop.time() - due) * 1000)
            self.busiest_ms = max(self.busiest_ms, (time.thread_time() - used) * 1000)


@asynccontextmanager
async def watched_loop() -> AsyncIterator[LoopLag]:
    """Measure for as long as the block lasts."""
    lag = LoopLag()
    ticking = asyncio.create_task(lag.tick())
    try:
        yield lag
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
