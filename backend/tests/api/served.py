"""The application over a staged arena: real routes, a real database, real cycles, no socket."""

from contextlib import asynccontextmanager
from decimal import Decimal

import httpx2

from app.api.application import create_application
from app.api.context import Arena
from tests.cycle.stage import BEGIN, staged


@asynccontextmanager
async def served(database, scripts, **parts_too):
    """(stage, client): contestants follow the scripts, the client asks the API of their arena."""
    async with staged(database, scripts, **parts_too) as stage:
        arena = Arena("demo", "0", 5, BEGIN, initial_capital=Decimal(10_000), venue_name="sandbox", venue_url=None, parts=stage.parts)
        transport = httpx2.ASGITransport(app=create_application(arena, None))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield stage, client


async def got(client, path):
    """The JSON of a call that must succeed."""
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == 200, (path, answer.status_code, answer.text)
    return answer.json()
