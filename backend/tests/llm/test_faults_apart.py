"""Every fault of the sandbox in turn: one contestant is struck, another asks the same host at the same moment and must not notice."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.engine.clock import Clock
from app.llm.client import ChatClient
from app.llm.outcome import Answer, Failure
from app.llm.profiles import SANDBOX
from app.sandbox.faults import CONTENT_KINDS, FaultKind
from app.sandbox.serve import RunningSandbox, running_sandbox
from app.sandbox.server import SandboxConfig
from tests.llm.asking import KEY, MESSAGES
from tests.sandbox.conftest import ask

DEADLINE = 2.0
STRUCK, SPARED = "hold-only", "instant"

EXPECTED = {
    FaultKind.DELAY: ("LATE", 1),
    FaultKind.RATE_LIMIT: ("RATE_LIMITED", 3),
    FaultKind.SERVER_ERROR: ("HTML_BODY", 3),
    FaultKind.CUT: ("STREAM_CUT", 1),
    FaultKind.WRONG_JSON: ("MALFORMED", 1),
    FaultKind.BLANK: ("BLANK", 3),
    FaultKind.AUTH: ("AUTH", 1),
    FaultKind.PAYMENT: ("BALANCE", 1),
    FaultKind.FORBIDDEN: ("FORBIDDEN", 1),
    FaultKind.FINISH_LENGTH: ("TRUNCATED", 1),
    FaultKind.HTML: ("HTML_BODY", 1),
    # These are complete answers as far as the wire goes: reading them is another's work.
    FaultKind.PROSE: (None, 1),
    FaultKind.FENCED: (None, 1),
    FaultKind.TRUNCATED_JSON: (None, 1),
    FaultKind.DUPLICATE_KEYS: (None, 1),
    FaultKind.THINK_TAGS: (None, 1),
    FaultKind.TWO_OBJECTS: (None, 1),
    FaultKind.NAN: (None, 1),
    FaultKind.TOOL_CALLS: (None, 1),
}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    origin = datetime(2026, 3, 2, tzinfo=UTC)
    with running_sandbox(SandboxConfig(seed=7, model_latency_scale=0.0), Clock(lambda: origin, origin, origin)) as sandbox:
        yield sandbox


def line(pool, running, model, *, stream):
    profile = replace(SANDBOX, stream=stream)
    return ChatClient(
        profile, pool, api_key=KEY, chance=random.Random(1), base_url=running.models_url, model=model, first_pause_seconds=0.01
    )


def requests_so_far(running):
    return ask(f"{running.url}/sandbox/state").json["requests"].get("model.chat", 0)


def test_every_fault_that_can_strike_a_model_is_expected_here():
    assert set(EXPECTED) == set(FaultKind) - CONTENT_KINDS


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", list(EXPECTED))
async def test_a_fault_of_one_changes_neither_bytes_nor_time_of_the_other(pool, running, kind, stream):
    struck, spared = (line(pool, running, model, stream=stream) for model in (STRUCK, SPARED))
    unharmed = await spared.ask(MESSAGES, DEADLINE)
    before = requests_so_far(running)
    running.fail({"route": "model.chat", "kind": kind, "model": STRUCK, "seconds": 30, "retry_after": 0})
    try:
        started = time.perf_counter()
        hit, well = await asyncio.gather(struck.ask(MESSAGES, DEADLINE), spared.ask(MESSAGES, DEADLINE))
        taken = time.perf_counter() - started
    finally:
        running.heal()
    code, attempts = EXPECTED[kind]
    assert (hit.code if isinstance(hit, Failure) else None, hit.attempts) == (code, attempts)
    assert taken < DEADLINE + 0.5
    assert isinstance(well, Answer)
    assert [(call.sent, call.received) for call in well.calls] == [(call.sent, call.received) for call in unharmed.calls]
    assert (well.latency_ms < 1000, well.attempts) == (True, 1)
    # Every request that the host counted is one call in the records, and no call is without one.
    assert requests_so_far(running) - before == len(hit.calls) + len(well.calls)
    assert [call.number for call in hit.calls] == list(range(1, attempts + 1))


async def test_a_delay_is_exact_enough_to_measure_by(pool, running):
    running.fail({"route": "model.chat", "kind": "delay", "seconds": 0.5})
    try:
        outcomes = await asyncio.gather(*(line(pool, running, SPARED, stream=False).ask(MESSAGES, 5) for _ in range(20)))
    finally:
        running.heal()
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert all(490 <= outcome.calls[0].ended_ms - outcome.calls[0].started_ms < 1500 for outcome in outcomes)
