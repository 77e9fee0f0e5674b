import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from app.llm.client import ChatClient
from app.llm.outcome import Answer, Failure, FailureKind
from app.llm.pool import ConnectionPool
from app.llm.profiles import COMPATIBLE, DEEPSEEK, KIMI, OPENAI, QWEN, JsonMode, Profile
from tests.llm.hosts import HANG, RESET, USAGE_CHUNK, chunk, completion, completion_body, host, http, stream

KEY = "sk-planted-4f9d2c7b1e"
MESSAGES = [{"role": "system", "content": "You trade."}, {"role": "user", "content": "Answer in json."}]
STREAMING = replace(COMPATIBLE, stream=True)


@pytest.fixture
async def pool() -> AsyncIterator[ConnectionPool]:
    shared = ConnectionPool()
    yield shared
    await shared.aclose()


def client(pool: ConnectionPool, url: str, profile: Profile = COMPATIBLE, **named) -> ChatClient:
    return ChatClient(profile, pool, api_key=KEY, chance=random.Random(1), base_url=url, model="m-1", first_pause_seconds=0.01, **named)


async def asked(pool: ConnectionPool, *answers: bytes, profile: Profile = COMPATIBLE, seconds: float = 5) -> Answer | Failure:
    async with host(*answers) as served:
        return await client(pool, served.url, profile).ask(MESSAGES, seconds)


async def failed(pool: ConnectionPool, *answers: bytes, profile: Profile = COMPATIBLE, seconds: float = 5) -> Failure:
    outcome = await asked(pool, *answers, profile=profile, seconds=seconds)
    assert isinstance(outcome, Failure)
    return outcome


async def test_a_complete_reply_is_an_answer_with_text_usage_and_the_model_that_answered(pool):
    outcome = await asked(pool, completion("all well", reasoning_content="hm"))
    assert isinstance(outcome, Answer)
    assert (outcome.text, outcome.reply.reasoning, outcome.reply.finish_reason) == ("all well", "hm", "stop")
    assert outcome.reply.usage == {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "prompt_cache_hit_tokens": 3}
    assert outcome.reply.model == "the-model-that-answered"
    assert (outcome.reply.http_status, outcome.attempts) == (200, 1)
    assert outcome.latency_ms >= 0


async def test_a_stream_is_joined_and_its_thinking_kept_apart(pool):
    events = (chunk(reasoning_content="think "), chunk(reasoning_content="more"), chunk("all "), chunk("well", "stop"), USAGE_CHUNK)
    outcome = await asked(pool, stream(": keep-alive\n\n", *events), profile=STREAMING)
    assert isinstance(outcome, Answer)
    assert (outcome.text, outcome.reply.reasoning) == ("all well", "think more")
    assert outcome.reply.usage == {"prompt_tokens": 11, "completion_tokens": 7}
    assert outcome.reply.request_id == "req-7"


async def test_the_request_is_the_profiles_shape(pool):
    async with host(stream(chunk("ok", "stop"))) as served:
        await client(pool, served.url, QWEN).ask(MESSAGES, 5)
    path, headers, body = served.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body["messages"] == MESSAGES
    assert (body["model"], body["stream"], body["stream_options"]) == ("m-1", True, {"include_usage": True})
    assert (body["enable_thinking"], body["max_tokens"]) == (True, QWEN.max_output_tokens)
    assert "response_format" not in body
    assert "temperature" not in body


async def test_params_of_the_operator_win_over_the_profile(pool):
    async with host(completion("ok")) as served:
        await client(pool, served.url, DEEPSEEK, params={"temperature": 0.3, "max_tokens": 99}).ask(MESSAGES, 5)
    body = served.requests[0][2]
    assert (body["temperature"], body["max_tokens"], body["response_format"]) == (0.3, 99, {"type": "json_object"})


