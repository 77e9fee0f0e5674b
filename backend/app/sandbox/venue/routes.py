"""The venue's HTTP routes: path to answer, Bitget's envelope around it, faults on the way. Decides nothing about prices."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.broken_answers import CutResponse, replacing, server_error, wait
from app.sandbox.faults import FaultKind, Rule
from app.sandbox.state import SandboxState
from app.sandbox.venue import answers
from app.sandbox.venue.answers import Visit
from app.sandbox.venue.requests import Query, VenueRefusal
from app.sandbox.venue.wire import envelope

JSON = "application/json;charset=UTF-8"
MIX = "/api/v2/mix/market"

Answer = Callable[[Visit], Any]

PATHS: tuple[tuple[str, str, Answer], ...] = (
    ("/api/v2/public/time", "venue.time", answers.server_time),
    (f"{MIX}/contracts", "venue.contracts", answers.contracts),
    (f"{MIX}/tickers", "venue.tickers", answers.tickers),
    (f"{MIX}/ticker", "venue.ticker", answers.ticker),
    (f"{MIX}/symbol-price", "venue.mark_price", answers.symbol_price),
    (f"{MIX}/candles", "venue.candles", answers.recent_candles),
    (f"{MIX}/history-candles", "venue.candles", answers.history_candles),
    (f"{MIX}/history-mark-candles", "venue.candles", answers.history_mark_candles),
    (f"{MIX}/history-index-candles", "venue.candles", answers.history_index_candles),
    (f"{MIX}/merge-depth", "venue.depth", answers.depth),
    (f"{MIX}/current-fund-rate", "venue.funding", answers.funding),
    (f"{MIX}/funding-time", "venue.funding_time", answers.funding_time),
    (f"{MIX}/history-fund-rate", "venue.funding_history", answers.funding_history),
    (f"{MIX}/open-interest", "venue.open_interest", answers.open_interest),
    (f"{MIX}/query-position-lever", "venue.tiers", answers.tiers),
    ("/api/v2/spot/public/symbols", "venue.spot", answers.nothing),
    ("/api/v2/spot/public/coins", "venue.spot", answers.nothing),
    ("/api/v2/margin/currencies", "venue.spot", answers.nothing),
)


def venue_routes(state: SandboxState) -> list[Route]:
    """All of the venue's routes."""
    return [Route(path, _endpoint(state, name, answer)) for path, name, answer in PATHS]


def _endpoint(state: SandboxState, name: str, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        query = Query(dict(request.query_params))
        symbol = query.values.get("symbol", "").upper() or None
        state.counts[name] += 1
        rules = state.faults.take(name, symbol=symbol)
        await wait(rules)
        visit = Visit(state.feed, query, state.now_ms(), rules)
        fault = replacing(rules)
        return _answered(visit, answer) if fault is None else _broken(visit, answer, fault)

    return endpoint


def _answered(visit: Visit, answer: Answer) -> Response:
    try:
        return Response(envelope(visit.now_ms, answer(visit)), media_type=JSON)
    except VenueRefusal as refusal:
        return Response(envelope(visit.now_ms, None, refusal.code, str(refusal)), 400, media_type=JSON)


def _broken(visit: Visit, answer: Answer, fault: Rule) -> Response:
    match fault.kind:
        case FaultKind.RATE_LIMIT:
            body = envelope(visit.now_ms, None, "429", "Too Many Requests")
            return Response(body, 429, {"Retry-After": str(fault.retry_after)}, JSON)
        case FaultKind.SERVER_ERROR:
            return server_error(fault.status)
        case FaultKind.CUT:
            return CutResponse(_answered(visit, answer).body, media_type=JSON)
        case FaultKind.WRONG_JSON:
            return Response(bytes(_answered(visit, answer).body)[:-20], media_type=JSON)
        case FaultKind.BLANK:
            return Response(b"", media_type=JSON)
        case FaultKind.AUTH:
            return Response(envelope(visit.now_ms, None, "40037", "Apikey does not exist"), 401, media_type=JSON)
        case FaultKind.PAYMENT:
            return Response(envelope(visit.now_ms, None, "402", "Payment Required"), 402, media_type=JSON)
        case FaultKind.FORBIDDEN:
            return Response(envelope(visit.now_ms, None, "403", "Forbidden: access from your region is restricted"), 403, media_type=JSON)
        case _:
            return _answered(visit, answer)
