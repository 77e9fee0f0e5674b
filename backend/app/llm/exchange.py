"""One HTTP attempt: the bytes that are sent, the bytes that come back, and when. Ends in an outcome and the Call that proves it.

Asks once, follows no redirect and unpacks nothing on the way; waiting and asking again are the client's.
"""

from dataclasses import dataclass
from time import perf_counter

import httpx2

from app.llm.draft import MalformedReplyError
from app.llm.failures import Host, in_stream, is_html, judged, refused
from app.llm.intake import ErrorEventError, Intake, is_stream
from app.llm.outcome import Answer, Call, Failure, FailureKind, Reply
from app.llm.pool import ConnectionPool
from app.llm.redaction import KEY_CHARACTERS_MIN
from app.llm.turnstile import SMALL_BYTES

_OK = 200
_ERRORS = 300
_PAGE_START_BYTES = 512

# What the HTTP library calls the ways of not getting through at all, as against losing a line that stood.
_NOT_CONNECTED = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
    httpx2.LocalProtocolError,
)
_NOTHING_SENT_BACK = "without sending a response"
# A kept connection that the host had just closed breaks like this, before a byte of the answer: asking once more on a new one is right.
_BROKEN_BEFORE_AN_ANSWER = (httpx2.ReadError, httpx2.WriteError, httpx2.CloseError)


@dataclass(frozen=True, slots=True)
class Line:
    """Who is asked, over which connections, and whether for events."""

    host: Host
    pool: ConnectionPool
    stream: bool


class Exchange:
    """One attempt at one host. `began` is the performance counter when asking began: all milliseconds run from there."""

    __slots__ = ("_began", "_body", "_content_type", "_first_byte_ms", "_host", "_intake", "_line", "_started_ms", "_url")

    def __init__(self, line: Line, body: bytes, began: float) -> None:
        self._line, self._host, self._body, self._began = line, line.host, body, began
        self._url = f"{line.host.base_url}/chat/completions"
        self._started_ms = self._now_ms()
        self._first_byte_ms: int | None = None
        self._content_type: str | None = None
        self._intake = Intake(line.host.profile, streamed=line.stream)

    async def run(self) -> Answer | Failure:
        """Send and receive. Raises what httpx2 raises, MalformedReplyError, and ValueError for JSON that is none; what came is kept."""
        headers = {"accept": "application/json, text/event-stream", "accept-encoding": "identity", "content-type": "application/json"}
        if self._host.key:
            headers["authorization"] = f"Bearer {self._host.key}"
        http = self._line.pool.client(self._host.base_url)
        request = http.build_request("POST", self._url, content=self._body, headers=headers)
        response = await http.send(request, stream=True)
        try:
            self._begin(response)
            return await self._receive(response)
        finally:
            await response.aclose()

    @property
    def reply(self) -> Reply:
        """What has been read by now, the key taken out."""
        return self._host.cleaned(self._intake.draft.reply())

    def malformed(self, error: Exception) -> Failure:
        """What it means that the answer can't be read."""
        html = is_html(self._intake.received[:_PAGE_START_BYTES].decode("utf-8", "replace"))
        said = f"{error}" if isinstance(error, MalformedReplyError) else f"the answer is not JSON: {error}"
        return self._host.failure(FailureKind.MALFORMED, "a web page came in place of an answer" if html else said, self.reply, html=html)

    def broken(self, error: Exception) -> Failure:
        """What it means that the connection failed."""
        host, kind = self._host, FailureKind.CUT
        said = f"{error}".strip() or type(error).__name__
        before = self._first_byte_ms is None and isinstance(error, _BROKEN_BEFORE_AN_ANSWER)
        if before or isinstance(error, _NOT_CONNECTED) or _NOTHING_SENT_BACK in said:
            kind, said = FailureKind.UNREACHABLE, f"could not get through to {host.base_url}: {said}"
        else:
            said = f"the connection broke before the reply was complete: {said}"
        return host.failure(kind, said, self.reply)

    def call(self, number: int, outcome: Answer | Failure) -> Call:
        """The record of this attempt."""
        reply = outcome.reply
        failure = outcome if isinstance(outcome, Failure) else None
        return Call(
            number=number,
            sent=self._body,
            received=self._without_key(self._intake.received),
            url=self._url,
            http_status=self._intake.draft.http_status,
            content_type=self._content_type,
            request_id=self._intake.draft.request_id,
            started_ms=self._started_ms,
            first_byte_ms=self._first_byte_ms,
            ended_ms=self._now_ms(),
            finish_reason=reply.finish_reason,
            model=reply.model,
            usage=reply.usage,
            failure=None if failure is None else failure.kind,
            message=None if failure is None else failure.message,
        )

    def _begin(self, response: httpx2.Response) -> None:
        self._first_byte_ms = self._now_ms()
        self._content_type = response.headers.get("content-type")
        streamed = is_stream(self._content_type, asked_for=self._line.stream) and response.status_code < _ERRORS
        self._intake = Intake(self._host.profile, streamed=streamed)
        self._intake.draft.http_status = response.status_code
        self._intake.draft.request_id = response.headers.get("x-request-id")

    async def _receive(self, response: httpx2.Response) -> Answer | Failure:
        intake, host = self._intake, self._host
        if not _OK <= response.status_code < _ERRORS:
            async for piece in response.aiter_raw():
                intake.keep(piece)
            return refused(host, response.status_code, intake.unread().decode("utf-8", "replace"), response.headers, self.reply)
        try:
            async for piece in response.aiter_raw():
                if not intake.streamed or len(piece) <= SMALL_BYTES:
                    intake.take(piece)
                    continue
                async with self._line.pool.turnstile:
                    intake.take(piece)
            async with self._line.pool.turnstile:
                intake.finish()
        except ErrorEventError as error:
            return in_stream(host, error.body, self.reply)
        return judged(host, self.reply) or Answer(self.reply)

    def _without_key(self, received: bytes) -> bytes:
        key = self._host.key
        return received.replace(key.encode(), b"[key]") if len(key) >= KEY_CHARACTERS_MIN else received

    def _now_ms(self) -> int:
        return round((perf_counter() - self._began) * 1000)
