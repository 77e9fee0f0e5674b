"""Answers on their way into the database: each is stored as soon as it is there, those of one moment together.

A hundred contestants that answer at once would otherwise wait for a hundred transactions one after the other. What can't be stored
together is tried one by one, so that one contestant's answer never takes another's with it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.store import conversations, turns
from app.store.conversations import PreparedConversation
from app.store.database import Database, StoreError
from app.store.turns import TurnAnswered

TOGETHER_MAX = 25
"""So many answers a transaction at most: others may want to write, too."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One conversation to store; `answered` None leaves its turn open, because the contestant is asked once more."""

    cycle_id: int
    prepared: PreparedConversation
    answered: TurnAnswered | None


@dataclass(slots=True)
class Recorder:
    """The queue before the database."""

    database: Database
    _waiting: list[tuple[Entry, "asyncio.Future[int]"]] = field(default_factory=list)
    _writing: "asyncio.Task[None] | None" = None

    async def record(self, entry: Entry) -> int:
        """Store a conversation; its id. Raises StoreError when that one can't be stored."""
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, stored))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await stored

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:TOGETHER_MAX], self._waiting[TOGETHER_MAX:]
            try:
                ids = await self._store([entry for entry, _ in batch])
            except StoreError as error:
                await self._one_by_one(batch, error)
                continue
            for (_, stored), conversation_id in zip(batch, ids, strict=True):
                if not stored.done():
                    stored.set_result(conversation_id)

    async def _one_by_one(self, batch: Sequence[tuple[Entry, "asyncio.Future[int]"]], error: StoreError) -> None:
        for entry, stored in batch:
            fault, conversation_id = error, 0
            if len(batch) > 1:
                try:
                    (conversation_id,) = await self._store([entry])
                except StoreError as own:
                    fault = own
            if stored.done():
                continue
            if conversation_id:
                stored.set_result(conversation_id)
            else:
                stored.set_exception(fault)

    async def _store(self, entries: Sequence[Entry]) -> list[int]:
        async with self.database.writing() as connection:
            ids = await conversations.write_conversations(connection, [one.prepared for one in entries])
            for cycle_id in {one.cycle_id for one in entries}:
                answered = [one.answered for one in entries if one.cycle_id == cycle_id and one.answered is not None]
                await turns.mark_all_answered(connection, cycle_id, answered)
        return ids
