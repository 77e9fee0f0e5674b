"""The sandbox as one ASGI application: venue, model host and control routes on one port."""

from starlette.applications import Starlette

from app.engine.clock import Clock
from app.sandbox.control import control_routes
from app.sandbox.models.routes import model_routes
from app.sandbox.prices.synthetic import synthetic_feed
from app.sandbox.prices.tape import tape_feed
from app.sandbox.state import SandboxConfig, SandboxState
from app.sandbox.venue.routes import venue_routes

__all__ = ["SandboxConfig", "application", "create_sandbox", "prepare"]


def prepare(config: SandboxConfig, clock: Clock) -> SandboxState:
    """Load what is to be played. Raises TapeError."""
    feed = synthetic_feed(config.seed) if config.tape is None else tape_feed(config.tape, config.seed)
    return SandboxState(config, clock, feed)


def application(state: SandboxState) -> Starlette:
    """The routes around a state."""
    return Starlette(routes=[*venue_routes(state), *model_routes(state), *control_routes(state)])


def create_sandbox(config: SandboxConfig, clock: Clock) -> Starlette:
    """The application for a configuration. Raises TapeError."""
    return application(prepare(config, clock))
