"""Each HTTP attempt leaves one record with the exact bytes; nothing is charged twice, and nobody else's line is held up."""

import asyncio
import gzip
import json
import time
from dataclasses import replace

import pytest

from app.llm.gates import Gates, gate_limits
from app.llm.outcome import Answer, Failure, FailureKind
from app.llm.profiles import COMPATIBLE, KIMI, PROFILES
from app.llm.transcript import is_stream, read_wire
from tests.llm.asking import KEY, MESSAGES, answered, asked, client, failed
from tests.llm.hosts import HANG, RESET, USAGE_CHUNK, chunk, completion, completion_body, host, http, stream

STREAMING = replace(COMPATIBLE, stream=True)


async def test_a_call_holds_the_bytes_that_went_over_the_wire(pool):
    body = json.dumps({**completion_body("all well"), "x_vendor": {"odd": [1, "中"]}}, indent=3).encode()
    async with host(http(200, body, ["x-request-id: req-9"])) as served:
        outcome = await client(pool, served.url).ask(MESSAGES, 5)
        (sent,) = served.bodies
        headers = served.requests[0][1]
    (call,) = outcome.calls
    assert (call.sent, call.received) == (sent, body)
    assert "中文".encode() in sent
    assert (call.number, call.url, call.http_status) == (1, f"{served.url}/chat/completions", 200)
    assert (call.content_type, call.request_id, call.finish_reason) == ("application/json", "req-9", "stop")
    assert (call.model, call.usage["total_tokens"]) == ("the-model-that-answered", 18)
    assert (call.failure, call.message) == (None, None)
    assert 0 <= call.started_ms <= call.first_byte_ms <= call.ended_ms <= outcome.latency_ms + 1
    assert headers["accept-encoding"] == "identity"


async def test_a_streamed_call_holds_every_byte_and_can_be_read_again(pool):
    answer = stream(": keep-alive\n\n", chunk(reasoning_content="hm "), "\n\n", chunk("all "), chunk("well", "stop"), USAGE_CHUNK)
    outcome = await answered(pool, answer, profile=STREAMING)
    (call,) = outcome.calls
    assert call.received == answer.partition(b"\r\n\r\n")[2]
    again = read_wire(call.received, STREAMING, streamed=is_stream(call.content_type, asked_for=True))
    assert (again.text, again.reasoning, again.usage) == (outcome.text, outcome.reply.reasoning, outcome.reply.usage)


async def test_every_attempt_is_one_call_with_its_own_bytes_and_usage(pool):
    first, second, third = http(503, b"down"), completion("  "), completion("well")
    outcome = await answered(pool, first, second, third)
    assert [(call.number, call.http_status, call.failure) for call in outcome.calls] == [
        (1, 503, FailureKind.OVERLOADED),
        (2, 200, FailureKind.BLANK),
        (3, 200, None),
    ]
    assert [call.usage.get("total_tokens") for call in outcome.calls] == [None, 18, 18]
    assert [call.received for call in outcome.calls] == [answer.partition(b"\r\n\r\n")[2] for answer in (first, second, third)]
    assert len({call.sent for call in outcome.calls}) == 1
    ends = [moment for call in outcome.calls for moment in (call.started_ms, call.ended_ms)]
    assert ends == sorted(ends)
    assert outcome.attempts == 3


async def test_a_call_that_is_cut_by_the_deadline_keeps_what_had_come(pool):
    half = stream(chunk("half an"), chunk(" answer"), done=False).replace(b"content-length", b"x-length")
    async with host(half + b"data: {") as served:
        reading = client(pool, served.url, STREAMING)
        outcome = await reading.ask(MESSAGES, 5)
    assert outcome.calls[0].received.endswith(b"data: {")
    late = await failed(pool, HANG, seconds=0.2)
    (call,) = late.calls
    assert (call.received, call.http_status, call.first_byte_ms, call.failure) == (b"", None, None, FailureKind.TIMEOUT)
    assert late.code == "LATE"


