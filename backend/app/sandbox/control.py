"""The sandbox's own routes: what it is doing, and faults switched on and off. Not part of any venue or model host."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.sandbox.faults import FaultError
from app.sandbox.state import SandboxState

EXAMPLE = {"route": "venue.tickers", "kind": "delay", "seconds": 3}


def control_routes(state: SandboxState) -> list[Route]:
    """All control routes."""

    async def describe(request: Request) -> Response:
        _ = request
        return JSONResponse(
            {
                "market_time": state.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "speed": state.clock.speed,
                "source": dict(state.feed.origin),
                "symbols": list(state.feed.contracts),
                "faults": [rule.as_json() for rule in state.faults.rules],
                "requests": dict(sorted(state.counts.items())),
            }
        )

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            state.faults.clear()
        if request.method == "PUT":
            try:
                state.faults.put(_rules(await request.body()), state.now_ms())
            except FaultError as error:
                return JSONResponse({"detail": str(error)}, 422)
        return JSONResponse({"rules": [rule.as_json() for rule in state.faults.rules]})

    return [Route("/sandbox/state", describe), Route("/sandbox/faults", faults, methods=["GET", "PUT", "DELETE"])]


def _rules(body: bytes) -> list[dict[str, Any]]:
    """One rule, a list of rules, or {"rules": [...]}."""
    try:
        given = json.loads(body)
    except ValueError:
        raise FaultError(f"The body is not JSON: send a rule like {json.dumps(EXAMPLE)}, or a list of rules.") from None
    given = given.get("rules", [given]) if isinstance(given, dict) else given
    if not isinstance(given, list) or not all(isinstance(rule, dict) for rule in given):
        raise FaultError("The body must be a rule, a list of rules, or an object with a list named rules.")
    return given
