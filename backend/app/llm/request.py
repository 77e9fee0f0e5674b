"""The request body. All of it that doesn't change is written once per contestant, so that asking costs one pass over the messages. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.llm.profile import JsonMode, Profile

OURS = ("messages", "model", "response_format", "stream_options")
"""Fields the arena owns: everybody is asked the same thing in the same way."""


class RequestForm:
    """Everything of a request but its messages. `ignored` names the operator's params that are not sent; `stream`: events are asked for.

    Raises ValueError for params that JSON can't hold.
    """

    __slots__ = ("_end", "_start", "ignored", "stream")

    def __init__(self, profile: Profile, model: str, params: Mapping[str, Any], reply_schema: Mapping[str, Any] | None) -> None:
        self.ignored = tuple(name for name in params if name in profile.refused_params or name in OURS)
        kept = {name: value for name, value in params.items() if name not in self.ignored}
        fields = {profile.max_tokens_param: profile.max_output_tokens, "stream": profile.stream, **profile.extra_body, **kept}
        self.stream = fields["stream"] is True
        if self.stream:
            fields["stream_options"] = {"include_usage": True}
        if profile.json_mode is not JsonMode.NONE:
            fields["response_format"] = _response_format(profile.json_mode, reply_schema)
        self._start = b'{"model":' + _json(model) + b',"messages":'
        self._end = b"," + _json(fields)[1:]

    def body(self, messages: Sequence[Mapping[str, str]]) -> bytes:
        """The exact bytes to send: compact JSON in UTF-8, nothing escaped that need not be."""
        return b"".join((self._start, _json(list(messages)), self._end))


def _json(value: Any) -> bytes:
    # Half of a surrogate pair has no UTF-8; a question mark is sent in its place.
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _response_format(mode: JsonMode, reply_schema: Mapping[str, Any] | None) -> dict[str, Any]:
    if mode is JsonMode.SCHEMA and reply_schema is not None:
        return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": dict(reply_schema)}}
    return {"type": "json_object"}
