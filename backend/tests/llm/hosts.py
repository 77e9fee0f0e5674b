"""A chat host at the rim: answers each request with the next of the byte strings it was given, then hangs up."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

HANG = b"hang"
"""An answer that never comes."""

RESET = b"reset"
"""A connection torn down by the host in place of an answer."""


@dataclass
class Host:
    """Where it listens, every request it got (path, headers in lower case, body as JSON and as bytes), and how many at once."""

    url: str = ""
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0


@asynccontextmanager
async def host(*answers: bytes) -> AsyncIterator[Host]:
    seen = Host()
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            seen.requests.append((first.split()[1], headers, json.loads(body) if body else None))
            seen.bodies.append(body)
            seen.under_way += 1
            seen.most_under_way = max(seen.most_under_way, seen.under_way)
            # Let all that are on their way arrive before the first is answered.
            await asyncio.sleep(0.01)
            answer = left.pop(0) if len(left) > 1 else left[0]
            if answer is RESET:
                # Zero seconds of lingering make the kernel send a reset instead of a goodbye.
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return
            if answer is HANG:
                await reader.read()
            seen.under_way -= 1
            writer.write(b"" if answer is HANG else answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield seen
    finally:
        server.close()
        await server.wait_closed()


def http(status: int, body: object, headers: Sequence[str] = (), *, cut: int = 0) -> bytes:
    """A whole HTTP answer; `cut` leaves out that many of the bytes its length promises."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [
        f"HTTP/1.1 {status} Whatever",
        "content-type: application/json",
        f"content-length: {len(content)}",
        "connection: close",
        *headers,
    ]
    return "\r\n".join([*head, "", ""]).encode() + content[: len(content) - cut]


def completion(text: str | None, finish_reason: str | None = "stop", **message: Any) -> bytes:
    return http(200, completion_body(text, finish_reason, **message))


def completion_body(text: str | None, finish_reason: str | None = "stop", **message: Any) -> dict[str, Any]:
    return {
        "id": "chat-1",
        "model": "the-model-that-answered",
        "choices": [{"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text, **message}}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "prompt_cache_hit_tokens": 3},
    }


def stream(*events: object, done: bool = True) -> bytes:
    """Server-sent events as a host sends them; strings go out as they are."""
    lines = [event if isinstance(event, str) else f"data: {json.dumps(event)}\n\n" for event in events]
    content = "".join([*lines, "data: [DONE]\n\n" if done else ""]).encode()
    head = [
        "HTTP/1.1 200 OK",
        "content-type: text/event-stream",
        f"content-length: {len(content)}",
        "connection: close",
        "x-request-id: req-7",
    ]
    return "\r\n".join([*head, "", ""]).encode() + content


def chunk(content: str | None = None, finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish_reason}
    return {"id": "chat-1", "object": "chat.completion.chunk", "model": "the-model-that-answered", "choices": [choice]}


USAGE_CHUNK = {"id": "chat-1", "model": "the-model-that-answered", "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}
