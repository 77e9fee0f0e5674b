"""Pack the body of a streamed reply: the frame that every event repeats is kept once, what changes goes into a column of its own.

`unfold(fold(body)) == body` for every body that folds; one that doesn't is refused by `fold` and stored as it is. The shape of the JSON
inside is never relied upon: a frame is what an event shares with the event before it, at its beginning and at its end.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

LEVEL = 9
EVENTS_MIN = 8
"""Fewer events are not worth a frame."""

EVENTS_MAX = 50_000
"""More than any reply has; folding millions of empty ones would take seconds, which everybody would wait for."""

FRAMES_MAX = 255
FRAMES_TRIED = 8
"""How many of the frames learned last an event is held against."""

GAIN_MIN = 8
"""How many bytes closer a frame must be to take the place of another."""

SHARED_MIN = 0.6
"""How much of an event must be frame, for a new frame to be worth keeping."""

ALONE = 255
"""The code of an event that fits no frame and is kept whole."""

LONG = 255
"""The length byte that says: the length is among the long ones."""

HEAD = struct.Struct("<BIII")
LONG_LENGTH = struct.Struct("<I")
BREAKS = (b"\n\n", b"\r\n\r\n")

Frame = tuple[bytes, bytes]
"""What an event begins and ends with."""


class NotFoldedError(ValueError):
    """The bytes are not a folded stream."""


@dataclass(slots=True)
class _Columns:
    """The parts of a folded body while they grow."""

    frames: list[Frame] = field(default_factory=list)
    codes: bytearray = field(default_factory=bytearray)
    lengths: bytearray = field(default_factory=bytearray)
    long_lengths: bytearray = field(default_factory=bytearray)
    changing: list[bytes] = field(default_factory=list)

    def add(self, code: int, changing: bytes) -> None:
        """One event: its frame and what changes in it."""
        self.codes.append(code)
        self.changing.append(changing)
        if len(changing) < LONG:
            self.lengths.append(len(changing))
            return
        self.lengths.append(LONG)
        self.long_lengths += LONG_LENGTH.pack(len(changing))


def fold(body: bytes) -> bytes | None:
    """The body in a smaller form, or None where it has too few events to gain by it, or too many."""
    ending = BREAKS[1] if BREAKS[1] in body else BREAKS[0]
    if not EVENTS_MIN <= body.count(ending) + 1 <= EVENTS_MAX:
        return None
    folded = _written(_columns(body.split(ending)), BREAKS.index(ending))
    # Whatever a body may hold, only what comes back exactly is kept this way.
    return folded if unfold(folded) == body else None


def unfold(folded: bytes) -> bytes:
    """The body that `fold` was given. Raises NotFoldedError for other bytes."""
    try:
        kind, *sizes = HEAD.unpack_from(folded)
        skeleton = zlib.decompress(folded[HEAD.size : HEAD.size + sizes[0]])
        changing = zlib.decompress(folded[HEAD.size + sizes[0] :])
        return BREAKS[kind].join(_events(skeleton, changing, sizes[1], sizes[2]))
    except (struct.error, zlib.error, IndexError, StopIteration, ValueError) as error:
        raise NotFoldedError(f"no folded stream: {error}") from error


def _columns(events: Sequence[bytes]) -> _Columns:
    columns = _Columns()
    tried: list[int] = []
    before, changed_before = b"", b""
    for event in events:
        code = _fitting(event, columns.frames, tried)
        if code is None or _too_wide(columns.frames[code], event, changed_before):
            code = _learn(columns.frames, tried, _frame_of(before, event), code)
        start, end = (b"", b"") if code is None else columns.frames[code]
        before, changed_before = event, event[len(start) : len(event) - len(end)]
        columns.add(ALONE if code is None else code, changed_before)
    return columns


def _fitting(event: bytes, frames: Sequence[Frame], tried: Sequence[int]) -> int | None:
    for code in tried:
        start, end = frames[code]
        if event.startswith(start) and event.endswith(end) and len(event) >= len(start) + len(end):
            return code
    return None


def _too_wide(frame: Frame, event: bytes, changed_before: bytes) -> bool:
    """Whether what changes in an event begins or ends as it did in the last one: then there may be a closer frame."""
    start, end = len(frame[0]), len(event) - len(frame[1])
    if end - start < GAIN_MIN:
        return False
    same_start = event[start : start + GAIN_MIN] == changed_before[:GAIN_MIN]
    return same_start or event[end - GAIN_MIN : end] == changed_before[-GAIN_MIN:]


def _learn(frames: list[Frame], tried: list[int], frame: Frame | None, fits: int | None) -> int | None:
    """The code of a frame that gains something over the one that fits so far; that one otherwise. Longer frames are tried first."""
    if frame is None or len(frames) == FRAMES_MAX or (fits is not None and _size(frame) < _size(frames[fits]) + GAIN_MIN):
        return fits
    frames.append(frame)
    tried[:] = sorted(range(max(0, len(frames) - FRAMES_TRIED), len(frames)), key=lambda code: -_size(frames[code]))
    return len(frames) - 1


def _size(frame: Frame) -> int:
    return len(frame[0]) + len(frame[1])


def _frame_of(before: bytes, event: bytes) -> Frame | None:
    """What two events in a row share, cut back to quotation marks, so that the words between them are free to be any."""
    start = _shared(before, event)
    end = _shared(before[start:][::-1], event[start:][::-1])
    start = event.rfind(b'"', 0, start) + 1
    place = event.find(b'"', len(event) - end)
    end = 0 if place < 0 else len(event) - place
    if start + end < SHARED_MIN * len(event) or start + end > len(event):
        return None
    return event[:start], event[len(event) - end :] if end else b""


def _shared(one: bytes, other: bytes) -> int:
    """How many bytes two begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _written(columns: _Columns, kind: int) -> bytes:
    frames = b"".join(LONG_LENGTH.pack(len(part)) + part for frame in columns.frames for part in frame)
    head = LONG_LENGTH.pack(len(columns.frames)) + frames
    skeleton = zlib.compress(head + columns.long_lengths + columns.codes + columns.lengths, LEVEL)
    changing = zlib.compress(b"".join(columns.changing), LEVEL)
    return HEAD.pack(kind, len(skeleton), len(columns.codes), len(columns.long_lengths)) + skeleton + changing


def _events(skeleton: bytes, changing: bytes, count: int, long_size: int) -> list[bytes]:
    frames, place = _frames(skeleton)
    longs = iter(LONG_LENGTH.iter_unpack(skeleton[place : place + long_size]))
    codes = skeleton[place + long_size : place + long_size + count]
    lengths = skeleton[place + long_size + count :]
    events: list[bytes] = []
    at = 0
    for code, short in zip(codes, lengths, strict=True):
        length = next(longs)[0] if short == LONG else short
        start, end = (b"", b"") if code == ALONE else frames[code]
        events.append(start + changing[at : at + length] + end)
        at += length
    return events


def _frames(skeleton: bytes) -> tuple[list[Frame], int]:
    """The frames, and where what follows them begins."""
    (count,) = LONG_LENGTH.unpack_from(skeleton)
    place = LONG_LENGTH.size
    parts: list[bytes] = []
    for _ in range(2 * count):
        (size,) = LONG_LENGTH.unpack_from(skeleton, place)
        place += LONG_LENGTH.size
        parts.append(skeleton[place : place + size])
        place += size
    return list(zip(parts[::2], parts[1::2], strict=True)), place
