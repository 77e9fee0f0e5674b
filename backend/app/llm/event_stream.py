"""Server-sent events out of bytes, piece by piece, as chat hosts send them: data lines, comments to keep the line open, blank lines.

Follows the HTML standard's event-stream format but for lone carriage returns, which no host ends lines with.
"""

from collections.abc import Iterator

EVENT_BYTES_MAX = 1_048_576
"""No event of a reply is this large; a host that sends more is not read on."""


LINES_MAX = 500_000
"""A stream of 16 000 tokens has some 50 000 lines; millions of blank ones would keep everybody waiting until the deadline."""


class EventTooLargeError(Exception):
    """One event went over EVENT_BYTES_MAX, or the stream over LINES_MAX."""


class EventReader:
    """Feeds on bytes and yields the data of each event that is complete."""

    __slots__ = ("_data", "_line", "_lines_left", "_size")

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0
        self._lines_left = LINES_MAX

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The events that this piece completes. Raises EventTooLargeError."""
        *ended, rest = piece.split(b"\n")
        self._lines_left -= len(ended)
        if self._lines_left < 0:
            raise EventTooLargeError(f"the stream has more than {LINES_MAX} lines and was not read on")
        for end in ended:
            self._grow(len(end))
            line = b"".join((*self._line, end)) if self._line else end
            self._line.clear()
            event = self._take(line.removesuffix(b"\r"))
            if event is not None:
                yield event
        self._grow(len(rest))
        if rest:
            self._line.append(rest)

    def close(self) -> Iterator[bytes]:
        """What stands there when the stream has ended in good order without a last blank line."""
        yield from self.feed(b"\n\n")

    def _take(self, line: bytes) -> bytes | None:
        if not line:
            event = b"\n".join(self._data) if self._data else None
            self._data.clear()
            self._size = 0
            return event
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        return None

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > EVENT_BYTES_MAX:
            raise EventTooLargeError(f"one event of the stream is larger than {EVENT_BYTES_MAX // 1024} KB and was not read on")
