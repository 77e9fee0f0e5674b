"""A request body as the list of its pieces: long texts that others share are named by hash, so that they are stored once. Pure.

A piece is {"text": …} (short, as it stands), {"blob": hash} (these bytes), {"json": hash} or {"json_ascii": hash}: the content of that
blob as it stands inside a JSON string, with characters beyond ASCII as they are, or escaped.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.store.blobs import hash_of

TEXT_BYTES_MAX = 96
"""A piece longer than this is kept as a blob: most such pieces come back every cycle."""

SHARED_BYTES_MIN = 160
"""A shared text shorter than this is not worth a name."""

Piece = dict[str, str]


@dataclass(frozen=True, slots=True)
class Cut:
    """A body's pieces, and the contents they name: `shared` texts of others, `own` bytes of this body."""

    pieces: list[Piece]
    shared: dict[str, bytes]
    own: dict[str, bytes]


def cut(body: bytes, shared: Sequence[str]) -> Cut:
    """Cut a body at the texts it shares; `joined` gives exactly the body back, whatever the texts are."""
    pieces: list[Piece] = []
    texts: dict[str, bytes] = {}
    own: dict[str, bytes] = {}
    at = 0
    for start, escaped, raw, form in sorted(_places(body, shared)):
        if start < at:
            continue
        _keep(body[at:start], pieces, own)
        name = hash_of(raw)
        texts[name] = raw
        pieces.append({form: name})
        at = start + len(escaped)
    _keep(body[at:], pieces, own)
    if joined(pieces, texts | own) == body:
        return Cut(pieces, texts, own)
    return Cut([{"blob": hash_of(body)}], {}, {hash_of(body): body})


def joined(pieces: Sequence[Piece], content: Mapping[str, bytes]) -> bytes:
    """The body. Raises KeyError for a blob that is missing."""
    return b"".join(_bytes(form, value, content) for piece in pieces for form, value in piece.items())


def named(pieces: Sequence[Piece]) -> list[str]:
    """The blobs that pieces name."""
    return [value for piece in pieces for form, value in piece.items() if form != "text"]


def _places(body: bytes, shared: Sequence[str]) -> Iterator[tuple[int, bytes, bytes, str]]:
    """Where texts stand in a body: place, escaped, raw, form. A text is looked for once; halves of surrogate pairs have no bytes."""
    for text in dict.fromkeys(shared):
        try:
            raw = text.encode()
        except UnicodeEncodeError:
            continue
        for form, ascii_only in (("json", False), ("json_ascii", True)):
            escaped = _escaped(text, ascii_only=ascii_only)
            place = body.find(escaped) if len(escaped) >= SHARED_BYTES_MIN else -1
            if place >= 0:
                yield place, escaped, raw, form
                break


def _escaped(text: str, *, ascii_only: bool) -> bytes:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode()


def _keep(piece: bytes, pieces: list[Piece], own: dict[str, bytes]) -> None:
    if not piece:
        return
    if len(piece) <= TEXT_BYTES_MAX and piece.isascii() and b"\x00" not in piece:
        pieces.append({"text": piece.decode("ascii")})
        return
    own[hash_of(piece)] = piece
    pieces.append({"blob": hash_of(piece)})


def _bytes(form: str, value: str, content: Mapping[str, bytes]) -> bytes:
    match form:
        case "text":
            return value.encode()
        case "blob":
            return content[value]
        case _:
            return _escaped(content[value].decode(), ascii_only=form == "json_ascii")
