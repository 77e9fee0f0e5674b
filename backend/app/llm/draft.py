"""A reply while it arrives: pieces of text and thinking, joined as they come, so that what was there when the line broke is kept.

Reads the OpenAI chat-completions shape leniently: what is absent stays empty, what has the wrong type is Malformed. Judges nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.llm.outcome import Reply

REPLY_BYTES_MAX = 65_536
REASONING_BYTES_MAX = 2_097_152


class MalformedReplyError(Exception):
    """The host's answer is not a chat completion; the text says in what way."""


class ReplyTooLargeError(MalformedReplyError):
    """The reply went over REPLY_BYTES_MAX (or its thinking over REASONING_BYTES_MAX) and was not read on."""


@dataclass(slots=True)
class Draft:
    """What has arrived of one reply. `events` counts the stream's chunks that were chat completions."""

    reasoning_fields: tuple[str, ...]
    pieces: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    finish_reason: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    events: int = 0
    bytes_left: int = REPLY_BYTES_MAX
    thought_bytes_left: int = REASONING_BYTES_MAX

    def take(self, body: object, part: str) -> None:
        """Take in one chat completion (`part` "message") or one chunk of a stream ("delta")."""
        if not isinstance(body, dict):
            raise MalformedReplyError(f"expected a JSON object, got {type(body).__name__}")
        self.model = _text(body, "model") or self.model
        if isinstance(body.get("usage"), dict):
            self.usage = body["usage"]
        choices = body.get("choices")
        if not isinstance(choices, list):
            raise MalformedReplyError('the answer has no list "choices"')
        self.events += 1
        # A stream's last chunk carries the usage and no choice.
        if choices:
            self._take_choice(choices[0], part)

    def reply(self) -> Reply:
        """What is there by now."""
        return Reply(
            text=_storable("".join(self.pieces)),
            reasoning=_storable("".join(self.thoughts)),
            finish_reason=self.finish_reason,
            usage=self.usage,
            model=self.model,
            http_status=self.http_status,
            request_id=self.request_id,
        )

    def _take_choice(self, choice: object, part: str) -> None:
        if not isinstance(choice, dict) or not isinstance(choice.get(part) or {}, dict):
            raise MalformedReplyError(f'"choices" holds no "{part}"')
        message = choice.get(part) or {}
        self.finish_reason = _text(choice, "finish_reason") or self.finish_reason
        thought = next((text for name in self.reasoning_fields if (text := _text(message, name))), None)
        if thought:
            self._add_thought(thought)
        content = _text(message, "content")
        if content:
            self._add(content)

    def _add(self, text: str) -> None:
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > self.bytes_left:
            self.pieces.append(text[: self.bytes_left // 4])
            raise ReplyTooLargeError(f"the reply is larger than {REPLY_BYTES_MAX // 1024} KB and was not read on")
        self.bytes_left -= size
        self.pieces.append(text)

    def _add_thought(self, text: str) -> None:
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > self.thought_bytes_left:
            raise ReplyTooLargeError(f"the thinking is longer than {REASONING_BYTES_MAX // 1024} KB and was not read on")
        self.thought_bytes_left -= size
        self.thoughts.append(text)


def _storable(text: str) -> str:
    # Escapes in JSON can make what no database takes: halves of a pair (joined here when both came) and NUL.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")


def _text(source: Mapping[str, Any], name: str) -> str | None:
    value = source.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedReplyError(f'"{name}" is a {type(value).__name__}, not text')
    return value
