"""What asking a model can end in, as values: an answer, or a failure that says why and what the operator can do. No I/O, no key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
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

    @property
    def needs_operator(self) -> bool:
        """Whether asking again can't help until somebody changes a key, an account or a setting."""
        return self in {FailureKind.AUTH, FailureKind.PAYMENT, FailureKind.FORBIDDEN, FailureKind.NOT_FOUND, FailureKind.BAD_REQUEST}


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


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete reply. `latency_ms` runs from asking to the last byte, earlier attempts included; `earlier_usage` is what those cost."""

    reply: Reply
    latency_ms: int = 0
    attempts: int = 1
    earlier_usage: tuple[Mapping[str, Any], ...] = ()

    @property
    def text(self) -> str:
        """The model's words, as sent."""
        return self.reply.text


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable answer. `message` (at most 500 characters, key removed) is what happened, `advice` what the operator should do;
    `reply` holds what had arrived. `retry_after_seconds` is what the host asked for.
    """

    kind: FailureKind
    message: str
    advice: str
    retryable: bool = False
    http_status: int | None = None
    retry_after_seconds: float | None = None
    reply: Reply = field(default_factory=Reply)
    latency_ms: int = 0
    attempts: int = 1
    earlier_usage: tuple[Mapping[str, Any], ...] = ()
