"""Events for whoever watches: published by the verbs, read by the HTTP stream. A slow reader loses the oldest, never slows the arena."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

QUEUE_EVENTS_MAX = 200

EventName = Literal["cycle", "decision", "trade", "price", "status"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, with the ids a page needs to fetch the rest."""

    name: EventName
    data: dict[str, Any]


@dataclass(slots=True)
class Subscription:
    """One reader's queue."""

    _queue: asyncio.Queue[Event | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_EVENTS_MAX))

    def offer(self, event: Event | None) -> None:
        """Put an event in, dropping the oldest when full."""
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (event := await self._queue.get()) is not None:
            yield event


@dataclass(slots=True)
class EventStream:
    """All readers of this process."""

    _subscriptions: dict[int, Subscription] = field(default_factory=dict)
    _closed: bool = False

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """A subscription for as long as the block lasts."""
        subscription = Subscription()
        if self._closed:
            subscription.offer(None)
        self._subscriptions[id(subscription)] = subscription
        try:
            yield subscription
        finally:
            del self._subscriptions[id(subscription)]

    def publish(self, name: EventName, **data: object) -> None:
        """Tell every reader."""
        for subscription in self._subscriptions.values():
            subscription.offer(Event(name, data))

    def close(self) -> None:
        """End every stream, also those still to come: the arena is stopping."""
        self._closed = True
        for subscription in self._subscriptions.values():
            subscription.offer(None)
