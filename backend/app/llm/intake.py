"""One response as it comes in: every byte is kept, and read at once into the reply it is a part of.

The same reading serves a live line and bytes from the archive, so that what is shown later is what was read then.
"""

import json
import zlib
from collections.abc import Iterator
from typing import Any

from app.llm.draft import Draft, MalformedReplyError, ReplyTooLargeError
from app.llm.event_stream import EventReader, EventTooLargeError
from app.llm.profile import Profile

WHOLE_BYTES_MAX = 4_194_304
STREAM_BYTES_MAX = 16_777_216
"""A stream frames each token in some 300 bytes, so that 16 000 tokens of thinking are near 5 MB."""

VALUES_MAX = 100_000
"""Commas in one JSON text: no reply has as many, and reading more would hold up everybody for longer than 50 ms."""

_GZIP = b"\x1f\x8b"
_DONE = b"[DONE]"
_EVENT_STREAM = "text/event-stream"


class ErrorEventError(Exception):
    """The host sent an error where a part of the answer was due. `body` is the JSON value."""

    def __init__(self, body: object) -> None:
        super().__init__("the host sent an error in its answer")
        self.body = body


def is_stream(content_type: str | None, *, asked_for: bool) -> bool:
    """Whether a response comes as events: what it calls itself decides, then what was asked for."""
    kind = (content_type or "").lower()
    return _EVENT_STREAM in kind or (asked_for and "json" not in kind and "html" not in kind)


class Intake:
    """Takes the response's body in pieces. `draft` is the reply so far, `received` all bytes so far."""

    __slots__ = ("_done", "_events", "_inflate", "_left", "_pieces", "_unread", "draft", "streamed")

    def __init__(self, profile: Profile, *, streamed: bool) -> None:
        self.draft = Draft(profile.reasoning_fields)
        self.streamed = streamed
        self._pieces: list[bytes] = []
        self._unread: list[bytes] = []
        self._events = EventReader()
        self._inflate: Any = None
        self._left = STREAM_BYTES_MAX if streamed else WHOLE_BYTES_MAX
        self._done = False

    @property
    def received(self) -> bytes:
        """The body so far, byte for byte."""
        return b"".join(self._pieces)

    def keep(self, piece: bytes) -> bytes:
        """Keep a piece without reading it as a reply (error answers); returns it unpacked. Raises ReplyTooLargeError."""
        if not self._pieces and piece.startswith(_GZIP):
            # Asked for unpacked, but some gateways pack all the same.
            self._inflate = zlib.decompressobj(wbits=31)
        self._pieces.append(piece)
        plain = piece if self._inflate is None else self._unpacked(piece)
        self._left -= len(plain)
        if self._left < 0:
            raise ReplyTooLargeError("the answer is larger than any reply can be and was not read on")
        self._unread.append(plain)
        return plain

    def take(self, piece: bytes) -> None:
        """Keep a piece and read it. Raises MalformedReplyError, ErrorEventError, ValueError for JSON that is none."""
        plain = self.keep(piece)
        if self.streamed:
            self._unread.clear()
            self._read(self._events.feed(plain))

    def finish(self) -> None:
        """The body has ended in good order. Raises as `take` does."""
        if not self.streamed:
            self._read_whole()
            return
        self._read(self._events.close())
        if self.draft.events == 0:
            raise MalformedReplyError("the host answered 200, but not one event of a stream came")

    def unread(self) -> bytes:
        """Unpacked bytes that no reply was read from: an error answer, or a web page."""
        return b"".join(self._unread)

    def _unpacked(self, piece: bytes) -> bytes:
        try:
            return bytes(self._inflate.decompress(piece, self._left + 1))
        except zlib.error as error:
            raise MalformedReplyError(f"the host packed its answer in a way that can't be unpacked: {error}") from None

    def _read(self, events: Iterator[bytes]) -> None:
        try:
            for event in events:
                if event.strip() == _DONE:
                    self._done = True
                # Some gateways keep a line open with events that are empty.
                if event.strip() and not self._done:
                    self.draft.take(_loaded(event), "delta")
        except EventTooLargeError as error:
            raise ReplyTooLargeError(f"{error}") from None

    def _read_whole(self) -> None:
        self.draft.take(_loaded(self.unread()), "message")
        self._unread.clear()


def _loaded(text: bytes) -> object:
    if len(text) > VALUES_MAX and text.count(b",") > VALUES_MAX:
        raise ReplyTooLargeError(f"the answer holds more than {VALUES_MAX} values and was not read")
    body: Any = json.loads(text)
    if isinstance(body, dict) and (body.get("error") or ("choices" not in body and "code" in body and "message" in body)):
        raise ErrorEventError(body)
    return body
