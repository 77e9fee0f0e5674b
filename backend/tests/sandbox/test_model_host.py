"""The model host through the unmodified openai SDK: streamed and not, usage, errors, and the time an answer takes."""

import json
import time

import openai
import pytest

from app.sandbox.models.traders import SECONDS
from app.sandbox.serve import running_sandbox
from app.sandbox.server import SandboxConfig
from tests.sandbox.conftest import Hand, ask
from tests.sandbox.prompts import coin, prompt

MESSAGES = [{"role": "system", "content": "Rules. " * 100}, {"role": "user", "content": prompt({"BTCUSDT": coin(100.0, drift=0.2)})}]


@pytest.fixture
async def client(sandbox):
    async with openai.AsyncOpenAI(api_key="demo", base_url=sandbox.models_url, max_retries=0) as made:
        yield made


async def test_all_scripted_traders_are_listed(client):
    assert {model.id async for model in client.models.list()} == set(SECONDS)


async def test_a_whole_answer_has_text_thinking_usage_and_a_reason_to_end(client):
    answer = await client.chat.completions.create(model="trend-rider", messages=MESSAGES)
    choice, usage = answer.choices[0], answer.usage
    assert choice.finish_reason == "stop"
    assert json.loads(choice.message.content)["actions"]
    assert "BTCUSDT" in choice.message.reasoning_content
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens
    assert usage.prompt_tokens_details.cached_tokens > 0


async def test_a_stream_says_the_same_as_the_whole_answer(client):
    whole = await client.chat.completions.create(model="trend-rider", messages=MESSAGES)
    stream = await client.chat.completions.create(
        model="trend-rider", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == whole.choices[0].message.reasoning_content
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert {chunk.id for chunk in chunks} == {whole.id}


async def test_a_stream_has_no_usage_unless_asked_and_ends_with_done(sandbox):
    body = {"model": "instant", "messages": MESSAGES, "stream": True}
    answer = ask(f"{sandbox.models_url}/chat/completions", "POST", body, Authorization="Bearer demo")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert b'"usage"' not in answer.body


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({}, {"model": "instant", "messages": MESSAGES}, 401, None),
        ({"Authorization": "Bearer invalid"}, {"model": "instant", "messages": MESSAGES}, 401, "invalid_api_key"),
        ({"Authorization": "Bearer demo"}, {"model": "gpt-9", "messages": MESSAGES}, 404, "model_not_found"),
        ({"Authorization": "Bearer demo"}, {"messages": MESSAGES}, 400, None),
        ({"Authorization": "Bearer demo"}, {"model": "instant", "messages": []}, 400, None),
        ({"Authorization": "Bearer demo"}, {"model": "instant", "messages": "hello"}, 400, None),
        ({"Authorization": "Bearer demo"}, ["not an object"], 400, None),
    ],
)
def test_a_bad_request_gets_openais_error_body(sandbox, headers, body, status, code):
    answer = ask(f"{sandbox.models_url}/chat/completions", "POST", body, **headers)
    assert answer.status == status
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}
    assert answer.json["error"]["code"] == code


async def test_the_same_prompt_gets_the_same_answer(client):
    first, second = [await client.chat.completions.create(model="coin-flipper", messages=MESSAGES) for _ in range(2)]
    assert first.choices[0].message.content == second.choices[0].message.content


async def test_content_in_parts_is_read_as_well(client):
    parts = [{"role": "user", "content": [{"type": "text", "text": MESSAGES[1]["content"]}]}]
    answer = await client.chat.completions.create(model="trend-rider", messages=parts)
    assert json.loads(answer.choices[0].message.content)["actions"][0]["symbol"] == "BTCUSDT"


async def test_an_answer_takes_its_styles_time_and_instant_takes_none():
    hand = Hand()
    with running_sandbox(SandboxConfig(model_latency_scale=0.25), hand.clock) as running:
        async with openai.AsyncOpenAI(api_key="demo", base_url=running.models_url, max_retries=0) as client:
            taken = {}
            for model in ("instant", "instant", "dip-buyer"):
                started = time.perf_counter()
                await client.chat.completions.create(model=model, messages=MESSAGES)
                taken[model] = time.perf_counter() - started
    assert taken["instant"] < 0.7 * 0.9 * 0.25 <= taken["dip-buyer"]
