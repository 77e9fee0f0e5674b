"""The model host's HTTP routes: /v1/chat/completions, streamed or not, and /v1/models. Takes as long as the model's style would."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from app.sandbox.broken_answers import REPLACING, CutResponse, replacing, server_error, wait
from app.sandbox.faults import REPLY_KINDS, FaultKind, Rule
from app.sandbox.models.completion import Completion, error_body
from app.sandbox.models.plan import Speech
from app.sandbox.models.spoilt import PAGE, spoilt
from app.sandbox.models.traders import SECONDS, decide
from app.sandbox.prices.chance import uniforms
from app.sandbox.state import SandboxState

INVALID_KEY = "invalid"
STREAM = "text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"
BLANK = "   \n"
TOOL = "submit_decision"


class HostRefusal(Exception):  # noqa: N818 - what the host answers, not a fault of ours
    """Answered with an HTTP status and OpenAI's error body."""

    def __init__(self, status: int, message: str, kind: str, code: str | None, param: str | None = None) -> None:
        super().__init__(message)
        self.response = JSONResponse(error_body(message, kind, code, param), status)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a completion, checked."""

    model: str
    system: str
    prompt: str
    stream: bool
    with_usage: bool


def model_routes(state: SandboxState) -> list[Route]:
    """All of the model host's routes."""

    async def chat(request: Request) -> Response:
        state.counts["model.chat"] += 1
        try:
            _authorize(request)
            asked = _asked(await request.body())
        except HostRefusal as refusal:
            return refusal.response
        rules = state.faults.take("model.chat", model=asked.model)
        await wait(rules)
        fault = replacing(rules, REPLACING | REPLY_KINDS)
        return await _answer(state, asked) if fault is None else await _broken(state, asked, fault)

    async def models(request: Request) -> Response:
        state.counts["model.list"] += 1
        try:
            _authorize(request)
        except HostRefusal as refusal:
            return refusal.response
        rules = state.faults.take("model.list")
        await wait(rules)
        fault = replacing(rules)
        listed = [{"id": name, "object": "model", "created": 1_577_836_800, "owned_by": "sandbox"} for name in SECONDS]
        answer = JSONResponse({"object": "list", "data": listed})
        return answer if fault is None else _refused(fault) or CutResponse(answer.body, media_type="application/json")

    return [Route("/v1/chat/completions", chat, methods=["POST"]), Route("/v1/models", models)]


def _authorize(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise HostRefusal(401, "You didn't provide an API key.", "invalid_request_error", None)
    if key.strip() == INVALID_KEY:
        raise HostRefusal(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")


def _asked(body: bytes) -> Asked:
    try:
        given = json.loads(body)
    except ValueError:
        raise HostRefusal(400, "We could not parse the JSON body of your request.", "invalid_request_error", None) from None
    model = given.get("model") if isinstance(given, dict) else None
    if not isinstance(model, str):
        raise HostRefusal(400, "you must provide a model parameter", "invalid_request_error", None, "model")
    if model not in SECONDS:
        known = ", ".join(SECONDS)
        raise HostRefusal(404, f"The model `{model}` does not exist; known: {known}.", "invalid_request_error", "model_not_found")
    messages = given.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise HostRefusal(400, "'messages' must be a non-empty array of objects.", "invalid_request_error", None, "messages")
    options = given.get("stream_options") or {}
    return Asked(
        model=model,
        system="\n".join(_content(one) for one in messages if one.get("role") == "system"),
        prompt="\n".join(_content(one) for one in messages),
        stream=given.get("stream") is True,
        with_usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _completion(state: SandboxState, asked: Asked) -> Completion:
    name = sha256(f"{asked.model}\n{asked.prompt}".encode()).hexdigest()[:24]
    return Completion(
        id=f"chatcmpl-{name}",
        created=int(state.clock.now().timestamp()),
        model=asked.model,
        system=asked.system,
        prompt=asked.prompt,
        speech=decide(asked.model, asked.prompt),
    )


async def _answer(state: SandboxState, asked: Asked, completion: Completion | None = None) -> Response:
    completion = completion or _completion(state, asked)
    spread = 0.7 + 0.6 * float(uniforms(1, completion.id)[0])
    seconds = SECONDS[asked.model] * spread * state.config.model_latency_scale
    if asked.stream:
        return StreamingResponse(_stream(completion, asked, seconds), headers={"Cache-Control": "no-cache"}, media_type=STREAM)
    if seconds > 0:
        await asyncio.sleep(seconds)
    return JSONResponse(completion.whole())


async def _stream(completion: Completion, asked: Asked, seconds: float) -> AsyncIterator[bytes]:
    events = [_event(chunk) for chunk in completion.chunks(with_usage=asked.with_usage)]
    if seconds <= 0:
        yield b"".join(events) + DONE
        return
    for event in events:
        yield event
        await asyncio.sleep(seconds / len(events))
    yield DONE


async def _broken(state: SandboxState, asked: Asked, fault: Rule) -> Response:
    refused = _refused(fault)
    if refused is not None:
        return refused
    good = _completion(state, asked)
    body = b"".join(_event(chunk) for chunk in good.chunks(with_usage=False)) if asked.stream else json.dumps(good.whole()).encode()
    media_type = STREAM if asked.stream else "application/json"
    match fault.kind:
        case FaultKind.CUT:
            return CutResponse(body, media_type=media_type)
        case FaultKind.WRONG_JSON:
            broken = b'data: {"id": "chatcmpl-0", "choices": [{"delta": {"con\n\n' + DONE if asked.stream else body[: len(body) // 2]
            return Response(broken, media_type=media_type)
        case FaultKind.HTML:
            return Response(PAGE, media_type="text/html")
        case FaultKind.BLANK:
            return await _answer(state, asked, replace(good, speech=Speech("", BLANK)))
        case FaultKind.TOOL_CALLS:
            return await _answer(state, asked, replace(good, tool=TOOL, finish_reason="tool_calls"))
    speech = spoilt(fault.kind, good.speech)
    if speech is not None:
        return await _answer(state, asked, replace(good, speech=speech))
    text = good.speech.text[: len(good.speech.text) // 2]
    return await _answer(state, asked, replace(good, speech=replace(good.speech, text=text), finish_reason="length"))


def _refused(fault: Rule) -> Response | None:
    """The error answer that a fault stands for, in the words that providers use."""
    match fault.kind:
        case FaultKind.RATE_LIMIT:
            body = error_body("Rate limit reached for requests.", "requests", "rate_limit_exceeded")
            return JSONResponse(body, 429, {"Retry-After": str(fault.retry_after)})
        case FaultKind.SERVER_ERROR:
            return server_error(fault.status)
        case FaultKind.AUTH:
            return JSONResponse(error_body("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"), 401)
        case FaultKind.PAYMENT:
            return JSONResponse(error_body("Insufficient Balance", "insufficient_balance", "insufficient_balance"), 402)
        case FaultKind.FORBIDDEN:
            message = "Country, region, or territory not supported."
            return JSONResponse(error_body(message, "request_forbidden", "unsupported_country_region_territory"), 403)
        case _:
            return None


def _event(chunk: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