async def test_kimi_is_never_sent_a_temperature_and_the_log_says_so(pool):
    async with host(completion("ok")) as served:
        with capture_logs() as logs:
            asking = client(pool, served.url, KIMI, params={"temperature": 0.3})
        await asking.ask(MESSAGES, 5)
    body = served.requests[0][2]
    assert "temperature" not in body
    assert body["max_completion_tokens"] == KIMI.max_output_tokens
    assert (logs[0]["event"], logs[0]["params"]) == ("params_not_sent", ["temperature"])


async def test_a_schema_is_sent_where_the_provider_enforces_one(pool):
    async with host(completion("ok")) as served:
        await client(pool, served.url, OPENAI, reply_schema={"type": "object"}).ask(MESSAGES, 5)
        await client(pool, served.url, OPENAI).ask(MESSAGES, 5)
    assert served.requests[0][2]["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert served.requests[1][2]["response_format"] == {"type": "json_object"}


async def test_an_openai_organization_in_the_environment_is_sent_to_nobody(pool, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-mine")
    async with host(completion("ok")) as served:
        await client(pool, served.url).ask(MESSAGES, 5)
    assert not [name for name in served.requests[0][1] if name.startswith("openai-")]


async def test_a_host_on_this_machine_is_reached_past_a_proxy(pool, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert isinstance(await asked(pool, completion("ok")), Answer)


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (400, FailureKind.BAD_REQUEST, "params"),
        (401, FailureKind.AUTH, "api_key_env"),
        (402, FailureKind.PAYMENT, "Top up"),
        (403, FailureKind.FORBIDDEN, "country"),
        (404, FailureKind.NOT_FOUND, "m-1"),
        (422, FailureKind.BAD_REQUEST, "params"),
    ],
)
async def test_a_refusal_is_not_asked_again_and_says_what_to_do(pool, status, kind, word):
    async with host(http(status, {"error": {"message": "no", "code": "nope"}})) as served:
        outcome = await client(pool, served.url).ask(MESSAGES, 5)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.http_status, outcome.retryable, outcome.kind.needs_operator) == (kind, status, False, True)
    assert word in outcome.advice
    assert "no (nope)" in outcome.message
    assert len(served.requests) == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
async def test_a_passing_trouble_is_asked_again_and_may_end_in_an_answer(pool, status):
    outcome = await asked(pool, http(status, {"error": {"message": "busy"}}, ["retry-after: 0"]), completion("well"))
    assert isinstance(outcome, Answer)
    assert outcome.attempts == 2


async def test_a_host_that_stays_overloaded_is_asked_three_times_and_no_more(pool):
    async with host(http(503, b"down")) as served:
        outcome = await client(pool, served.url).ask(MESSAGES, 30)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.attempts, len(served.requests)) == (FailureKind.OVERLOADED, 3, 3)
    assert outcome.message == "OpenAI-compatible server answered 503: down"


async def test_a_retry_after_beyond_the_deadline_is_not_waited_for(pool):
    started = time.perf_counter()
    outcome = await failed(pool, http(429, {"error": {"message": "slow down"}}, ["retry-after: 60"]), seconds=5)
    assert (outcome.kind, outcome.attempts, outcome.retry_after_seconds) == (FailureKind.RATE_LIMITED, 1, 60.0)
    assert time.perf_counter() - started < 3


async def test_a_retry_after_as_a_date_is_read_against_the_answers_own_date(pool):
    dates = ["date: Wed, 25 Nov 2026 08:00:00 GMT", "retry-after: Wed, 25 Nov 2026 08:02:00 GMT"]
    assert (await failed(pool, http(429, b"", dates), seconds=5)).retry_after_seconds == 120.0


async def test_a_model_that_thinks_past_the_deadline_is_a_timeout_in_time(pool):
    started = time.perf_counter()
    outcome = await failed(pool, HANG, seconds=0.3)
    assert (outcome.kind, outcome.retryable) == (FailureKind.TIMEOUT, False)
    assert "0.3 seconds" in outcome.message
    assert 0.25 < time.perf_counter() - started < 2


