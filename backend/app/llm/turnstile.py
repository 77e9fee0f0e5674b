"""Keeps a hundred contestants from working in the same round of the event loop: each is quick, all together hold up everything else."""

import asyncio
from types import TracebackType
from typing import Self

SMALL_BYTES = 4096
"""Pieces up to this size are read at once: queueing would cost more than reading."""


class Turnstile:
    """One at a time, and one per round of the event loop. To be held for work without waiting, never across a request."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Wait for one's turn, in the order of asking."""
        await self._lock.acquire()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Let the loop go round once, then the next one in."""
        try:
            await asyncio.sleep(0)
        finally:
            self._lock.release()
