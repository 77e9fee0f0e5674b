"""What routes may use, handed in by main: the arena's parts, the timer's controls, and facts fixed at start."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Protocol

from fastapi import Depends, Request

from app.api.measured import Measured
from app.cycle.parts import Parts


class TimerControls(Protocol):
    """What the pages may do with the timer."""

    @property
    def running(self) -> bool:
        """Whether cycles are due by themselves."""

    @property
    def cycle_running(self) -> bool:
        """Whether a cycle runs at this moment."""

    @property
    def next_due(self) -> datetime | None:
        """Market time of the next cycle; None while stopped."""

    def start(self) -> None:
        """Start; harmless when started."""

    def stop(self) -> None:
        """Stop; harmless when stopped."""

    def run_now(self) -> bool:
        """Start one cycle; False while one runs."""


@dataclass(slots=True)
class Arena:
    """One running arena. `parts` and `timer` are None for the seconds until the venue has answered for the first time."""

    mode: Literal["live", "demo"]
    version: str
    interval_minutes: int
    started_at: datetime
    initial_capital: Decimal
    venue_name: str
    venue_url: str | None
    admin_token: str | None = field(default=None, repr=False)
    local_only: bool = True
    parts: Parts | None = None
    timer: TimerControls | None = None
    measured: Measured = field(default_factory=Measured)
    measuring: "asyncio.Task[None] | None" = None


def arena_of(request: Request) -> Arena:
    """The arena this application serves."""
    arena: Arena = request.app.state.arena
    return arena


ArenaDep = Annotated[Arena, Depends(arena_of)]