async def test_what_had_arrived_before_the_connection_broke_is_kept(pool):
    broken = stream(chunk("half an ans"), done=False)[:-1]
    outcome = await failed(pool, broken, profile=STREAMING)
    assert (outcome.kind, outcome.reply.text, outcome.reply.http_status) == (FailureKind.CUT, "", 200)
    broken = stream(chunk("half an ans"), chunk("wer"), done=False)[:-1]
    assert (await failed(pool, broken, profile=STREAMING)).reply.text == "half an ans"


async def test_a_body_shorter_than_promised_is_cut(pool):
    outcome = await failed(pool, http(200, completion_body("fine"), cut=9))
    assert (outcome.kind, outcome.retryable) == (FailureKind.CUT, False)


async def test_a_stream_that_ends_without_a_finish_reason_is_cut(pool):
    outcome = await failed(pool, stream(chunk("half")), profile=STREAMING)
    assert (outcome.kind, outcome.reply.text) == (FailureKind.CUT, "half")


@pytest.mark.parametrize("profile", [COMPATIBLE, STREAMING], ids=["whole", "streamed"])
async def test_a_connection_reset_before_any_answer_is_asked_again(pool, profile):
    well = completion("well") if profile is COMPATIBLE else stream(chunk("well", "stop"), USAGE_CHUNK)
    outcome = await asked(pool, RESET, well, profile=profile)
    assert isinstance(outcome, Answer)
    assert (outcome.text, outcome.attempts) == ("well", 2)


async def test_a_host_that_hangs_up_without_a_word_is_unreachable_and_asked_again(pool):
    outcome = await asked(pool, b"", completion("well"))
    assert isinstance(outcome, Answer)
    assert outcome.attempts == 2


async def test_a_closed_port_is_unreachable_and_named(pool):
    async with host(b"") as served:
        url = served.url
    outcome = await client(pool, url).ask(MESSAGES, 5)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.attempts) == (FailureKind.UNREACHABLE, 3)
    assert url in outcome.message
    assert url in outcome.advice


async def test_a_reply_at_the_output_limit_is_truncated_with_its_text_kept(pool):
    outcome = await failed(pool, completion('{"actions": [', "length"))
    assert (outcome.kind, outcome.reply.text, outcome.retryable) == (FailureKind.TRUNCATED, '{"actions": [', False)
    assert outcome.reply.usage["completion_tokens"] == 7


async def test_a_filtered_reply_is_not_asked_again(pool):
    outcome = await failed(pool, completion("", "content_filter"))
    assert (outcome.kind, outcome.attempts) == (FailureKind.CONTENT_FILTER, 1)


async def test_blanks_are_asked_again_and_each_call_keeps_its_own_usage(pool):
    outcome = await asked(pool, completion("   \n "), completion("well"))
    assert isinstance(outcome, Answer)
    assert [(call.number, call.failure, call.usage["total_tokens"]) for call in outcome.calls] == [
        (1, FailureKind.BLANK, 18),
        (2, None, 18),
    ]


@pytest.mark.parametrize("text", ["   ", "", None])
async def test_a_model_that_stays_blank_is_a_failure(pool, text):
    outcome = await failed(pool, completion(text))
    assert (outcome.kind, outcome.attempts) == (FailureKind.BLANK, 3)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b'{"choices": ',
        b"[1]",
        b"{}",
        b'{"choices": [7]}',
        b'{"choices": [{"message": {"content": 5}}]}',
        b"[" * 99_999,
    ],
)
async def test_an_answer_of_another_shape_is_malformed(pool, body):
    outcome = await failed(pool, http(200, body))
    assert (outcome.kind, outcome.retryable) == (FailureKind.MALFORMED, False)


async def test_a_stream_of_broken_json_is_malformed(pool):
    assert (await failed(pool, stream('data: {"choices": [\n\n'), profile=STREAMING)).kind is FailureKind.MALFORMED


async def test_a_page_instead_of_a_stream_is_malformed(pool):
    assert (await failed(pool, http(200, b"<html>"), profile=STREAMING)).kind is FailureKind.MALFORMED


