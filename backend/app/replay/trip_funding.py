"""What the round trips of one symbol pay and receive in funding, in whole numbers: -d x q x M x rate at every settlement they are held in.

Assumes that the free balance bears every payment; whoever uses it must leave accounts in which it might not to the engine.
"""

from dataclasses import dataclass

import numpy as np

from app.replay.inputs import MINUTE_MS
from app.replay.scaled import Flags, Ints, places_of, to_places
from app.replay.stage import Stage
from app.replay.tables import CASH_PLACES, PRICE_PLACES, QUANTITY_PLACES
from app.replay.trips import CLOSE, FITS, Trips


@dataclass(frozen=True, slots=True)
class TripFunding:
    """Settlements as columns of one length, by trip and then time: `trip` counts the trips they belong to. `amount` in 1e-8 USDT, signed to
    the contestant; rates and marks in 1e-12; times in ms. `doubtful` has one flag a trip.
    """

    trip: Ints
    time: Ints
    rate: Ints
    mark: Ints
    amount: Ints
    doubtful: Flags


def find_funding(stage: Stage, name: str, trips: Trips) -> TripFunding:
    """The settlements of one symbol's trips."""
    nothing = np.zeros(0, np.int64)
    settled = stage.settlements.get(name)
    none = np.zeros(len(trips.row), np.bool_)
    if settled is None:
        return TripFunding(nothing, nothing, nothing, nothing, nothing, none)
    bars, lot_places = stage.bars[name], places_of(stage.terms.instruments[name].lot)
    marks = bars.close[np.maximum(np.searchsorted(bars.time, settled.time - MINUTE_MS, side="right") - 1, 0)]
    trip, which = _held_at(settled.time, trips, stage.end)
    quantity = trips.quantity // 10 ** (QUANTITY_PLACES - lot_places)
    too_large = quantity * float(marks.max(initial=1)) * float(np.abs(settled.rate).max(initial=1)) >= FITS
    raw = -trips.sign[trip] * quantity[trip] * marks[which] * settled.rate[which]
    return TripFunding(
        trip=trip,
        time=settled.time[which],
        rate=settled.rate[which] * 10 ** (PRICE_PLACES - settled.places),
        mark=marks[which] * 10 ** (PRICE_PLACES - bars.places),
        amount=to_places(raw, bars.places + lot_places + settled.places, CASH_PLACES),
        doubtful=too_large,
    )


def _held_at(instants: Ints, trips: Trips, end: int) -> tuple[Ints, Ints]:
    """(trip, settlement) pairs. Who opens in the instant doesn't pay; a bar that ends in it comes first, a decision of it after it."""
    first = np.searchsorted(instants, trips.opened, side="right")
    by_trigger = np.searchsorted(instants, trips.left, side="left")
    later = (trips.reason == CLOSE) | (trips.closed < 0)
    last = np.where(later, np.searchsorted(instants, np.minimum(trips.left, end), side="right"), by_trigger)
    count = np.maximum(last - first, 0)
    trip = np.repeat(np.arange(len(count), dtype=np.int64), count)
    within = np.arange(len(trip), dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
    return trip, first[trip] + within
