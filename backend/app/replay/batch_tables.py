"""The result tables of a batch of accounts, from its trips, settlements and happenings. Columns of whole numbers in, Arrow tables out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from app.engine.ledger import LedgerAccount, PostingKind
from app.engine.money import ZERO, to_cash
from app.engine.trades import Purpose, Side
from app.replay.happenings import Happening, Happenings
from app.replay.scaled import Ints, decimal_of, whole
from app.replay.stage import Stage
from app.replay.tables import (
    CASH_PLACES,
    GAP,
    KINDS,
    LAYOUTS,
    LEDGER_ACCOUNTS,
    PRICE_PLACES,
    PURPOSES,
    QUANTITY_PLACES,
    SIDES,
    Columns,
    build,
)
from app.replay.trip_funding import TripFunding
from app.replay.trips import Trips

OPENED = PURPOSES.index(Purpose.OPEN)
LONG, SHORT = SIDES.index(Side.LONG), SIDES.index(Side.SHORT)
AVAILABLE, MARGIN, CAPITAL, FEES, PNL, PAID = (
    LEDGER_ACCOUNTS.index(one)
    for one in (
        LedgerAccount.AVAILABLE,
        LedgerAccount.MARGIN,
        LedgerAccount.CAPITAL,
        LedgerAccount.FEES,
        LedgerAccount.PNL,
        LedgerAccount.FUNDING,
    )
)
ENTRIES = np.array(
    [(AVAILABLE, CAPITAL, GAP, GAP), (AVAILABLE, MARGIN, FEES, GAP), (MARGIN, AVAILABLE, PNL, FEES), (AVAILABLE, PAID, GAP, GAP)], np.int64
)
"""Ledger accounts of a posting's entries in their order, one row for each kind of happening."""

KIND_OF_REASON = np.array([KINDS.index(PostingKind(one.value)) if one.value in set(KINDS) else GAP for one in PURPOSES], np.int64)


@dataclass(frozen=True, slots=True)
class Batch:
    """Accounts beyond doubt (their codes, sorted) and all they do."""

    stage: Stage
    symbols: Sequence[str]
    accounts: Ints
    trips: Trips
    funding: TripFunding
    happenings: Happenings


def tables_of(batch: Batch) -> dict[str, pa.Table]:
    """The result tables, accounts and symbols as codes."""
    opens = batch.happenings.trip[batch.happenings.what == Happening.OPEN]
    number = np.empty(len(opens), np.int64)
    counted = batch.trips.account[opens]
    number[opens] = np.arange(1, len(opens) + 1) - np.searchsorted(counted, counted, side="left")
    columns: dict[str, Columns] = {
        "accounts": _accounts(batch),
        "fills": _fills(batch, number),
        "trades": _trades(batch, opens, number),
        "ledger": _ledger(batch),
        "funding": _funding(batch, number),
        "refusals": {what: np.zeros(0, np.int64) if kind == pa.int64() else () for what, kind in LAYOUTS["refusals"].items()},
    }
    return {name: build(name, one, batch.symbols) for name, one in columns.items()}


def _sides(sign: Ints) -> Ints:
    return np.where(sign > 0, LONG, SHORT)


def _fills(batch: Batch, number: Ints) -> dict[str, Ints]:
    trips, happenings = batch.trips, batch.happenings
    filled = np.flatnonzero((happenings.what == Happening.OPEN) | (happenings.what == Happening.LEAVE))
    opens, trip = happenings.what[filled] == Happening.OPEN, happenings.trip[filled]
    nothing = np.zeros(len(trip), np.int64)
    return {
        "account": happenings.account[filled],
        "decision": np.where(opens, trips.row[trip], trips.exit_row[trip]),
        "symbol": trips.symbol[trip],
        "time_ms": np.where(opens, trips.opened[trip], trips.closed[trip]),
        "side": _sides(trips.sign[trip]),
        "purpose": np.where(opens, OPENED, trips.reason[trip]),
        "quantity": trips.quantity[trip],
        "price": np.where(opens, trips.entry[trip], trips.exit[trip]),
        "fee": np.where(opens, trips.entry_fee[trip], trips.exit_fee[trip]),
        "realised_pnl": np.where(opens, 0, trips.gross[trip]),
        "insured": nothing,
        "takeover": nothing,
        "trade": number[trip],
    }


def _trades(batch: Batch, opens: Ints, number: Ints) -> dict[str, Ints]:
    trips = batch.trips
    funding = np.zeros(len(opens), np.int64)
    np.add.at(funding, batch.funding.trip, batch.funding.amount)
    left, fees = trips.reason[opens] != GAP, trips.entry_fee[opens] + trips.exit_fee[opens]
    return {
        "account": trips.account[opens],
        "trade": number[opens],
        "symbol": trips.symbol[opens],
        "side": _sides(trips.sign[opens]),
        "leverage": trips.leverage[opens],
        "opened_ms": trips.opened[opens],
        "closed_ms": trips.closed[opens],
        "entry_quantity": trips.quantity[opens],
        "entry_price": trips.entry[opens],
        "exit_quantity": np.where(left, trips.quantity[opens], 0),
        "exit_price": np.where(left, trips.exit[opens], GAP),
        "exit_reason": trips.reason[opens],
        "gross_pnl": trips.gross[opens],
        "fees": fees,
        "insured": np.zeros(len(opens), np.int64),
        "funding": funding[opens],
        "net_pnl": trips.gross[opens] - fees + funding[opens],
    }


