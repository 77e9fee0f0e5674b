"""What DeepSeek, Alibaba and Moonshot send, shape by shape after their documentation, through real HTTP: nothing here was recorded from them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.llm.outcome import FailureKind
from app.llm.prices import PriceBook
from app.llm.profiles import ANTHROPIC, DEEPSEEK, GEMINI, KIMI, LLAMACPP, OPENAI, OPENROUTER, QWEN, VLLM, XAI
from app.llm.transcript import read_wire
from app.llm.usage import tokens_of
from tests.llm.asking import MESSAGES, answered, client, failed
from tests.llm.hosts import completion, host, http, stream

DECISION = '{"summary": "wait", "actions": []}'
DEEPSEEK_STREAMING = replace(DEEPSEEK, stream=True)


def deepseek_body(content=DECISION, finish_reason="stop"):
    return {
        "id": "930c60df-bf64-41c9-a88e-3ec75f81e00e",
        "object": "chat.completion",
        "created": 1_764_028_800,
        "model": "deepseek-v4-pro",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "reasoning_content": "The market is flat. Wait."},
                "logprobs": None,
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": 5120,
            "completion_tokens": 640,
            "total_tokens": 5760,
            "prompt_tokens_details": {"cached_tokens": 4096},
            "completion_tokens_details": {"reasoning_tokens": 600},
            "prompt_cache_hit_tokens": 4096,
            "prompt_cache_miss_tokens": 1024,
        },
        "system_fingerprint": "fp_v4",
        "service_tier_of_tomorrow": {"queue": 3},
    }


def deepseek_chunk(delta, finish_reason=None, usage=None):
    head = {"id": "930c60df", "object": "chat.completion.chunk", "created": 1_764_028_800, "model": "deepseek-v4-pro"}
    return {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}], "usage": usage}


async def test_deepseek_answers_with_thinking_and_cache_hits_after_blank_lines_in_its_queue(pool):
    outcome = await answered(pool, http(200, b"\n\n\n" + json.dumps(deepseek_body()).encode()), profile=DEEPSEEK)
    assert (outcome.text, outcome.reply.reasoning) == (DECISION, "The market is flat. Wait.")
    tokens = tokens_of(outcome.reply.usage, DEEPSEEK)
    assert (tokens.input, tokens.cached, tokens.output, tokens.reasoning, tokens.doubt) == (5120, 4096, 640, 600, None)
    night = datetime(2026, 11, 24, 20, tzinfo=UTC)
    cost = PriceBook().cost("deepseek", "deepseek-v4-pro", tokens, night)
    assert cost.usd == (1024 * Decimal("0.66") + 4096 * Decimal("0.022") + 640 * Decimal("1.98")) / 1_000_000
    assert b"service_tier_of_tomorrow" in outcome.calls[0].received


async def test_deepseek_keeps_a_queueing_stream_open_with_comments(pool):
    events = [
        ": keep-alive\n\n",
        ": keep-alive\n\n",
        deepseek_chunk({"role": "assistant", "content": None, "reasoning_content": ""}),
        deepseek_chunk({"content": None, "reasoning_content": "Flat. "}),
        ": keep-alive\n\n",
        "data:\n\n",
        deepseek_chunk({"content": None, "reasoning_content": "Wait."}),
        deepseek_chunk({"content": DECISION, "reasoning_content": None}),
        deepseek_chunk({"content": ""}, "stop", deepseek_body()["usage"]),
    ]
    outcome = await answered(pool, stream(*events), profile=DEEPSEEK_STREAMING)
    assert (outcome.text, outcome.reply.reasoning) == (DECISION, "Flat. Wait.")
    assert outcome.reply.usage["prompt_cache_hit_tokens"] == 4096
    assert outcome.calls[0].received.count(b": keep-alive") == 3


async def test_deepseeks_blanks_in_json_mode_are_asked_again_and_both_calls_are_charged(pool):
    blank = http(200, deepseek_body(" " * 300))
    outcome = await answered(pool, blank, http(200, deepseek_body()), profile=DEEPSEEK)
    assert [call.failure for call in outcome.calls] == [FailureKind.BLANK, None]
    assert [call.usage["total_tokens"] for call in outcome.calls] == [5760, 5760]


async def test_deepseek_running_out_of_resources_is_asked_again(pool):
    spent = http(200, deepseek_body('{"summ', "insufficient_system_resource"))
    outcome = await answered(pool, spent, http(200, deepseek_body()), profile=DEEPSEEK)
    assert [call.failure for call in outcome.calls] == [FailureKind.OVERLOADED, None]


def error(message, code=None, kind=None, **more):
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}


BAD_REQUEST = "invalid_request_error"
THINKING_NEEDS_A_STREAM = "parameter.enable_thinking must be set to false for non-streaming calls"
ALIBABA = {"request_id": "e7f0"}


@pytest.mark.parametrize(
    ("profile", "status", "body", "code", "attempts"),
    [
        (DEEPSEEK, 402, error("Insufficient Balance", BAD_REQUEST, "unknown_error"), "BALANCE", 1),
        (DEEPSEEK, 401, error("Authentication Fails (no such user)", BAD_REQUEST, "authentication_error"), "AUTH", 1),
        (DEEPSEEK, 422, error("Failed to deserialize the JSON body", BAD_REQUEST, BAD_REQUEST), "BAD_REQUEST", 1),
        (DEEPSEEK, 400, error("This response_format type is unavailable now", BAD_REQUEST, BAD_REQUEST), "BAD_REQUEST", 1),
        (DEEPSEEK, 429, error("Rate limit reached for requests"), "RATE_LIMITED", 3),
        (DEEPSEEK, 503, error("Service is too busy", "service_unavailable_error"), "OVERLOADED", 3),
        (QWEN, 400, {**error(THINKING_NEEDS_A_STREAM, "invalid_parameter_error", BAD_REQUEST), **ALIBABA}, "BAD_REQUEST", 1),
        (QWEN, 400, {**error("Access denied, please make sure your account is in good standing.", "Arrearage"), **ALIBABA}, "BALANCE", 1),
        (QWEN, 400, error("Output data may contain inappropriate content.", "DataInspectionFailed"), "CONTENT_FILTER", 1),
        (QWEN, 400, error("'messages' must contain the word 'json' in some form", "invalid_parameter_error"), "BAD_REQUEST", 1),
        (QWEN, 401, error("Incorrect API key provided.", "invalid_api_key"), "AUTH", 1),
        (QWEN, 403, error("Model access denied.", "AccessDenied"), "FORBIDDEN", 1),
        (QWEN, 404, error("The model `x` does not exist", "model_not_found"), "NOT_FOUND", 1),
        (QWEN, 429, error("Requests rate limit exceeded, please try again later.", "Throttling.RateQuota"), "RATE_LIMITED", 3),
        (QWEN, 429, error("You exceeded your current quota", "insufficient_quota"), "RATE_LIMITED", 3),
        (QWEN, 429, error("Request rate increased too quickly", "limit_burst_rate"), "RATE_LIMITED", 3),
        (KIMI, 400, error("invalid temperature: only 1 is allowed for this model", kind=BAD_REQUEST), "BAD_REQUEST", 1),
        (KIMI, 400, error("Your request exceeded model token limit: 1048576", kind=BAD_REQUEST), "BAD_REQUEST", 1),
        (KIMI, 403, error("Your account balance is not enough", kind="permission_denied_error"), "BALANCE", 1),
        (KIMI, 429, error("please check your plan and billing details", kind="exceeded_current_quota_error"), "BALANCE", 1),
        (KIMI, 429, error("The engine is currently overloaded, please try again later", kind="engine_overloaded_error"), "OVERLOADED", 3),
        (KIMI, 429, error("max concurrency: 1, please try again", kind="rate_limit_reached_error"), "RATE_LIMITED", 3),
        (OPENROUTER, 402, error("in_flight_budget_exhausted", 402), "RATE_LIMITED", 3),
        (OPENROUTER, 402, error("weight_exceeds_budget", 402), "BALANCE", 1),
        (ANTHROPIC, 400, error("Your credit balance is too low to access the Anthropic API", kind=BAD_REQUEST), "BALANCE", 1),
        (LLAMACPP, 400, error('Either "json_schema" or "grammar" can be specified, but not both', 400), "BAD_REQUEST", 1),
        (OPENAI, 502, b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", "HTML_BODY", 3),
        (OPENAI, 401, b"<!DOCTYPE html><p>Please log in</p>", "AUTH", 1),
    ],
)
async def test_an_error_body_is_told_apart_and_asked_again_only_where_that_may_help(pool, profile, status, body, code, attempts):
    outcome = await failed(pool, http(status, body, ["retry-after: 0"]), profile=profile)
    assert (outcome.code, outcome.attempts, outcome.http_status) == (code, attempts, status)
    assert "<" not in outcome.message
    assert outcome.calls[0].received == (body if isinstance(body, bytes) else json.dumps(body).encode())


async def test_a_web_page_with_status_200_is_named_as_such(pool):
    outcome = await failed(pool, http(200, b"\n<!doctype html><h1>Sign in to the network</h1>"), profile=DEEPSEEK)
    assert (outcome.code, outcome.kind, outcome.attempts) == ("HTML_BODY", FailureKind.MALFORMED, 1)


def qwen_chunk(delta, finish_reason=None, usage=None):
    choice = {"delta": delta, "finish_reason": finish_reason, "index": 0, "logprobs": None}
    head = {"object": "chat.completion.chunk", "usage": usage, "created": 1_764_028_800, "system_fingerprint": None}
    return {"choices": [choice], **head, "model": "qwen3.8-max", "id": "chatcmpl-3f1b"}


QWEN_USAGE = {
    "prompt_tokens": 50_000,
    "completion_tokens": 900,
    "total_tokens": 50_900,
    "completion_tokens_details": {"reasoning_tokens": 800},
    "prompt_tokens_details": {"cached_tokens": 1024},
}


async def test_qwen_streams_its_thinking_before_its_answer_and_its_usage_last(pool):
    events = [
        qwen_chunk({"content": None, "role": "assistant", "reasoning_content": ""}),
        qwen_chunk({"content": None, "reasoning_content": "先看"}),
        qwen_chunk({"content": None, "reasoning_content": "趋势。"}),
        qwen_chunk({"content": DECISION[:10], "reasoning_content": None}),
        qwen_chunk({"content": DECISION[10:], "reasoning_content": None}),
        qwen_chunk({"content": "", "reasoning_content": None}, "stop"),
        {**qwen_chunk({}), "choices": [], "usage": QWEN_USAGE},
    ]
    async with host(stream(*events)) as served:
        outcome = await client(pool, served.url, QWEN).ask(MESSAGES, 5)
    assert (outcome.text, outcome.reply.reasoning) == (DECISION, "先看趋势。")
    sent = json.loads(served.bodies[0])
    assert (sent["stream"], sent["stream_options"], sent["enable_thinking"]) == (True, {"include_usage": True}, True)
    tokens = tokens_of(outcome.reply.usage, QWEN)
    assert (tokens.input, tokens.cached, tokens.output, tokens.reasoning) == (50_000, 1024, 900, 800)
    again = read_wire(outcome.calls[0].received, QWEN, streamed=True)
    assert (again.text, again.reasoning, again.usage) == (DECISION, "先看趋势。", QWEN_USAGE)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (error("Output data may contain inappropriate content.", "data_inspection_failed"), "CONTENT_FILTER"),
        ({"code": "Arrearage", "message": "Access denied", "request_id": "e7"}, "BALANCE"),
        ({"code": "Throttling.RateQuota", "message": "slow down", "request_id": "e7"}, "RATE_LIMITED"),
        ({"code": "InvalidParameter", "message": "no", "request_id": "e7"}, "BAD_REQUEST"),
        (error("Internal server error", "internal_error"), "OVERLOADED"),
        (error("quota", "429"), "RATE_LIMITED"),
        ({**qwen_chunk({}, "error"), **error("Provider disconnected", 502)}, "OVERLOADED"),
    ],
)
async def test_an_error_in_the_middle_of_a_stream_keeps_what_was_said_before(pool, event, code):
    answer = stream(qwen_chunk({"content": "half"}), event, done=False)
    outcome = await failed(pool, answer, profile=QWEN, seconds=0.3, first_pause_seconds=1)
    assert (outcome.code, outcome.reply.text, outcome.attempts) == (code, "half", 1)


async def test_an_error_with_status_200_is_read_as_the_error_it_is(pool):
    outcome = await failed(pool, http(200, error("No endpoints found for this model", 404)), profile=OPENROUTER)
    assert (outcome.code, outcome.http_status) == ("NOT_FOUND", 404)


async def test_kimi_reports_its_cache_at_the_top_and_is_sent_none_of_the_fixed_params(pool):
    usage = {"prompt_tokens": 7000, "completion_tokens": 3500, "total_tokens": 10_500, "cached_tokens": 6144}
    body = {**json.loads(completion(DECISION, reasoning_content="hm").partition(b"\r\n\r\n")[2]), "usage": usage}
    async with host(http(200, body)) as served:
        outcome = await client(pool, served.url, KIMI, params={"temperature": 0.2, "top_p": 0.9, "n": 2, "seed": 4}).ask(MESSAGES, 5)
    sent = json.loads(served.bodies[0])
    assert not {"temperature", "top_p", "n", "presence_penalty"} & set(sent)
    assert (sent["seed"], sent["reasoning_effort"], sent["max_completion_tokens"]) == (4, "low", 32_768)
    tokens = tokens_of(outcome.reply.usage, KIMI)
    assert (tokens.input, tokens.cached, tokens.output) == (7000, 6144, 3500)


@pytest.mark.parametrize(
    ("profile", "field"), [(VLLM, "reasoning"), (VLLM, "reasoning_content"), (OPENROUTER, "reasoning"), (XAI, "reasoning_content")]
)
async def test_thinking_is_found_under_each_name_it_goes_by(pool, profile, field):
    outcome = await answered(pool, completion(DECISION, **{field: "deep thought"}), profile=profile)
    assert outcome.reply.reasoning == "deep thought"


async def test_gemini_ends_a_tool_call_with_stop_and_is_understood(pool):
    call = {"function": {"arguments": DECISION, "name": "submit_decision"}, "id": "function-call-1", "type": "function"}
    outcome = await answered(pool, completion(None, "stop", tool_calls=[call]), profile=GEMINI)
    assert outcome.reply.tool_calls[0].arguments == DECISION


@pytest.mark.parametrize("profile", [ANTHROPIC, QWEN])
async def test_no_json_mode_is_asked_of_those_that_ignore_or_refuse_it(pool, profile):
    async with host(completion(DECISION)) as served:
        await client(pool, served.url, profile, reply_schema={"type": "object"}).ask(MESSAGES, 5)
    assert "response_format" not in json.loads(served.bodies[0])
