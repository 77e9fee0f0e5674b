"""The chat client against the local model host, over real HTTP and the unmodified openai SDK."""

import random
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.engine.clock import Clock
from app.llm.client import ChatClient
from app.llm.outcome import Answer, Failure, FailureKind
from app.llm.pool import ConnectionPool
from app.llm.profiles import DEEPSEEK, KIMI, QWEN, SANDBOX, Profile
from app.sandbox.serve import RunningSandbox, running_sandbox
from app.sandbox.server import SandboxConfig

KEY = "sk-planted-77aa12c0ffee"
MESSAGES = [{"role": "system", "content": "You trade."}, {"role": "user", "content": "Answer in json."}]
WHOLE = replace(SANDBOX, stream=False)
STREAM = replace(SANDBOX, stream=True)


@pytest.fixture(scope="module")
def host() -> Iterator[RunningSandbox]:
    origin = datetime(2026, 3, 2, tzinfo=UTC)
    with running_sandbox(SandboxConfig(seed=7, model_latency_scale=0.0), Clock(lambda: origin, origin, origin)) as running:
        yield running


@pytest.fixture
async def pool() -> AsyncIterator[ConnectionPool]:
    shared = ConnectionPool()
    yield shared
    await shared.aclose()


async def ask(
    pool: ConnectionPool, host: RunningSandbox, profile: Profile = WHOLE, model: str = "hold-only", *, seconds: float = 5, key: str = KEY
) -> Answer | Failure:
    client = ChatClient(
        profile, pool, api_key=key, chance=random.Random(1), base_url=host.models_url, model=model, first_pause_seconds=0.01
    )
    outcome = await client.ask(MESSAGES, seconds)
    assert key not in repr(outcome)
    assert key not in repr(client)
    return outcome


async def struck(pool: ConnectionPool, host: RunningSandbox, profile: Profile = WHOLE, **rule) -> Answer | Failure:
    host.fail({"route": "model.chat", **rule})
    try:
        return await ask(pool, host, profile)
    finally:
        host.heal()


@pytest.mark.parametrize("profile", [WHOLE, STREAM, QWEN, DEEPSEEK, KIMI], ids=["whole", "stream", "qwen", "deepseek", "kimi"])
async def test_a_scripted_trader_answers_every_profile_the_same(pool, host, profile):
    outcome = await ask(pool, host, profile)
    assert isinstance(outcome, Answer)
    assert '"actions"' in outcome.text
    assert outcome.reply.reasoning
    assert outcome.reply.finish_reason == "stop"
    assert outcome.reply.usage["total_tokens"] > 0
    assert outcome.reply.model == "hold-only"


@pytest.mark.parametrize("profile", [WHOLE, STREAM], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("rule", "kind", "attempts"),
    [
        ({"kind": "auth"}, FailureKind.AUTH, 1),
        ({"kind": "payment"}, FailureKind.PAYMENT, 1),
        ({"kind": "forbidden"}, FailureKind.FORBIDDEN, 1),
        ({"kind": "server_error", "status": 503}, FailureKind.OVERLOADED, 3),
        ({"kind": "rate_limit", "retry_after": 60}, FailureKind.RATE_LIMITED, 1),
        ({"kind": "cut"}, FailureKind.CUT, 1),
        ({"kind": "wrong_json"}, FailureKind.MALFORMED, 1),
        ({"kind": "blank"}, FailureKind.BLANK, 3),
        ({"kind": "finish_length"}, FailureKind.TRUNCATED, 1),
    ],
)
async def test_every_fault_is_a_failure_of_its_kind(pool, host, profile, rule, kind, attempts):
    outcome = await struck(pool, host, profile, **rule)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.attempts) == (kind, attempts)
    assert outcome.advice
    assert len(outcome.message) <= 500


async def test_a_fault_that_passes_ends_in_an_answer(pool, host):
    outcome = await struck(pool, host, kind="rate_limit", retry_after=0, count=1)
    assert isinstance(outcome, Answer)
    assert outcome.attempts == 2


async def test_a_model_slower_than_the_deadline_is_a_timeout_in_time(pool, host):
    host.fail({"route": "model.chat", "kind": "delay", "seconds": 3})
    started = time.perf_counter()
    outcome = await ask(pool, host, seconds=0.3)
    host.heal()
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.TIMEOUT
    assert time.perf_counter() - started < 2


async def test_a_key_the_host_does_not_know_is_an_auth_failure(pool, host):
    outcome = await ask(pool, host, key="invalid")
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.http_status) == (FailureKind.AUTH, 401)


async def test_a_model_the_host_does_not_know_is_not_found(pool, host):
    outcome = await ask(pool, host, model="no-such-model")
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.http_status) == (FailureKind.NOT_FOUND, 404)
    assert "no-such-model" in outcome.advice