def _funding(batch: Batch, number: Ints) -> dict[str, Ints]:
    happenings, funding = batch.happenings, batch.funding
    paid = happenings.what == Happening.FUNDING
    which, trip = happenings.subject[paid], happenings.trip[paid]
    return {
        "account": happenings.account[paid],
        "symbol": batch.trips.symbol[trip],
        "time_ms": funding.time[which],
        "side": _sides(batch.trips.sign[trip]),
        "quantity": batch.trips.quantity[trip],
        "rate": funding.rate[which],
        "mark": funding.mark[which],
        "amount": funding.amount[which],
        "insured": np.zeros(len(which), np.int64),
        "trade": number[trip],
    }


def _ledger(batch: Batch) -> dict[str, Ints]:
    happenings, trips, funding = batch.happenings, batch.trips, batch.funding
    amounts, time, kind = np.zeros((len(happenings.what), 4), np.int64), *np.empty((2, len(happenings.what)), np.int64)
    deposits, opens, leaves, paid = (np.flatnonzero(happenings.what == one) for one in Happening)
    balance = whole(batch.stage.terms.starting_balance, CASH_PLACES)
    amounts[deposits, 0], amounts[deposits, 1] = balance, -balance
    time[deposits], kind[deposits] = batch.stage.start, KINDS.index(PostingKind.DEPOSIT)
    trip = happenings.trip[opens]
    amounts[opens, 0], amounts[opens, 1], amounts[opens, 2] = (
        -(trips.margin[trip] + trips.entry_fee[trip]),
        trips.margin[trip],
        trips.entry_fee[trip],
    )
    time[opens], kind[opens] = trips.opened[trip], KINDS.index(PostingKind.OPEN)
    trip = happenings.trip[leaves]
    margin, gross, fee = trips.margin[trip], trips.gross[trip], trips.exit_fee[trip]
    amounts[leaves] = np.stack([-margin, margin + gross - fee, -gross, fee], axis=1)
    time[leaves], kind[leaves] = trips.closed[trip], KIND_OF_REASON[trips.reason[trip]]
    which = happenings.subject[paid]
    amounts[paid, 0], amounts[paid, 1] = funding.amount[which], -funding.amount[which]
    time[paid], kind[paid] = funding.time[which], KINDS.index(PostingKind.FUNDING)
    # Entries of zero are not written, as in the engine.
    posting, entry = np.nonzero(amounts)
    ledger_account = ENTRIES[happenings.what[posting], entry]
    return {
        "account": happenings.account[posting],
        "posting": happenings.place[posting],
        "time_ms": time[posting],
        "kind": kind[posting],
        "ledger_account": ledger_account,
        "symbol": np.where(ledger_account == MARGIN, trips.symbol[happenings.trip[posting]] if len(trips.row) else GAP, GAP),
        "amount": amounts[posting, entry],
    }


def _accounts(batch: Batch) -> dict[str, Ints]:
    trips, codes = batch.trips, batch.accounts
    last = np.searchsorted(batch.happenings.account, codes, side="right") - 1
    available = batch.happenings.available[last]
    held = np.flatnonzero(trips.reason == GAP)
    margin, unrealised = np.zeros(len(codes), np.int64), np.zeros(len(codes), np.int64)
    np.add.at(margin, np.searchsorted(codes, trips.account[held]), trips.margin[held])
    for place, code in enumerate(codes.tolist()):
        unrealised[place] = _unrealised(trips, held[trips.account[held] == code])
    nothing = np.zeros(len(codes), np.int64)
    return {
        "account": codes,
        "starting_balance": nothing + whole(batch.stage.terms.starting_balance, CASH_PLACES),
        "available": available,
        "margin": margin,
        "unrealised_pnl": unrealised,
        "equity": available + margin + unrealised,
        "trades": np.bincount(np.searchsorted(codes, trips.account), minlength=len(codes)),
        "refusals": nothing,
        "liquidations": nothing,
    }


def _unrealised(trips: Trips, held: Ints) -> int:
    """Unrealised profit and loss of an account's open positions in 1e-8 USDT, rounded once as the engine rounds it."""
    total = ZERO
    for one in held.tolist():
        moved = decimal_of(int(trips.sign[one]) * int(trips.exit[one] - trips.entry[one]), PRICE_PLACES)
        total += decimal_of(int(trips.quantity[one]), QUANTITY_PLACES) * moved
    return whole(to_cash(total), CASH_PLACES)
