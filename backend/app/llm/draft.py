"""A reply while it arrives: pieces of text and thinking, joined as they come, so that what was there when the line broke is kept.

Reads the OpenAI chat-completions shape leniently: what is absent stays empty, what has the wrong type is Malformed. Judges nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.llm.outcome import Reply, ToolCall

REPLY_BYTES_MAX = 65_536
REASONING_BYTES_MAX = 2_097_152
TOOL_CALLS_MAX = 32


class MalformedReplyError(Exception):
    """The host's answer is not a chat completion; the text says in what way."""


class ReplyTooLargeError(MalformedReplyError):
    """The reply went over REPLY_BYTES_MAX (or its thinking over REASONING_BYTES_MAX) and was not read on."""


@dataclass(slots=True)
class _ToolDraft:
    place: object
    name: str = ""
    pieces: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """What has arrived of one reply. `events` counts the stream's chunks that were chat completions."""

    reasoning_fields: tuple[str, ...]
    pieces: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    tools: list[_ToolDraft] = field(default_factory=list)
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
            tool_calls=tuple(ToolCall(_storable(one.name), _storable("".join(one.pieces))) for one in self.tools),
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
        calls = message.get("tool_calls") or []
        if not isinstance(calls, list):
            raise MalformedReplyError(f'"tool_calls" is a {type(calls).__name__}, not a list')
        for call in calls:
            self._take_tool(call)

    def _take_tool(self, call: object) -> None:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(function, dict):
            raise MalformedReplyError('"tool_calls" holds no function')
        name, place = _text(function, "name"), call.get("index")
        # A stream sends a call in parts with the same index; hosts that send none begin each call with its name.
        tool = next((one for one in self.tools if place is not None and one.place == place), None)
        if tool is None and place is None and not name and self.tools:
            tool = self.tools[-1]
        if tool is None:
            if len(self.tools) == TOOL_CALLS_MAX:
                raise ReplyTooLargeError(f"the reply has more than {TOOL_CALLS_MAX} tool calls and was not read on")
            tool = _ToolDraft(place)
            self.tools.append(tool)
        tool.name = name or tool.name
        arguments = _text(function, "arguments") or ""
        self._spend(arguments)
        tool.pieces.append(arguments)

    def _spend(self, text: str) -> None:
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > self.bytes_left:
            raise ReplyTooLargeError(f"the reply is larger than {REPLY_BYTES_MAX // 1024} KB and was not read on")
        self.bytes_left -= size

    def _add(self, text: str) -> None:
        try:
            self._spend(text)
        except ReplyTooLargeError:
            self.pieces.append(text[: self.bytes_left // 4])
            raise
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
