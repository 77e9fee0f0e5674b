"""From what went wrong on the wire to a Failure: status and body read together, because providers disagree on the status.

Moonshot answers an empty account with 403, DashScope with 400 Arrearage, OpenAI with 429 insufficient_quota. Pure: no I/O, no clock.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

from app.llm.advice import advice
from app.llm.outcome import MESSAGE_CHARACTERS_MAX, Failure, FailureKind, Reply
from app.llm.profile import Profile
from app.llm.redaction import KEY_CHARACTERS_MIN, redacted

RETRYABLE = frozenset({FailureKind.RATE_LIMITED, FailureKind.OVERLOADED, FailureKind.UNREACHABLE, FailureKind.BLANK})
"""Kinds that another attempt may mend. A deadline that has passed is none: there is no time left to ask again."""

_FILTER_WORDS = ("datainspectionfailed", "data_inspection_failed", "content_filter", "content_policy", "risk control", "high risk")
_KEY_WORDS = ("api key not valid", "incorrect api key", "invalid api key", "invalid_api_key", "invalidapikey")
_HTML_STARTS = ("<!doctype html", "<html")
_TAG = re.compile(r"<[^<>]*>")
_PAGE_CHARACTERS_MAX = 4_000
_STATUS_WORDS = (
    (429, ("throttling", "rate_limit", "ratelimit", "limit_requests", "too many requests")),
    (400, ("invalid_request", "invalidparameter", "invalid_parameter")),
)
"""Marks of errors that come without a status, in the middle of a stream."""
_PASSING_402 = "in_flight_budget_exhausted"

_BY_STATUS = {
    400: FailureKind.BAD_REQUEST,
    401: FailureKind.AUTH,
    402: FailureKind.PAYMENT,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.OVERLOADED,
    409: FailureKind.OVERLOADED,
    429: FailureKind.RATE_LIMITED,
}


@dataclass(frozen=True, slots=True)
class Host:
    """Who was asked. `key` is only used to take it out of texts."""

    profile: Profile
    base_url: str
    model: str
    key: str = ""

    def __repr__(self) -> str:
        """Without the key."""
        return f"Host({self.profile.name}, {self.base_url}, {self.model})"

    def cleaned(self, reply: Reply) -> Reply:
        """The reply without the key, should the host have quoted it."""
        if len(self.key) < KEY_CHARACTERS_MIN or (self.key not in reply.text and self.key not in reply.reasoning):
            return reply
        return replace(reply, text=reply.text.replace(self.key, "[key]"), reasoning=reply.reasoning.replace(self.key, "[key]"))

    def failure(
        self,
        kind: FailureKind,
        message: str,
        reply: Reply | None = None,
        *,
        http_status: int | None = None,
        retry_after_seconds: float | None = None,
        html: bool = False,
    ) -> Failure:
        """A failure of this host, with its advice and without its key."""
        reply = Reply() if reply is None else reply
        return Failure(
            kind=kind,
            message=redacted(message, self.key)[:MESSAGE_CHARACTERS_MAX],
            advice=advice(kind, self.profile, self.base_url, self.model),
            retryable=kind in RETRYABLE,
            http_status=reply.http_status if http_status is None else http_status,
            retry_after_seconds=retry_after_seconds,
            reply=reply,
            html=html,
        )


def refused(host: Host, status: int, body: str, headers: Mapping[str, str], reply: Reply | None = None) -> Failure:
    """The host answered with an error status; `body` is its text, `headers` have lower-case names."""
    kind = kind_of(status, body, host.profile)
    page = is_html(body)
    said = f"a web page, {page_words(body)}" if page else spoken(body)
    message = f"{host.profile.title} answered {status}: {said}" if said else f"{host.profile.title} answered {status} without a word"
    return host.failure(kind, message, reply, http_status=status, retry_after_seconds=retry_after(headers), html=page)


def is_html(body: str) -> bool:
    """Whether a web page came in place of an answer."""
    return body.lstrip("\ufeff \t\r\n")[:20].lower().startswith(_HTML_STARTS)


def page_words(body: str) -> str:
    """A web page's words without its tags."""
    return " ".join(_TAG.sub(" ", body[:_PAGE_CHARACTERS_MAX]).split())


