"""Answers that are wrong on purpose below the level of JSON: late, refused, cut off, garbled. Shared by venue and model host."""

import asyncio
from collections.abc import Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.sandbox.faults import FaultKind, Rule

REPLACING = frozenset(
    {
        FaultKind.RATE_LIMIT,
        FaultKind.SERVER_ERROR,
        FaultKind.CUT,
        FaultKind.WRONG_JSON,
        FaultKind.BLANK,
        FaultKind.AUTH,
        FaultKind.PAYMENT,
        FaultKind.FORBIDDEN,
    }
)
"""Kinds that any route can answer with."""


class CutResponse(Response):
    """Promises a whole body, sends the first half and lets the connection fall."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. Never says that the body is complete, so that the server closes the connection."""
        _ = scope, receive
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": half, "more_body": True})


async def wait(rules: Sequence[Rule]) -> None:
    """Sleep through the delays, real seconds."""
    seconds = sum(rule.seconds for rule in rules if rule.kind is FaultKind.DELAY)
    if seconds > 0:
        await asyncio.sleep(seconds)


def replacing(rules: Sequence[Rule], kinds: frozenset[FaultKind] = REPLACING) -> Rule | None:
    """The rule whose answer is given instead of the real one, of those `kinds` that the route knows."""
    return next((rule for rule in rules if rule.kind in kinds), None)


def server_error(status: int) -> Response:
    """What a gateway says when the service behind it is gone."""
    return Response(f"<html><body><h1>{status} Server Error</h1></body></html>", status, media_type="text/html")