async def test_an_error_in_the_middle_of_a_stream_is_read_like_an_error_answer(pool):
    error = {"error": {"message": "quota", "code": 429}}
    outcome = await failed(pool, stream(chunk("half"), error, done=False), profile=STREAMING, seconds=0.2)
    assert (outcome.kind, outcome.reply.text) == (FailureKind.RATE_LIMITED, "half")


@pytest.mark.parametrize("profile", [COMPATIBLE, STREAMING], ids=["whole", "stream"])
async def test_a_reply_over_64_kb_is_malformed_and_not_read_on(pool, profile):
    events = [chunk("x" * 30_000) for _ in range(4)] + [chunk("", "stop")]
    outcome = await failed(pool, stream(*events) if profile.stream else completion("x" * 70_000), profile=profile)
    assert outcome.kind is FailureKind.MALFORMED
    assert "64 KB" in outcome.message
    assert len(outcome.reply.text) <= 65_536


async def test_what_no_database_takes_is_replaced_in_the_text(pool):
    outcome = await asked(pool, http(200, completion_body("a\ud83d") | {}), profile=COMPATIBLE)
    assert isinstance(outcome, Answer)
    assert outcome.text == "a\ufffd"
    pair = await asked(pool, stream(chunk("\ud83d"), chunk("\ude00", "stop")), profile=STREAMING)
    assert isinstance(pair, Answer)
    assert pair.text == "\U0001f600"


async def test_a_hundred_contestants_are_asked_at_once(pool):
    async with host(completion("ok")) as served:
        clients = [client(pool, served.url) for _ in range(100)]
        outcomes = await asyncio.gather(*(one.ask(MESSAGES, 20) for one in clients))
    assert all(isinstance(outcome, Answer) for outcome in outcomes)


async def test_the_key_is_in_no_repr_message_or_log_line(pool, caplog):
    caplog.set_level(logging.DEBUG)
    echo = {"error": {"message": f"Incorrect API key provided: {KEY}. Authorization: Bearer {KEY}", "code": "invalid_api_key"}}
    outcomes = []
    with capture_logs() as logs:
        async with host(http(401, echo)) as served:
            asking = client(pool, served.url)
            outcomes.append(await asking.ask(MESSAGES, 5))
        outcomes.append(await asking.ask(MESSAGES, 5))
        outcomes.append(await failed(pool, http(503, f"upstream said {KEY}".encode())))
        outcomes.append(await failed(pool, stream({"error": {"message": KEY}}), profile=STREAMING))
    written = [repr(asking), repr(asking._host), *map(repr, outcomes), repr(logs), caplog.text]
    assert not [text for text in written if KEY in text]
    assert "[key]" in outcomes[0].message


@pytest.mark.parametrize("key", ["sk-two\nlines", "schlüssel"])
async def test_a_key_that_no_header_can_carry_is_an_auth_failure_and_nothing_is_sent(pool, key):
    async with host(completion("ok")) as served:
        outcome = await ChatClient(COMPATIBLE, pool, api_key=key, chance=random.Random(1), base_url=served.url).ask(MESSAGES, 5)
    assert isinstance(outcome, Failure)
    assert (outcome.code, outcome.calls, served.requests) == ("AUTH", (), [])
    assert key not in repr(outcome)


def test_params_that_json_cannot_hold_are_refused_when_the_client_is_made(pool):
    with pytest.raises(ValueError, match="not JSON compliant"):
        client(pool, "http://127.0.0.1:9/v1", params={"temperature": float("nan")})


async def test_params_cannot_put_another_model_or_other_messages_into_the_question(pool):
    async with host(completion("ok")) as served:
        await client(pool, served.url, params={"model": "other", "messages": [], "response_format": {}, "top_k": 5}).ask(MESSAGES, 5)
    body = served.requests[0][2]
    assert (body["model"], body["messages"], body["top_k"], "response_format" in body) == ("m-1", MESSAGES, 5, False)


@pytest.mark.parametrize("mode", list(JsonMode))
async def test_every_json_mode_makes_a_request(pool, mode):
    assert isinstance(await asked(pool, completion("{}"), profile=replace(COMPATIBLE, json_mode=mode)), Answer)
