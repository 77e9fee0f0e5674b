"""Errors as RFC 9457 problem details, and who may write: the operator, from this site only."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlsplit

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from app.api.context import ArenaDep
from app.api.schemas import Problem
from app.store.database import StoreError

PROBLEM_JSON = "application/problem+json"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

log = structlog.get_logger(__name__)

TITLES = {
    401: "Admin token needed",
    403: "Cross-site request refused",
    404: "Not found",
    405: "Method not allowed",
    409: "Not now",
    422: "Bad parameter",
    500: "Broken",
    503: "Database not available",
}


class ProblemError(Exception):
    """Raised by a route to answer with a problem. `detail` says what to do."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def problem(status: int, detail: str, errors: list[dict[str, object]] | None = None) -> JSONResponse:
    """A problem-details response."""
    body = Problem(title=TITLES.get(status, "Error"), status=status, detail=detail, errors=errors)
    return JSONResponse(body.model_dump(exclude_none=True), status_code=status, media_type=PROBLEM_JSON)


def require_admin(request: Request, arena: ArenaDep) -> None:
    """Writes need the admin token when one is set."""
    if arena.admin_token is None:
        return
    given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not hmac.compare_digest(given.encode(), arena.admin_token.encode()):
        raise ProblemError(401, "send the ADMIN_TOKEN of this arena as 'Authorization: Bearer …'")


AdminDep = Annotated[None, Depends(require_admin)]


def install_errors(app: FastAPI) -> None:
    """Every error of the application becomes a problem."""

    @app.exception_handler(ProblemError)
    async def _problem(_: Request, error: ProblemError) -> JSONResponse:
        return problem(error.status, error.detail)

    @app.exception_handler(StoreError)
    async def _store(_: Request, error: StoreError) -> JSONResponse:
        return problem(503, f"the database does not answer: {error}")

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults: list[dict[str, object]] = [{"parameter": str(one["loc"][-1]), "reason": one["msg"]} for one in error.errors()]
        names = ", ".join(f"{one['parameter']}: {one['reason']}" for one in faults)
        return problem(422, names, faults)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        detail = f"{request.url.path} is not here" if error.status_code == 404 else str(error.detail)  # noqa: PLR2004 - HTTP's number
        return problem(error.status_code, detail)

    @app.exception_handler(Exception)
    async def _broken(request: Request, error: Exception) -> JSONResponse:
        log.error("call_broken", message=f"{request.method} {request.url.path} broke: {error!r}", exc_info=error)
        return problem(500, "an error in the arena itself; the log has the details")

    @app.middleware("http")
    async def _same_site(request: Request, follow: Callable[[Request], Awaitable[Response]]) -> Response:
        refused = cross_site(request)
        return problem(403, refused) if refused else await follow(request)


def cross_site(request: Request) -> str | None:
    """Why a writing request is refused as coming from another site; None when it is fine.

    Browsers name the site that made them ask (Sec-Fetch-Site, Origin); programs such as curl send neither. A server that only this machine
    can reach also refuses foreign Host names, so that a page can't reach it under a name of its own.
    """
    if request.method in SAFE_METHODS:
        return None
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if request.app.state.arena.local_only and host not in LOCAL_HOSTS:
        return f"this arena answers writes on localhost only, not as {host}"
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "same-site", "none"}:
        return "writes are accepted from this arena's own pages only"
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).hostname != host:
        return f"writes are accepted from this arena's own pages only, not from {origin}"
    return None
