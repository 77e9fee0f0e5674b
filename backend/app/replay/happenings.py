"""Everything that moves money in a batch of accounts, in the order the engine would meet it, with the free balance after each step."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from app.replay.scaled import Ints
from app.replay.trip_funding import TripFunding
from app.replay.trips import CLOSE, Trips


class Happening(IntEnum):
    """What moved money."""

    DEPOSIT = 0
    OPEN = 1
    LEAVE = 2
    FUNDING = 3


BY_BAR, BY_SETTLEMENT, BY_CLOSE, BY_OPEN = range(4)
"""Order of what happens at one instant: bars that end in it, then settlements, then the closes and the opens that were decided in it."""


@dataclass(frozen=True, slots=True)
class Happenings:
    """Columns of one length, by account and then in order. `subject` is a trip, for FUNDING a settlement of one, 0 for a deposit;
    `trip` the trip in either case. `available` is the free balance afterwards in 1e-8 USDT, `place` counts an account's happenings from 0.
    """

    what: Ints
    account: Ints
    subject: Ints
    trip: Ints
    place: Ints
    available: Ints


def in_order(accounts: Ints, deposit: int, trips: Trips, funding: TripFunding, rank: Ints) -> Happenings:
    """The happenings of these accounts, each with a deposit in 1e-8 USDT first. `rank` is a symbol's place in alphabetical order."""
    left = np.flatnonzero(trips.reason >= 0)
    none = np.zeros(len(accounts), np.int64)
    every = np.arange(len(trips.row), dtype=np.int64)
    by_row = trips.reason[left] == CLOSE
    what = np.repeat([kind.value for kind in Happening], [len(none), len(every), len(left), len(funding.trip)])
    subject = np.concatenate([none, every, left, np.arange(len(funding.trip), dtype=np.int64)])
    trip = np.concatenate([none, every, left, funding.trip])
    account = np.concatenate([accounts, trips.account, trips.account[left], trips.account[funding.trip]])
    time = np.concatenate([none, trips.opened, trips.left[left], funding.time])
    turn = np.concatenate(
        [none, np.full(len(every), BY_OPEN), np.where(by_row, BY_CLOSE, BY_BAR), np.full(len(funding.trip), BY_SETTLEMENT)]
    )
    leaving = np.where(by_row, trips.exit_row[left], rank[trips.symbol[left]])
    within = np.concatenate([none, trips.row, leaving, rank[trips.symbol[funding.trip]]])
    back = trips.margin[left] + trips.gross[left] - trips.exit_fee[left]
    change = np.concatenate([none + deposit, -(trips.margin + trips.entry_fee), back, funding.amount])

    order = np.lexsort((within, time * 4 + turn, account))
    what, account, subject, trip, change = (column[order] for column in (what, account, subject, trip, change))
    total, first = np.cumsum(change), np.searchsorted(account, account, side="left")
    place = np.arange(len(account), dtype=np.int64) - first
    return Happenings(what, account, subject, trip, place, total - total[first] + change[first])
