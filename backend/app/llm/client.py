"""Asks one model on one host and waits no longer than it is told. Retries are ours, few, and never for what asking again can't mend.

Does no prompting, parsing or pricing, and never lets the key out of the client: not into a repr, a message, a record or a log line.
Chance comes in as a `random.Random`; durations are taken from the event loop and the performance counter, never from the calendar.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import httpx2
import structlog

from app.llm.draft import MalformedReplyError
from app.llm.exchange import Exchange, Line
from app.llm.failures import Host
from app.llm.gates import OPEN, Gate
from app.llm.outcome import Answer, Call, Failure, FailureKind
from app.llm.pool import CONNECT_SECONDS_MAX, ConnectionPool
from app.llm.profile import Profile
from app.llm.request import RequestForm

ATTEMPTS_MAX = 3
FIRST_PAUSE_SECONDS = 0.5

log = structlog.get_logger()


class ChatClient:
    """One contestant's line to its model. Cheap to make; connections belong to the pool, which is shared and closed by its owner.

    `params` are the operator's own request fields (temperature, reasoning_effort …) and win over the profile's; those the provider refuses
    are left out and logged. `reply_schema` is sent where the profile can enforce one. `gate` is held while a request is under way. `chance`
    spreads the retries of contestants that were refused together; the pause before them starts at `first_pause_seconds` and doubles.
    Raises ValueError for params that JSON can't hold.
    """

    __slots__ = ("_chance", "_first_pause_seconds", "_form", "_gate", "_host", "_pool")

    def __init__(
        self,
        profile: Profile,
        pool: ConnectionPool,
        *,
        api_key: str,
        chance: random.Random,
        base_url: str | None = None,
        model: str | None = None,
        params: Mapping[str, Any] | None = None,
        reply_schema: Mapping[str, Any] | None = None,
        gate: Gate = OPEN,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self._host = Host(profile, (base_url or profile.base_url).rstrip("/"), model or profile.default_model, api_key)
        self._form = RequestForm(profile, self._host.model, params or {}, reply_schema)
        self._gate = gate
        self._chance = chance
        self._first_pause_seconds = first_pause_seconds
        self._pool = pool
        # Made now: loading certificates in the middle of asking would hold up everybody.
        pool.client(self._host.base_url)
        if self._form.ignored:
            log.warning("params_not_sent", profile=profile.name, model=self._host.model, params=list(self._form.ignored))

    def __repr__(self) -> str:
        """Without the key."""
        return f"ChatClient({self._host.profile.name}, {self._host.base_url}, {self._host.model})"

    @property
    def model(self) -> str:
        """The model that is asked for."""
        return self._host.model

    async def ask(self, messages: Sequence[Mapping[str, str]], deadline_seconds: float) -> Answer | Failure:
        """Send chat messages and wait at most `deadline_seconds` of real time, retries and waiting for a place included.

        Never raises for what a host does. The outcome's `calls` are all HTTP attempts that were made.
        """
        began, loop = perf_counter(), asyncio.get_running_loop()
        deadline = loop.time() + deadline_seconds
        if not (self._host.key.isascii() and self._host.key.isprintable()):
            return self._host.failure(FailureKind.AUTH, "the key holds characters that no HTTP header can carry, such as a line break")
        async with self._pool.turnstile:
            body = self._form.body(messages)
        if len(body) > self._host.profile.prompt_bytes_max:
            return self._too_large(len(body))
        line = Line(self._host, self._pool, self._form.stream)
        asking = _Asking(line, body, self._gate, began, deadline, deadline_seconds)
        while True:
            outcome = await asking.attempt()
            pause = self._pause(outcome, len(asking.calls))
            if pause is None or loop.time() + pause >= deadline:
                break
            log.info(
                "model_asked_again",
                profile=self._host.profile.name,
                model=self.model,
                attempt=len(asking.calls),
                pause_seconds=round(pause, 2),
            )
            await asyncio.sleep(pause)
        latency_ms = round((perf_counter() - began) * 1000)
        return replace(outcome, latency_ms=latency_ms, calls=tuple(asking.calls), queued_ms=round(asking.queued_seconds * 1000))

    def _pause(self, outcome: Answer | Failure, attempts: int) -> float | None:
        """Seconds before the next attempt; None when there is to be none."""
        if isinstance(outcome, Answer) or not outcome.retryable or attempts >= ATTEMPTS_MAX:
            return None
        jitter: float = 0.5 + self._chance.random()
        backoff = self._first_pause_seconds * float(1 << (attempts - 1)) * jitter
        return max(outcome.retry_after_seconds or 0.0, backoff)

    def _too_large(self, size: int) -> Failure:
        limit = self._host.profile.prompt_bytes_max
        return self._host.failure(FailureKind.PROMPT_TOO_LARGE, f"the request has {size} bytes, more than the {limit} that may be sent")


class _Asking:
    """One ask's attempts, each within what is left of the deadline and with a place at the gate."""

    __slots__ = ("_began", "_body", "_deadline", "_gate", "_limit", "_line", "calls", "queued_seconds")

    def __init__(self, line: Line, body: bytes, gate: Gate, began: float, deadline: float, limit: float) -> None:
        self._line, self._body, self._gate = line, body, gate
        self._began, self._deadline, self._limit = began, deadline, limit
        self.calls: list[Call] = []
        self.queued_seconds = 0.0

    async def attempt(self) -> Answer | Failure:
        """Wait for a place and ask once. A deadline that passes in the queue leaves no call behind: nothing was sent."""
        host, queued = self._line.host, perf_counter()
        exchange: Exchange | None = None
        try:
            async with asyncio.timeout_at(self._deadline), self._gate:
                self.queued_seconds += perf_counter() - queued
                exchange = Exchange(self._line, self._body, self._began)
                outcome = await self._outcome(exchange)
        except TimeoutError:
            if exchange is None:
                self.queued_seconds += perf_counter() - queued
                return host.failure(FailureKind.TIMEOUT, f"no place at {host.profile.title} came free within {self._limit:g} seconds")
            outcome = host.failure(FailureKind.TIMEOUT, f"no complete reply within {self._limit:g} seconds", exchange.reply)
        self.calls.append(exchange.call(len(self.calls) + 1, outcome))
        return outcome

    async def _outcome(self, exchange: Exchange) -> Answer | Failure:
        host = self._line.host
        try:
            return await exchange.run()
        except httpx2.ConnectTimeout:
            return host.failure(FailureKind.UNREACHABLE, f"no connection within {CONNECT_SECONDS_MAX:g} seconds")
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            return exchange.broken(error)
        except (MalformedReplyError, ValueError, RecursionError) as error:
            return exchange.malformed(error)
