"""JSON read strictly: numbers as Decimal, and what JSON forbids or programs disagree on kept apart as a value of its own.

Nothing is repaired here. The caller has bounded size and depth before.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True, slots=True)
class NotFinite:
    """A number that is none: NaN, Infinity, or with an exponent beyond all bounds. `text` as written."""

    text: str


@dataclass(frozen=True, slots=True)
class Doubled:
    """An object in which a key stands twice. `rest` are the keys that stand once."""

    key: str
    rest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NotJson:
    """Why a text is not JSON."""

    message: str


def parse(text: str) -> Any:
    """The value: dict, list, str, bool, None, Decimal, NotFinite or Doubled; or NotJson when the text as a whole is no JSON."""
    return _loaded(text, strict=True)


def parse_with_raw_lines(text: str) -> Any:
    """As `parse`, but texts may hold line breaks and other control characters as they are."""
    return _loaded(text, strict=False)


def _loaded(text: str, *, strict: bool) -> Any:
    try:
        return json.loads(text, strict=strict, parse_float=_number, parse_int=_number, parse_constant=NotFinite, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        return NotJson(f"{error.msg} at line {error.lineno}, column {error.colno}")


def _number(text: str) -> Decimal | NotFinite:
    try:
        return Decimal(text)
    except InvalidOperation:
        return NotFinite(text)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any] | Doubled:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    twice: list[str] = []
    for key, _ in pairs:
        if key in seen:
            twice.append(key)
        seen.add(key)
    return Doubled(twice[0], {key: value for key, value in found.items() if key not in set(twice)})
