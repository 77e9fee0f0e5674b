"""Server-sent events: what happened, with the ids a page needs to fetch the rest."""

import asyncio
from collections.abc import AsyncIterable

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.context import ArenaDep
from app.api.system import parts_of

router = APIRouter(tags=["events"])


@router.get("/events", operation_id="events-stream", response_class=EventSourceResponse)
async def stream(arena: ArenaDep) -> AsyncIterable[ServerSentEvent]:
    """Events named `cycle`, `decision`, `trade`, `price` and `status`, from now on, until the arena stops."""
    with parts_of(arena).events.subscribe() as subscription:
        yield ServerSentEvent(data={}, event="status", retry=3000)
        async for event in subscription:
            yield ServerSentEvent(data=event.data, event=event.name)
            await asyncio.sleep(0)
