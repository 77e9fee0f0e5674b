"""What asking a model can end in, as values: an answer, or a failure that says why and what the operator can do. No I/O, no key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

MESSAGE_CHARACTERS_MAX = 500


class FailureKind(StrEnum):
    """Why there is no usable answer, split by what can be done about it."""

    AUTH = "auth"
    PAYMENT = "payment"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CUT = "cut"
    BAD_REQUEST = "bad_request"
    NOT_FOUND = "not_found"
    CONTENT_FILTER = "content_filter"
    BLANK = "blank"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    PROMPT_TOO_LARGE = "prompt_too_large"

    @property
    def needs_operator(self) -> bool:
        """Whether asking again can't help until somebody changes a key, an account or a setting."""
        return self in {FailureKind.AUTH, FailureKind.PAYMENT, FailureKind.FORBIDDEN, FailureKind.NOT_FOUND, FailureKind.BAD_REQUEST}


HTML_BODY = "HTML_BODY"

_CODES: Mapping[FailureKind, str] = MappingProxyType(
    {
        FailureKind.AUTH: "AUTH",
        FailureKind.PAYMENT: "BALANCE",
        FailureKind.FORBIDDEN: "FORBIDDEN",
        FailureKind.RATE_LIMITED: "RATE_LIMITED",
        FailureKind.OVERLOADED: "OVERLOADED",
        FailureKind.TIMEOUT: "LATE",
        FailureKind.UNREACHABLE: "UNREACHABLE",
        FailureKind.CUT: "STREAM_CUT",
        FailureKind.BAD_REQUEST: "BAD_REQUEST",
        FailureKind.NOT_FOUND: "NOT_FOUND",
        FailureKind.CONTENT_FILTER: "CONTENT_FILTER",
        FailureKind.BLANK: "BLANK",
        FailureKind.TRUNCATED: "TRUNCATED",
        FailureKind.MALFORMED: "MALFORMED",
        FailureKind.PROMPT_TOO_LARGE: "PROMPT_TOO_LARGE",
    }
)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that came instead of, or beside, text. `arguments` is the JSON text as it came, joined where it was streamed."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What arrived from the host, complete or not. `usage` is the provider's own object, untouched; `model` is as the host named it."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP attempt as it went over the wire; each is charged for by its own usage and by nothing else.

    `sent` is the request body and `received` the response body, byte for byte (b"" when none came), except that "[key]" stands where a host
    quotes the operator's key. Milliseconds run from the moment `ask` began; waiting for a place at the provider comes before `started_ms`,
    and `first_byte_ms` is when the response began. `usage` is the raw object, {} when none came.
    """

    number: int
    sent: bytes = field(repr=False)
    received: bytes = field(repr=False)
    url: str
    http_status: int | None
    content_type: str | None
    request_id: str | None
    started_ms: int
    first_byte_ms: int | None
    ended_ms: int
    finish_reason: str | None
    model: str | None
    usage: Mapping[str, Any]
    failure: FailureKind | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete reply. `latency_ms` runs from asking to the last byte, with earlier attempts and `queued_ms` of waiting for a place."""

    reply: Reply
    latency_ms: int = 0
    calls: tuple[Call, ...] = ()
    queued_ms: int = 0

    @property
    def text(self) -> str:
        """The model's words, as sent."""
        return self.reply.text

    @property
    def attempts(self) -> int:
        """How many times the host was asked over HTTP."""
        return len(self.calls)


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable answer. `message` (at most 500 characters, key removed) is what happened, `advice` what the operator should do;
    `reply` holds what had arrived. `retry_after_seconds` is what the host asked for; `html`: a web page came in place of an answer.
    """

    kind: FailureKind
    message: str
    advice: str
    retryable: bool = False
    http_status: int | None = None
    retry_after_seconds: float | None = None
    reply: Reply = field(default_factory=Reply)
    latency_ms: int = 0
    calls: tuple[Call, ...] = ()
    queued_ms: int = 0
    html: bool = False

    @property
    def sentences(self) -> str:
        """What happened, then what to do. A host's own words seldom end like a sentence."""
        happened = self.message if self.message.endswith((".", "!", "?", "。")) or not self.advice else f"{self.message}."
        return " ".join(part for part in (happened, self.advice) if part)

    @property
    def code(self) -> str:
        """The failure in the words of the reply contract. A web page is only named where it is all there is to say."""
        if self.html and self.kind in {FailureKind.OVERLOADED, FailureKind.MALFORMED}:
            return HTML_BODY
        return _CODES[self.kind]

    @property
    def attempts(self) -> int:
        """How many times the host was asked over HTTP."""
        return len(self.calls)
