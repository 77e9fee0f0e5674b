"""Asks one model on one host and waits no longer than it is told. Retries are ours, few, and never for what asking again can't mend.

Does no prompting, parsing or pricing, and never lets the key out of the client: not into a repr, a message or a log line.
Chance comes in as a `random.Random`; durations are taken from the event loop and the performance counter, never from the calendar.
"""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import structlog
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, AsyncOpenAI, AsyncStream

from app.llm.draft import Draft, MalformedReplyError
from app.llm.failures import Host, in_stream, judged, refused
from app.llm.outcome import Answer, Failure, FailureKind, Reply
from app.llm.pool import CONNECT_SECONDS_MAX, ConnectionPool
from app.llm.profiles import JsonMode, Profile

ATTEMPTS_MAX = 3
FIRST_PAUSE_SECONDS = 0.5

log = structlog.get_logger()

# What the HTTP library calls the ways of not getting through at all, as against losing a line that stood.
_NOT_CONNECTED = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol", "InvalidURL", "LocalProtocolError"}
)
_NOTHING_SENT_BACK = "without sending a response"
# A kept connection that the host had just closed breaks like this, before a byte of the answer: asking once more on a new one is right.
_BROKEN_BEFORE_AN_ANSWER = frozenset({"ReadError", "WriteError", "CloseError"})


class ChatClient:
    """One contestant's line to its model. Cheap to make; connections belong to the pool, which is shared and closed by its owner.

    `params` are the operator's own request fields (temperature, reasoning_effort …) and win over the profile's. `reply_schema` is sent
    where the profile can enforce one. `chance` spreads the retries of contestants that were refused together; the pause before
    them starts at `first_pause_seconds` and doubles.
    """

    __slots__ = ("_chance", "_first_pause_seconds", "_host", "_openai", "_request")

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
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self._host = Host(profile, (base_url or profile.base_url).rstrip("/"), model or profile.default_model, api_key)
        self._request = _request_fields(self._host, dict(params or {}), reply_schema)
        self._chance = chance
        self._first_pause_seconds = first_pause_seconds
        self._openai = AsyncOpenAI(
            api_key=api_key,
            base_url=self._host.base_url,
            http_client=pool.client(self._host.base_url),
            max_retries=0,
        )
        # The library would send an OpenAI account's organization, found in the environment, to every other provider too.
        self._openai.organization = self._openai.project = None

    def __repr__(self) -> str:
        """Without the key."""
        return f"ChatClient({self._host.profile.name}, {self._host.base_url}, {self._host.model})"

    @property
    def model(self) -> str:
        """The model that is asked for."""
        return self._host.model

    async def ask(self, messages: Sequence[Mapping[str, str]], deadline_seconds: float) -> Answer | Failure:
        """Send chat messages and wait at most `deadline_seconds` of real time, retries included. Never raises for what a host does."""
        started = perf_counter()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + deadline_seconds
        spent: list[Mapping[str, Any]] = []
        attempt = 1
        while True:
            outcome = await self._attempt(messages, deadline, deadline_seconds)
            pause = self._pause(outcome, attempt)
            if pause is None or loop.time() + pause >= deadline:
                break
            log.info("model_asked_again", profile=self._host.profile.name, model=self.model, attempt=attempt, pause_seconds=round(pause, 2))
            spent.append(outcome.reply.usage)
            await asyncio.sleep(pause)
            attempt += 1
        latency_ms = round((perf_counter() - started) * 1000)
        return replace(outcome, latency_ms=latency_ms, attempts=attempt, earlier_usage=tuple(usage for usage in spent if usage))

    def _pause(self, outcome: Answer | Failure, attempt: int) -> float | None:
        """Seconds before the next attempt; None when there is to be none."""
        if isinstance(outcome, Answer) or not outcome.retryable or attempt >= ATTEMPTS_MAX:
            return None
        jitter: float = 0.5 + self._chance.random()
        backoff = self._first_pause_seconds * float(1 << (attempt - 1)) * jitter
        return max(outcome.retry_after_seconds or 0.0, backoff)

    async def _attempt(self, messages: Sequence[Mapping[str, str]], deadline: float, limit_seconds: float) -> Answer | Failure:
        host = self._host
        draft = Draft(host.profile.reasoning_fields)
        try:
            async with asyncio.timeout_at(deadline):
                await self._receive(messages, draft)
        except TimeoutError:
            return host.failure(FailureKind.TIMEOUT, f"no complete reply within {limit_seconds:g} seconds", draft.reply())
        except APIStatusError as error:
            return refused(host, error.status_code, error.response.text, error.response.headers)
        except APITimeoutError:
            return host.failure(FailureKind.UNREACHABLE, f"no connection within {CONNECT_SECONDS_MAX:g} seconds", draft.reply())
        except APIConnectionError as error:
            return _disconnected(host, error, draft.reply())
        except APIError as error:
            return in_stream(host, error.body, draft.reply())
        except MalformedReplyError as error:
            return host.failure(FailureKind.MALFORMED, f"{error}", draft.reply())
        except (ValueError, RecursionError) as error:
            return host.failure(FailureKind.MALFORMED, f"the answer is not JSON: {error}", draft.reply())
        reply = draft.reply()
        return judged(host, reply) or Answer(reply)

    async def _receive(self, messages: Sequence[Mapping[str, str]], draft: Draft) -> None:
        body: Any = {**self._request, "messages": list(messages)}
        raw = await self._openai.chat.completions.with_raw_response.create(**body)
        draft.http_status = raw.http_response.status_code
        draft.request_id = raw.request_id
        if not self._host.profile.stream:
            draft.take(json.loads(raw.http_response.text), "message")
            return
        # Plain dicts instead of the library's models: a long reply has thousands of events, and fields it doesn't know matter here.
        async with raw.parse(to=AsyncStream[object]) as stream:
            async for event in stream:
                draft.take(event, "delta")
        if draft.events == 0:
            raise MalformedReplyError("the host answered 200, but not one event of a stream came")


