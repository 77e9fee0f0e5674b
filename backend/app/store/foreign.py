"""What other programs say of themselves, as far as it can be kept: plain values of bounded depth and number. Pure."""

import math
from collections.abc import Mapping
from typing import Any

DEPTH_MAX = 3
ENTRIES_MAX = 64
CHARACTERS_MAX = 200
COUNT_MAX = 2**31 - 1


def plain_json(value: Any, depth: int = DEPTH_MAX) -> Any:
    """A JSON value with few levels and few entries, the rest as null."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            return value[:CHARACTERS_MAX]
        case Mapping() if depth > 0:
            return {str(name)[:CHARACTERS_MAX]: plain_json(item, depth - 1) for name, item in list(value.items())[:ENTRIES_MAX]}
        case _:
            return None


def counted(value: int | None) -> int | None:
    """A count that a column takes; None for one that can't be."""
    return value if value is not None and 0 <= value <= COUNT_MAX else None