async def test_a_connection_that_breaks_is_a_call_without_bytes(pool):
    outcome = await answered(pool, RESET, completion("well"))
    broken = outcome.calls[0]
    assert (broken.received, broken.http_status, broken.failure) == (b"", None, FailureKind.UNREACHABLE)


async def test_a_key_that_the_host_quotes_is_in_no_record(pool):
    echo = {"error": {"message": f"bad key {KEY}"}}
    outcomes = [await asked(pool, http(401, echo)), await asked(pool, completion(f"your key is {KEY}", reasoning_content=KEY))]
    assert b"bad key [key]" in outcomes[0].calls[0].received
    assert outcomes[1].text == "your key is [key]"
    assert KEY not in repr(outcomes) + repr([call.received + call.sent for outcome in outcomes for call in outcome.calls])


async def test_a_redirect_is_not_followed_with_the_key(pool):
    async with host(completion("stolen")) as other, host(http(307, b"", [f"location: {other.url}/chat/completions"])) as served:
        outcome = await client(pool, served.url).ask(MESSAGES, 5)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.attempts, other.requests) == (FailureKind.NOT_FOUND, 1, [])


async def test_a_cookie_of_one_answer_is_not_sent_with_the_next_question(pool):
    async with host(http(200, completion_body("ok"), ["set-cookie: who=me; Path=/"])) as served:
        for _ in range(2):
            await client(pool, served.url).ask(MESSAGES, 5)
    assert "cookie" not in served.requests[1][1]


async def test_an_answer_that_is_packed_all_the_same_is_read_and_kept_packed(pool):
    packed = gzip.compress(json.dumps(completion_body("all well")).encode())
    outcome = await answered(pool, http(200, packed, ["content-encoding: gzip"]))
    assert (outcome.text, outcome.calls[0].received) == ("all well", packed)
    assert read_wire(packed, COMPATIBLE, streamed=False).text == "all well"


async def test_an_answer_that_unpacks_without_end_is_not_read_on(pool):
    bomb = gzip.compress(b" " * 50_000_000)
    outcome = await failed(pool, http(200, bomb, ["content-encoding: gzip"]))
    assert (outcome.kind, "larger than any reply" in outcome.message) == (FailureKind.MALFORMED, True)


@pytest.mark.parametrize(
    "body",
    [b" " * 5_000_000, b'{"choices": [' + b"1," * 500_000 + b"1]}", b'{"a": "' + b"x" * 5_000_000],
    ids=["blanks", "values", "text"],
)
async def test_an_answer_beyond_all_bounds_is_malformed_without_being_read(pool, body):
    outcome = await failed(pool, http(200, body))
    assert outcome.kind is FailureKind.MALFORMED
    assert len(outcome.calls[0].received) <= 4_194_304 + 65_536 + 1_000_000


async def test_one_event_without_end_is_not_read_on(pool):
    outcome = await failed(pool, stream("data: " + "x" * 2_000_000), profile=STREAMING)
    assert "one event" in outcome.message


async def test_a_prompt_over_the_limit_is_not_sent(pool):
    async with host(completion("ok")) as served:
        outcome = await client(pool, served.url, replace(COMPATIBLE, prompt_bytes_max=200)).ask([{"role": "user", "content": "x" * 200}], 5)
    assert isinstance(outcome, Failure)
    assert (outcome.code, outcome.calls, served.requests) == ("PROMPT_TOO_LARGE", (), [])
    assert "more than the 200" in outcome.message


async def test_a_host_that_streams_without_being_asked_or_answers_whole_is_understood(pool):
    assert (await answered(pool, stream(chunk("well", "stop")))).text == "well"
    assert (await answered(pool, completion("well"), profile=STREAMING)).text == "well"