def _request_fields(host: Host, params: dict[str, Any], reply_schema: Mapping[str, Any] | None) -> dict[str, Any]:
    profile = host.profile
    if not profile.send_temperature and params.pop("temperature", None) is not None:
        log.warning("temperature_not_sent", profile=profile.name, model=host.model, why="its models accept only their own temperature")
    fields: dict[str, Any] = {"model": host.model, "stream": profile.stream}
    if profile.stream:
        fields["stream_options"] = {"include_usage": True}
    if profile.json_mode is not JsonMode.NONE:
        fields["response_format"] = _response_format(profile.json_mode, reply_schema)
    # Everything a vendor added or renamed travels as extra_body, which the library sends unchecked.
    extra = {profile.max_tokens_param: profile.max_output_tokens, **profile.extra_body, **params}
    return {**fields, "extra_body": extra}


def _response_format(mode: JsonMode, reply_schema: Mapping[str, Any] | None) -> dict[str, Any]:
    if mode is JsonMode.SCHEMA and reply_schema is not None:
        return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": dict(reply_schema)}}
    return {"type": "json_object"}


def _disconnected(host: Host, error: APIConnectionError, reply: Reply) -> Failure:
    cause = error.__cause__
    said = f"{cause}".strip() or type(cause).__name__
    kind = type(cause).__name__
    nothing_came = _NOTHING_SENT_BACK in said or (kind in _BROKEN_BEFORE_AN_ANSWER and reply.http_status is None)
    if kind in _NOT_CONNECTED or nothing_came:
        return host.failure(FailureKind.UNREACHABLE, f"could not get through to {host.base_url}: {said}", reply)
    return host.failure(FailureKind.CUT, f"the connection broke before the reply was complete: {said}", reply)
