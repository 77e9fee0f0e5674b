"""The FastAPI application: routes, errors, metrics, and the static pages. Built from an Arena; decides nothing."""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api import conversations, cycles, events, leaderboard, models, operate, prices, records, system
from app.api.context import Arena, ArenaDep
from app.api.errors import SAFE_METHODS, install_errors
from app.api.reference import reference_page
from app.api.schemas import Problem

COMPRESSED_BYTES_MIN = 1_000
NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>Tiltyard</title>
<p>The pages are not built yet: run <code>make setup</code> and start again. 页面尚未构建:请运行 <code>make setup</code> 后重新启动。</p>
<p><a href="/docs">API</a></p>"""

PROBLEMS = {422: {"model": Problem, "description": "Bad parameter"}, 503: {"model": Problem, "description": "Starting, or database away"}}


def create_application(arena: Arena, pages: Path | None) -> FastAPI:
    """The application. `pages` is the folder of the exported web pages; without it a page says how to build them."""
    app = FastAPI(
        title="Tiltyard",
        summary="AI models trade simulated perpetual contracts on live prices and are ranked honestly.",
        version=arena.version,
        responses=PROBLEMS,  # type: ignore[arg-type] # FastAPI accepts int keys
        docs_url=None,  # FastAPI's own pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.arena = arena
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_BYTES_MIN)
    app.add_middleware(HeadLikeGet)
    install_errors(app)
    for one in (system, leaderboard, models, operate, records, conversations, cycles, prices, events):
        app.include_router(one.router, prefix="/api/v1")
    app.add_api_route("/metrics", metrics, include_in_schema=False)
    app.add_api_route("/docs", _reference, include_in_schema=False, response_class=HTMLResponse)
    if pages is not None and (pages / "index.html").is_file():
        app.mount("/", Pages(directory=pages, html=True))
    else:
        app.add_api_route("/", _not_built, include_in_schema=False, response_class=HTMLResponse)
        app.add_api_route("/system", _not_built, include_in_schema=False, response_class=HTMLResponse)
    return app


class HeadLikeGet:
    """Lets monitors ask any call with HEAD: answered like GET, the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a HEAD request on as GET."""
        head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app({**scope, "method": "GET"} if head else scope, receive, send)


class Pages(StaticFiles):
    """The exported pages. Hashed assets may be kept for ever, pages are asked for again each time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A page, but never one in place of a call that does not exist."""
        if path.startswith("api/"):
            raise HTTPException(404 if scope["method"] in SAFE_METHODS else 405)
        return await super().get_response(path, scope)

    def file_response(self, *args: object, **named: object) -> Response:
        """Add caching headers."""
        response = super().file_response(*args, **named)  # type: ignore[arg-type] # passed through as they came
        path = str(args[0])
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if "/_next/static/" in path else "no-cache"
        return response


async def _reference(request: Request) -> str:
    return reference_page(request.app.openapi())


async def _not_built() -> str:
    return NOT_BUILT


async def metrics(arena: ArenaDep, request: Request) -> Response:
    """Prometheus: what a dashboard or an alarm needs."""
    del request
    registry = CollectorRegistry()
    state = await system.status(arena)
    for name, text, value in (
        ("tiltyard_scheduler_running", "1 while cycles are due by themselves", state.scheduler_running),
        ("tiltyard_database_connected", "1 while the database answers", state.database_connected),
        ("tiltyard_errors_total", "Errors logged", state.error_count),
        ("tiltyard_data_age_seconds", "Age of the newest prices", (state.market.data_age_seconds if state.market else None) or -1),
    ):
        Gauge(name, text, registry=registry).set(float(value))
    failures = Gauge("tiltyard_consecutive_failures", "Failed turns in a row", ["contestant"], registry=registry)
    for one in state.contestants:
        failures.labels(one.id).set(one.consecutive_failures)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
