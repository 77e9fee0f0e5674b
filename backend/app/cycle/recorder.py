"""Answers on their way into the database: each is stored as soon as it is there, those of one moment together.

A hundred contestants that answer at once would otherwise wait for a hundred transactions one after the other. What can't be stored
together is tried one by one, so that one contestant's answer never takes another's with it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.store import conversations, turns
from app.store.conversations import PreparedConversation
from app.store.database import Database
from app.store.turns import TurnAnswered

TOGETHER_MAX = 25
"""So many answers a transaction at most: others may want to write, too."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One conversation to store; `answered` None leaves its turn open, because the contestant is asked once more."""

    cycle_id: int
    prepared: PreparedConversation
    answered: TurnAnswered | None


Waiting = tuple[Entry, "asyncio.Future[int]"]
"""An entry, and who waits for its id."""


@dataclass(slots=True)
class Recorder:
    """The queue before the database."""

    database: Database
    _waiting: list[Waiting] = field(default_factory=list)
    _writing: "asyncio.Task[None] | None" = None

    async def record(self, entry: Entry) -> int:
        """Store a conversation; its id. Raises what kept that one from being stored, StoreError among it."""
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, stored))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await stored

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:TOGETHER_MAX], self._waiting[TOGETHER_MAX:]
            await self._write_together(batch)

    async def _write_together(self, batch: Sequence[Waiting]) -> None:
        """One transaction for all; where that fails, one each. However it fails, whoever waits hears of it: nobody waits for ever."""
        ended = await self._attempt([entry for entry, _ in batch])
        if isinstance(ended, BaseException) and len(batch) > 1:
            for one in batch:
                await self._write_together([one])
            return
        for place, (_, stored) in enumerate(batch):
            if stored.done():
                continue
            if isinstance(ended, BaseException):
                stored.set_exception(ended)
            else:
                stored.set_result(ended[place])

    async def _attempt(self, entries: Sequence[Entry]) -> list[int] | BaseException:
        """The ids, or why there are none: an error of our own must not end the queue, and with it every turn."""
        (ended,) = await asyncio.gather(self._store(entries), return_exceptions=True)
        return ended

    async def _store(self, entries: Sequence[Entry]) -> list[int]:
        async with self.database.writing() as connection:
            ids = await conversations.write_conversations(connection, [one.prepared for one in entries])
            for cycle_id in {one.cycle_id for one in entries}:
                answered = [one.answered for one in entries if one.cycle_id == cycle_id and one.answered is not None]
                await turns.mark_all_answered(connection, cycle_id, answered)
        return ids
