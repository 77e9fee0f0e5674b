"""From what a venue's JSON holds to exact numbers and times. What can't be read is None; nothing is guessed or rounded.

Venues write none as null, "", "-1" (times) or leave the field out, and a broken feed writes NaN. Magnitudes are not judged here.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.engine.money import exact

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXPONENT_MAX = 100
"""Numbers beyond 1e100 or below 1e-100 are no numbers of a market: spelled out they would only fill memory."""

_PLAIN = re.compile(r"[A-Za-z0-9.+_-]{1,24}")


def number(value: object) -> Decimal | None:
    """A finite Decimal from text or a JSON number, None for everything else."""
    if isinstance(value, float):
        # The shortest text that means this float is what the venue wrote.
        value = repr(value)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    try:
        exact_number = exact(value)
    except ValueError:
        return None
    return exact_number if abs(exact_number.adjusted()) <= EXPONENT_MAX else None


def above_zero(value: object) -> Decimal | None:
    """A finite Decimal greater than zero, or None."""
    found = number(value)
    return found if found is not None and found > 0 else None


def moment(milliseconds: object) -> datetime | None:
    """The UTC time of a Unix stamp in milliseconds; None for none, zero, negatives and stamps no calendar holds."""
    stamp = above_zero(milliseconds)
    if stamp is None:
        return None
    try:
        return EPOCH + timedelta(milliseconds=int(stamp))
    except OverflowError:
        return None


def milliseconds(time: datetime) -> int:
    """Unix stamp in milliseconds."""
    return (time - EPOCH) // timedelta(milliseconds=1)


def legible(value: object) -> str:
    """A venue's word or number for a sentence that contestants may read; anything longer or stranger is only called unreadable."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else "something unreadable"
