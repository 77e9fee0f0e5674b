"""A chat completion in the OpenAI wire format: as one object and as a stream of chunks. Pure.

Field names follow the API reference; `reasoning_content` is where DeepSeek, Qwen and Kimi put their thinking.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.sandbox.models.plan import Speech

CHARACTERS_PER_TOKEN = 4
CACHE_BLOCK_TOKENS = 64
PIECE_CHARACTERS = 48

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer. `created` is in Unix seconds; `system` and `prompt` are what was sent; with a `tool` the text is its arguments."""

    id: str
    created: int
    model: str
    system: str
    prompt: str
    speech: Speech
    finish_reason: str = "stop"
    tool: str | None = None

    @property
    def usage(self) -> Json:
        """Tokens, counted roughly: what a provider's tokenizer would say differs by language."""
        prompt, thinking, text = (_tokens(part) for part in (self.prompt, self.speech.thinking, self.speech.text))
        cached = min(_tokens(self.system) // CACHE_BLOCK_TOKENS * CACHE_BLOCK_TOKENS, prompt)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": thinking + text,
            "total_tokens": prompt + thinking + text,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": thinking},
        }

    def whole(self) -> Json:
        """Not streamed."""
        said = {"content": self.speech.text} if self.tool is None else {"content": None, "tool_calls": [self._tool_call(self.speech.text)]}
        message = {"role": "assistant", **said, "reasoning_content": self.speech.thinking, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.usage}

    def chunks(self, *, with_usage: bool) -> Iterator[Json]:
        """Streamed: role, thinking, text, finish reason, then the usage where it is asked for."""
        yield self._chunk({"role": "assistant", "content": ""})
        for piece in _pieces(self.speech.thinking):
            yield self._chunk({"reasoning_content": piece})
        for delta in self._said():
            yield self._chunk(delta)
        yield self._chunk({}, self.finish_reason)
        if with_usage:
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage}

    def _said(self) -> Iterator[Json]:
        if self.tool is None:
            yield from ({"content": piece} for piece in _pieces(self.speech.text))
            return
        # The name comes with the first part, the arguments in pieces under the same index.
        yield {"tool_calls": [{"index": 0, **self._tool_call("")}]}
        for piece in _pieces(self.speech.text):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}

    def _tool_call(self, arguments: str) -> Json:
        return {"id": f"call_{self.id}", "type": "function", "function": {"name": self.tool, "arguments": arguments}}

    def _chunk(self, delta: Json, finish_reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _head(self, kind: str) -> Json:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "system_fingerprint": "fp_sandbox"}


def error_body(message: str, kind: str, code: str | None, param: str | None = None) -> Json:
    """An error as OpenAI and those who imitate it write it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _tokens(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE_CHARACTERS):
        yield text[start : start + PIECE_CHARACTERS]
