"""What a call cost: the price row that held when it was sent, or what the host itself reported. Pure.

A model that no row knows has no price: None, never zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from app.llm.price_list import SEED_ROWS
from app.llm.price_row import ANY, PriceRow, read_price
from app.llm.usage import Tokens

__all__ = ["SEED_ROWS", "Cost", "PriceBook", "PriceRow", "read_price"]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cost:
    """Money for one call and the row it follows from; `price_id` ends in ":reported" where the host named the sum itself."""

    usd: Decimal
    price_id: str


class PriceBook:
    """Price rows to look up in: the operator's before the arena's, exact models before "*", time windows before none, the newer first."""

    __slots__ = ("_by_id", "rows")

    def __init__(self, rows: Iterable[PriceRow] = SEED_ROWS) -> None:
        self.rows = tuple(sorted(rows, key=_weight, reverse=True))
        self._by_id = {row.id: row for row in self.rows}

    def row(self, price_id: str) -> PriceRow | None:
        """The row of an id in a record, if this book still has it."""
        return self._by_id.get(price_id)

    def find(self, provider: str, model: str, prompt_tokens: int, at: datetime) -> PriceRow | None:
        """The row that holds for a request of this size sent at `at` (UTC)."""
        return next((row for row in self.rows if row.holds(provider, model, prompt_tokens, at)), None)

    def cost(self, provider: str, model: str, tokens: Tokens | None, at: datetime) -> Cost | None:
        """Cost of one call sent at `at` (UTC). `provider` is the profile's `price_provider`, `model` the one that was asked for.

        An operator's row goes before a sum that the host reports, and that before the arena's own rows.
        """
        if tokens is None:
            return None
        row = None if tokens.input is None else self.find(provider, model, tokens.input, at.astimezone(UTC))
        if tokens.reported_usd is not None and (row is None or not row.by_operator):
            return Cost(tokens.reported_usd, f"{provider}:reported")
        usd = None if row is None else row.usd(tokens)
        return None if row is None or usd is None else Cost(usd, row.id)


def _weight(row: PriceRow) -> tuple[bool, bool, bool, bool, datetime]:
    windowed = bool(row.weekdays or row.hours)
    return row.by_operator, row.model != ANY, row.provider != ANY, windowed, row.valid_from or _LONG_AGO
