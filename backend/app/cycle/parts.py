"""What the verbs work with, put together once by main: real adapters, the clock, the rules of this contest."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from app.agents.baselines import Baseline
from app.agents.template import Template
from app.agents.templates import newest
from app.cycle.events import EventStream
from app.cycle.recorder import Recorder
from app.engine.clock import Clock
from app.engine.market import Quote
from app.engine.rules import Rules
from app.llm.outcome import Answer, Failure
from app.llm.prices import PriceBook
from app.llm.profiles import Profile
from app.market.stretch import Terms
from app.market.venue import Venue
from app.scoring.running import RunningSharpe
from app.store.database import Database


class ModelHost(Protocol):
    """Whoever answers a contestant's prompt: a chat client in the arena, a script in tests."""

    def ask(self, messages: Sequence[Mapping[str, str]], deadline_seconds: float) -> Awaitable[Answer | Failure]:
        """Answer within `deadline_seconds` of real time, or say why not. Never raises for what the other side does."""


class FillTiming(StrEnum):
    """When a contestant's orders meet the book: all together after the last answer, or each right after its own."""

    COMMON = "common"
    ON_ANSWER = "on_answer"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A participant as the cycle needs it: a model with a host to ask, or a baseline that decides by itself.

    A model's `host` is None while its key is missing: it is shown, but not asked. `profile` says how its host's bytes are read;
    `settings` is what is recorded of how it was set up, without its key.
    """

    id: str
    name: str
    provider: str
    model: str
    language: str
    host: ModelHost | None
    template: Template = field(default_factory=lambda: newest("tiltyard"))
    baseline: Baseline | None = None
    seed: int = 0
    profile: Profile | None = None
    base_url: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def plays(self) -> bool:
        """Whether it can be asked."""
        return self.host is not None or self.baseline is not None

    @property
    def kind(self) -> str:
        """Model or baseline."""
        return "model" if self.baseline is None else "baseline"


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
    equities: dict[str, float] = field(default_factory=dict)
    """What everybody was worth at the end of the cycle that runs, USDT; empty until it gets there."""

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
    """Everything a verb may use. `turnstile` is held by whoever changes accounts, so that a look and a fill never interleave; `running` by
    the one cycle that runs, `one_at_a_time` by whoever reads an answer, so that a hundred answers in one moment don't block the event loop.
    `cost_usd_per_day` is what a contestant may cost a day (UTC) before it is no longer asked.
    """

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
    running: asyncio.Lock = field(default_factory=asyncio.Lock)
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    fill_timing: FillTiming = FillTiming.COMMON
    price_book: PriceBook = field(default_factory=PriceBook)
    cost_usd_per_day: Decimal | None = None
    interval_minutes: int = 5
    sharpes: dict[str, RunningSharpe] = field(default_factory=dict)
    recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        """The queue before this database."""
        object.__setattr__(self, "recorder", Recorder(self.database))
