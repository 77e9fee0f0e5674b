"""Orders: what was carried out. A refused order is none; the decision carries its refusal."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.facts import Fact, Filled, MarginSet, StopsSet
from app.store.booking import Booking, CarriedOut
from app.store.rows import inserted
from app.store.tables import orders

FLIP_FILLS = 2


def by_order(facts: Sequence[Fact]) -> list[list[CarriedOut]]:
    """Facts grouped by the order they answer, in the order of the first ones. Each trigger is an order of its own."""
    groups: dict[int, list[CarriedOut]] = {}
    for place, fact in enumerate(facts):
        if isinstance(fact, Filled | StopsSet | MarginSet):
            groups.setdefault(-1 - place if fact.order is None else fact.order, []).append(fact)
    return list(groups.values())


async def write_orders(connection: AsyncConnection, booking: Booking, groups: Sequence[Sequence[CarriedOut]]) -> list[int]:
    """Store one order a group of `by_order`; their ids, in order."""
    return await inserted(connection, orders, [order_row(booking, group) for group in groups])


def order_row(booking: Booking, group: Sequence[CarriedOut]) -> dict[str, Any]:
    """One order as a row."""
    fact = group[-1]
    about = {
        "contestant_id": booking.contestant_id,
        "cycle_id": booking.cycle_id,
        "decision_id": booking.decision_of(fact),
        "source": booking.source,
        "symbol": fact.symbol,
    }
    match fact:
        case Filled():
            kind = "flip" if sum(isinstance(one, Filled) for one in group) == FLIP_FILLS else fact.purpose.value
            return {**about, "kind": kind, "side": fact.side.value, "state": "filled", "created_at": fact.at}
        case MarginSet():
            kind = "set_leverage" if fact.leverage_before != fact.leverage_after else "move_margin"
            return {**about, "kind": kind, "side": None, "state": "done", "created_at": fact.at}
        case StopsSet():
            return {**about, "kind": "set_stops", "side": None, "state": "done", "created_at": booking.at}