def kind_of(status: int, body: str, profile: Profile) -> FailureKind:
    """The kind of an error answer. Words about money and filters in the body weigh more than the status."""
    words = body.lower()
    if status >= 500:  # noqa: PLR2004 - the HTTP class of server errors
        return FailureKind.OVERLOADED
    if status == 402 and _PASSING_402 in words:  # noqa: PLR2004 - OpenRouter: requests in flight hold the budget for a moment
        return FailureKind.RATE_LIMITED
    if status in {400, 402, 403, 429} and any(word in words for word in profile.payment_words):
        return FailureKind.PAYMENT
    if status in {400, 403, 451} and any(word in words for word in _FILTER_WORDS):
        return FailureKind.CONTENT_FILTER
    if status in {400, 403} and any(word in words for word in _KEY_WORDS):
        return FailureKind.AUTH
    if status == 429 and "overloaded" in words:  # noqa: PLR2004 - Moonshot: the engine's trouble, not the account's limit
        return FailureKind.OVERLOADED
    if status in range(300, 400):
        # Followed, a redirect would carry prompt and key to an address that nobody named.
        return FailureKind.NOT_FOUND
    return _BY_STATUS.get(status, FailureKind.BAD_REQUEST)


def spoken(body: str) -> str:
    """What an error body says in words: its message, with code or type where there are; else its text."""
    try:
        data = json.loads(body)
    except ValueError:
        return " ".join(body.split())
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return " ".join(str(error).split())
    code = error.get("code") or error.get("type")
    message = error.get("message") or error.get("msg")
    if message is None:
        return " ".join(body.split())
    return f"{message} ({code})" if code else str(message)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the host asks to wait. A date is read against the answer's own Date, so that no clock is needed."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name))
        if seconds is not None:
            return seconds / unit
    try:
        wait = parsedate_to_datetime(headers["retry-after"]) - parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    return max(wait.total_seconds(), 0.0)


def judged(host: Host, reply: Reply) -> Failure | None:
    """Why a reply that arrived in good order is no answer; None when it is one."""
    match reply.finish_reason:
        case "length":
            return host.failure(FailureKind.TRUNCATED, "the model stopped at the output limit before it had finished", reply)
        case "content_filter" | "sensitive":
            return host.failure(FailureKind.CONTENT_FILTER, "the provider's filter withheld the reply", reply)
        case "insufficient_system_resource":
            return host.failure(FailureKind.OVERLOADED, "the provider ran out of resources in the middle of the reply", reply)
        case None:
            return host.failure(FailureKind.CUT, "the reply ended without a finish reason", reply)
        case "error":
            return host.failure(FailureKind.OVERLOADED, "the provider ended the reply with an error", reply)
    if not reply.text.strip() and not reply.tool_calls:
        return host.failure(FailureKind.BLANK, "the model answered with nothing but blanks", reply)
    return None


def in_stream(host: Host, body: object, reply: Reply) -> Failure:
    """An error that came as an event of a stream that had begun well."""
    text = json.dumps(body, ensure_ascii=False, default=str)
    return refused(host, _status_in(body) or _status_by_words(text, host.profile), text, {}, reply)


def _status_in(body: object) -> int | None:
    error: Any = body.get("error", body) if isinstance(body, dict) else {}
    for name in ("code", "status", "status_code", "http_code"):
        value = error.get(name) if isinstance(error, dict) else None
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:4])
        if isinstance(value, int) and value in range(400, 600):
            return value
    return None


def _status_by_words(text: str, profile: Profile) -> int:
    if kind_of(400, text, profile) is not FailureKind.BAD_REQUEST:
        return 400
    words = text.lower()
    return next((status for status, marks in _STATUS_WORDS if any(mark in words for mark in marks)), 500)


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
