"""What a check of the books finds. Values only."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that doesn't add up."""

    what: str
    contestant: str | None
    expected: str
    found: str


def differing(what: str, contestant: str | None, expected: Decimal, found: Decimal) -> Iterator[Finding]:
    """A finding where two amounts that must be equal are not."""
    if expected != found:
        yield Finding(what, contestant, format(expected, "f"), format(found, "f"))
