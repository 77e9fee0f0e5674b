"""Replaying accounts beyond doubt as one batch of whole-number columns: the engine's arithmetic on all of them at once.

It decides nothing. An account in which anything could be refused, liquidated, insured, added to, short of free balance or too large for 64
bits is left to the engine; the tables of the others are those of the engine lane, to the byte.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
import pyarrow as pa

from app.engine.rules import MarginMode
from app.replay.batch_tables import Batch, tables_of
from app.replay.happenings import in_order
from app.replay.inputs import Decisions
from app.replay.scaled import Flags, Ints, whole
from app.replay.stage import Stage
from app.replay.tables import CASH_PLACES
from app.replay.trip_funding import TripFunding, find_funding
from app.replay.trips import FITS, Trips, find_trips

Columns = TypeVar("Columns", Trips, TripFunding)


def replay_certain(stage: Stage, decisions: Decisions) -> tuple[dict[str, pa.Table] | None, Ints]:
    """(result tables of the accounts beyond doubt, codes of the others). The tables are None where every account is in doubt."""
    sure = np.full(len(decisions.accounts), _knows(stage), np.bool_)
    if not sure.any():
        return None, np.flatnonzero(~sure)
    found = [_found(stage, decisions, code) for code in range(len(decisions.symbols))]
    trips, funding = _joined([one for one, _ in found]), _settlements_joined(found)
    sure[trips.account[trips.doubtful | funding.doubtful]] = False
    if not _adds_up(stage, trips, funding):
        sure[:] = False
    while sure.any():
        batch = _batch(stage, decisions, sure, trips, funding)
        short = batch.happenings.account[batch.happenings.available < 0]
        if not short.size:
            return tables_of(batch), np.flatnonzero(~sure)
        sure[short] = False
    return None, np.flatnonzero(~sure)


def _knows(stage: Stage) -> bool:
    """Whether the terms are of the kind the batch computes."""
    rules = stage.terms.rules
    usual = all(one.price_band >= 0 and one.taker_fee_rate >= 0 for one in stage.terms.instruments.values())
    return usual and rules.entries_open and rules.margin_mode is MarginMode.ISOLATED and 0 <= rules.slippage < 1


def _found(stage: Stage, decisions: Decisions, code: int) -> tuple[Trips, TripFunding]:
    trips = find_trips(stage, decisions, code)
    return trips, find_funding(stage, decisions.symbols[code], trips)


def _settlements_joined(found: Sequence[tuple[Trips, TripFunding]]) -> TripFunding:
    """Settlements of all symbols, their trips counted over all symbols."""
    starts = np.cumsum([0, *(len(trips.row) for trips, _ in found)])
    return _joined([replace(one, trip=one.trip + start) for (_, one), start in zip(found, starts[:-1], strict=True)])


def _joined(parts: Sequence[Columns]) -> Columns:
    return type(parts[0])(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(parts[0])})


def _kept(columns: Columns, rows: Ints | Flags) -> Columns:
    return type(columns)(**{one.name: getattr(columns, one.name)[rows] for one in fields(columns)})


def _adds_up(stage: Stage, trips: Trips, funding: TripFunding) -> bool:
    """Whether no sum of money can be too large for 64 bits."""
    sure = ~trips.doubtful
    moved = sum(np.abs(one[sure]).astype(np.float64).sum() for one in (trips.margin, trips.entry_fee, trips.gross, trips.exit_fee))
    paid = np.abs(funding.amount[sure[funding.trip]]).astype(np.float64).sum()
    deposits = float(stage.terms.starting_balance) * 10.0**CASH_PLACES * (len(np.unique(trips.account)) + 1)
    return bool(2 * (moved + paid) + deposits < FITS)


def _batch(stage: Stage, decisions: Decisions, sure: Flags, trips: Trips, funding: TripFunding) -> Batch:
    """What the sure accounts do, in order."""
    wanted = sure[trips.account]
    place = np.cumsum(wanted) - 1
    settled = np.flatnonzero(wanted[funding.trip])
    theirs = TripFunding(
        place[funding.trip[settled]],
        funding.time[settled],
        funding.rate[settled],
        funding.mark[settled],
        funding.amount[settled],
        funding.doubtful[wanted],
    )
    rank = np.argsort(np.argsort(np.array(decisions.symbols)))
    deposit = whole(stage.terms.starting_balance, CASH_PLACES)
    kept = _kept(trips, wanted)
    return Batch(stage, decisions.symbols, np.flatnonzero(sure), kept, theirs, in_order(np.flatnonzero(sure), deposit, kept, theirs, rank))
