"""Numbers and envelopes as the venue writes them: exact decimal text from whole numbers, never through a float. Pure."""

import json
from decimal import Decimal
from typing import Any

SUCCESS = "00000"


def decimal_text(value: int, places: int) -> str:
    """`value` x 10^-places in plain digits without trailing zeros."""
    if places <= 0:
        return str(value * 10**-places)
    digits = str(abs(value)).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 else text


def ratio_text(now: int, before: int) -> str:
    """Change from `before` to `now` as a fraction with five decimals."""
    return f"{Decimal(now - before) / Decimal(before):.5f}"


def plain_text(value: Decimal | None) -> str:
    """Plain digits, or the empty text for unknown."""
    return "" if value is None else f"{value:f}"


def envelope(now_ms: int, data: Any, code: str = SUCCESS, message: str = "success") -> bytes:
    """The frame around every answer."""
    frame = {"code": code, "msg": message, "requestTime": now_ms, "data": data}
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False).encode()
