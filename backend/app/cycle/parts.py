"""What the verbs work with, put together once by main: real adapters, the clock, the rules of this contest."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from app.cycle.events import EventStream
from app.engine.clock import Clock
from app.engine.market import Quote
from app.engine.rules import Rules
from app.llm.outcome import Answer, Failure
from app.market.stretch import Terms
from app.market.venue import Venue
from app.store.database import Database


class ModelHost(Protocol):
    """Whoever answers a contestant's prompt: a chat client in the arena, a script in tests."""

    def ask(self, messages: list[dict[str, str]], deadline_seconds: float) -> Awaitable[Answer | Failure]:
        """Answer within `deadline_seconds` of real time, or say why not. Never raises for what the other side does."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A participant as the cycle needs it. `host` is None while its key is missing: it is shown, but not asked."""

    id: str
    name: str
    provider: str
    model: str
    language: str
    host: ModelHost | None


@dataclass(slots=True)
class LatestMarket:
    """The newest sound quotes, to value accounts with between cycles, and what else outlives one. `at` is None until the first."""

    at: datetime | None = None
    quotes: dict[str, Quote] = field(default_factory=dict)
    unusable: dict[str, str | None] = field(default_factory=dict)
    terms: Terms | None = None
    """What positions are watched by: those of the last cycle that began to watch; None before the first."""
    next_funding: dict[str, datetime] = field(default_factory=dict)
    """When each symbol's funding is settled next, as last said by the venue."""
    unpublished: set[tuple[str, datetime]] = field(default_factory=set)
    """Settlements that passed without their rate being published, so far as that has been said."""

    def take(self, at: datetime, quotes: Mapping[str, Quote], unusable: Mapping[str, str | None]) -> None:
        """Accept newer quotes; a symbol that is not sound keeps its last sound one."""
        self.at = at
        self.quotes.update({name: quote for name, quote in quotes.items() if unusable.get(name) is None})
        self.unusable = dict(unusable)
        for name, quote in quotes.items():
            if quote.next_funding_time is not None and quote.funding_rate is not None:
                self.next_funding[name] = quote.next_funding_time

    @property
    def marks(self) -> dict[str, Decimal]:
        """Last sound mark price of each symbol."""
        return {name: quote.mark for name, quote in self.quotes.items()}

    def accepted(self) -> dict[str, Quote]:
        """Last accepted quote of each symbol, for judging the next ones."""
        return dict(self.quotes)


@dataclass(slots=True)
class Switches:
    """What the operator can turn while the arena runs."""

    entries_open: bool = True


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a verb may use. `turnstile` is held by whoever changes accounts, so that a look and a fill never interleave."""

    clock: Clock
    database: Database
    venue: Venue
    symbols: tuple[str, ...]
    contestants: tuple[Contestant, ...]
    season_id: int
    rules: Rules
    deadline_seconds: float
    process_id: int
    events: EventStream = field(default_factory=EventStream)
    latest: LatestMarket = field(default_factory=LatestMarket)
    switches: Switches = field(default_factory=Switches)
    turnstile: asyncio.Lock = field(default_factory=asyncio.Lock)