async def test_tool_calls_are_an_answer_and_streamed_ones_are_joined_by_index(pool):
    call = {"id": "c1", "type": "function", "function": {"name": "submit_decision", "arguments": '{"actions": []}'}}
    whole = await answered(pool, completion(None, "tool_calls", tool_calls=[call]))
    parts = [
        chunk(tool_calls=[{"index": 0, "id": "c1", "function": {"name": "submit_decision", "arguments": ""}}]),
        chunk(
            tool_calls=[{"index": 1, "function": {"name": "other", "arguments": "{}"}}, {"index": 0, "function": {"arguments": '{"acti'}}]
        ),
        chunk(None, "tool_calls", tool_calls=[{"index": 0, "function": {"arguments": 'ons": []}'}}]),
    ]
    streamed = await answered(pool, stream(*parts), profile=STREAMING)
    assert [(one.name, one.arguments) for one in whole.reply.tool_calls] == [("submit_decision", '{"actions": []}')]
    assert [(one.name, one.arguments) for one in streamed.reply.tool_calls] == [("submit_decision", '{"actions": []}'), ("other", "{}")]


async def test_tool_calls_of_another_shape_are_malformed(pool):
    for calls in (5, [5], [{"function": 5}], [{"function": {"name": 5}}], [{"function": {"name": "a", "arguments": "x" * 70_000}}]):
        outcome = await failed(pool, completion(None, "tool_calls", tool_calls=calls))
        assert outcome.kind is FailureKind.MALFORMED
    many = [{"function": {"name": "a", "arguments": ""}}] * 33
    assert "tool calls" in (await failed(pool, completion(None, "tool_calls", tool_calls=many))).message


async def test_a_provider_with_one_place_is_asked_one_at_a_time_and_the_wait_is_reported(pool):
    gates = Gates({"kimi": 1})
    async with host(completion("ok")) as served:
        clients = [client(pool, served.url, replace(KIMI, base_url=served.url), gate=gates.of("kimi")) for _ in range(4)]
        outcomes = await asyncio.gather(*(one.ask(MESSAGES, 20) for one in clients))
    assert served.most_under_way == 1
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    waits = [outcome.queued_ms for outcome in outcomes]
    assert waits == sorted(waits)
    assert waits[-1] >= 20
    assert all(outcome.queued_ms <= outcome.calls[0].started_ms + 1 for outcome in outcomes)


async def test_without_a_limit_all_are_asked_at_once(pool):
    async with host(completion("ok")) as served:
        await asyncio.gather(*(client(pool, served.url).ask(MESSAGES, 20) for _ in range(20)))
    assert served.most_under_way > 5


async def test_a_hanging_provider_holds_only_its_own_places(pool):
    gates = Gates({"slow": 1, "quick": 1})
    async with host(HANG) as slow, host(completion("ok")) as quick:
        hanging = [asyncio.create_task(client(pool, slow.url, gate=gates.of("slow")).ask(MESSAGES, 1)) for _ in range(2)]
        await asyncio.sleep(0.05)
        started = time.perf_counter()
        outcome = await client(pool, quick.url, gate=gates.of("quick")).ask(MESSAGES, 1)
        assert time.perf_counter() - started < 0.5
        first, second = await asyncio.gather(*hanging)
    assert isinstance(outcome, Answer)
    assert (first.code, first.attempts) == ("LATE", 1)
    assert (second.code, second.attempts) == ("LATE", 0)
    assert second.queued_ms >= 900
    assert "no place" in second.message
    assert len(slow.requests) == 1


async def test_a_place_is_given_back_after_a_late_answer(pool):
    gate = Gates({"p": 1}).of("p")
    assert (await asked(pool, HANG, seconds=0.1, gate=gate)).code == "LATE"
    assert (await answered(pool, completion("ok"), gate=gate)).attempts == 1


def test_limits_of_the_operator_go_before_those_of_the_profiles():
    assert gate_limits(PROFILES, {"kimi": 5, "qwen": 2}) == {"kimi": 5, "qwen": 2}
    assert gate_limits(PROFILES, {}) == {"kimi": 1}
    with pytest.raises(ValueError, match="at least one place: kimi = 0"):
        Gates({"kimi": 0})
