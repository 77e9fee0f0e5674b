"""Orders: what was carried out. A refused order is none; the decision carries its refusal."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.facts import Filled, StopsSet
from app.store.booking import Booking
from app.store.rows import inserted
from app.store.tables import orders


async def write_orders(connection: AsyncConnection, booking: Booking, carried_out: Sequence[Filled | StopsSet]) -> list[int]:
    """Store one order a fact; their ids, in order."""
    return await inserted(connection, orders, [_values(booking, fact) for fact in carried_out])


def _values(booking: Booking, fact: Filled | StopsSet) -> dict[str, Any]:
    about = {
        "contestant_id": booking.contestant_id,
        "cycle_id": booking.cycle_id,
        "decision_id": booking.decision_of(fact),
        "source": booking.source,
        "symbol": fact.symbol,
    }
    match fact:
        case Filled():
            return {**about, "kind": fact.purpose.value, "side": fact.side.value, "state": "filled", "created_at": fact.at}
        case StopsSet():
            return {**about, "kind": "set_stops", "side": None, "state": "done", "created_at": booking.at}
