"""What all rows of one saved outcome have in common: whose they are, which cycle they belong to, and what they answer. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.engine.facts import Filled, MarginSet, StopsSet

CarriedOut = Filled | StopsSet | MarginSet
"""What an order, or a trigger, became."""


@dataclass(frozen=True, slots=True)
class Booking:
    """The frame of one save. Source decision, trigger or admin; `decision_ids` maps order indices to stored decisions."""

    contestant_id: str
    season_id: int
    cycle_id: int | None
    source: str
    at: datetime
    decision_ids: Mapping[int, int]

    def decision_of(self, fact: CarriedOut) -> int | None:
        """Id of the decision a fact answers; None for what the market triggered."""
        return None if fact.order is None else self.decision_ids.get(fact.order)
