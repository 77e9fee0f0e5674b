"""A stored season read page by page: each cycle with its snapshot, its fill market and its decisions, and the minutes of the page."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.agents.decision import Action, Decision
from app.engine.market import Snapshot
from app.engine.orders import RefusalCode
from app.engine.rules import Rules
from app.market.fill_market import FillMarket, books_blob, decode_fill_market, rules_of
from app.market.snapshot import decode, terms_hash
from app.market.stretch import Stretch
from app.store import blobs, cycles, decisions, funding, minutes, snapshots, turns
from app.store.cycles import CycleRow
from app.store.decisions import DecisionRow

PAGE_CYCLES = 100


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """What one contestant decided in one cycle, with the ids of the stored decisions by their place among the orders.

    What reading refused, or a failing of the arena interrupted, never came to the exchange and isn't among them. `market` is the one of its
    own fill where orders were filled on the answer; `close_only` says that it might open nothing in this turn.
    """

    contestant: str
    decisions: tuple[Decision, ...]
    decision_ids: dict[int, int]
    close_only: bool = False
    market: FillMarket | None = None


@dataclass(frozen=True, slots=True)
class StoredCycle:
    """One cycle as far as it came: `snapshot` and `rules` once positions were judged by them, `market` once it reached its fills."""

    id: int
    watched_at: datetime | None
    watched_until: datetime | None
    snapshot: Snapshot | None
    rules: Rules | None
    market: FillMarket | None
    turns: tuple[StoredTurn, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some cycles in a row, and every minute and rate from `since` until their end."""

    cycles: tuple[StoredCycle, ...]
    stretch: Stretch


class NotReplayableError(Exception):
    """What is stored doesn't suffice; the text says what is missing."""


async def pages(connection: AsyncConnection, season_id: int, since: datetime) -> AsyncIterator[Page]:
    """The season's cycles in the order they ran. Raises NotReplayableError."""
    last = 0
    while rows := await cycles.season_cycles(connection, season_id, after=last, limit=PAGE_CYCLES):
        last = rows[-1].id
        _refuse_old(rows)
        found = await _cycles(connection, rows)
        until = max((end for one in found for end in _ends(one)), default=since)
        yield Page(found, await stretch_of(connection, since, until))
        since = max(since, until)


async def stretch_of(connection: AsyncConnection, since: datetime, until: datetime) -> Stretch:
    """Every stored minute that opens in [since, until), and every rate of (since, until]."""
    return Stretch(
        await minutes.load_marks(connection, None, since, until),
        await minutes.load_lasts(connection, None, since, until),
        await funding.load_rates(connection, None, since, until),
    )


def _ends(one: StoredCycle) -> list[datetime]:
    markets = (one.market, *(turn.market for turn in one.turns))
    return [end for end in (one.watched_until, *(met.watched_until for met in markets if met is not None)) if end is not None]


def _refuse_old(rows: Sequence[CycleRow]) -> None:
    for row in rows:
        if row.books_hash is not None and row.watched_at is None:
            when = f"{row.due_at:%Y-%m-%d %H:%M}"
            raise NotReplayableError(
                f"cycle {row.id} of {when} UTC was recorded by an earlier release, which kept no minutes: it can't be replayed"
            )


async def _cycles(connection: AsyncConnection, rows: Sequence[CycleRow]) -> tuple[StoredCycle, ...]:
    ids = [row.id for row in rows]
    seen = await _snapshots(connection, [row.id for row in rows if row.watched_at is not None])
    stored = await turns.turns_of_cycles(connection, ids)
    hashes = {row.books_hash for row in rows} | {turn.books_hash for turn in stored}
    markets = await _markets(connection, {name for name in hashes if name is not None})
    about = {(one.cycle_id, one.contestant_id): one for one in stored}
    taken: dict[int, list[StoredTurn]] = defaultdict(list)
    for cycle_id, turn in _by_turn(await decisions.of_cycles(connection, ids)):
        row = about.get((cycle_id, turn.contestant))
        own = None if row is None or row.books_hash is None else markets[row.books_hash]
        taken[cycle_id].append(replace(turn, close_only=row is not None and row.close_only, market=own))
    return tuple(
        StoredCycle(
            row.id,
            row.watched_at,
            row.watched_until,
            seen.get(row.id),
            None if row.rules is None else rules_of(row.rules),
            None if row.books_hash is None else markets[row.books_hash],
            tuple(taken[row.id]),
        )
        for row in rows
    )


async def _snapshots(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, Snapshot]:
    manifests = await snapshots.load_manifests(connection, ids)
    terms = await blobs.get_blobs(connection, {terms_hash(one) for one in manifests.values()})
    return {cycle_id: decode(manifest, terms, candles=False) for cycle_id, manifest in manifests.items()}


async def _markets(connection: AsyncConnection, hashes: set[str]) -> dict[str, FillMarket]:
    heads = await blobs.get_blobs(connection, hashes)
    books = await blobs.get_blobs(connection, {books_blob(head) for head in heads.values()})
    return {name: decode_fill_market(head, books[books_blob(head)]) for name, head in heads.items()}


def _by_turn(rows: Sequence[DecisionRow]) -> list[tuple[int, StoredTurn]]:
    """Decisions grouped by cycle and contestant; rows come in that order."""
    groups: dict[tuple[int, str], list[DecisionRow]] = defaultdict(list)
    for row in rows:
        groups[row.cycle_id, row.contestant_id].append(row)
    return [(cycle_id, _turn(name, group)) for (cycle_id, name), group in groups.items()]


def _turn(contestant: str, rows: Sequence[DecisionRow]) -> StoredTurn:
    read = [(row.id, _decision(row)) for row in rows if row.refused_by != "reading" and row.code != RefusalCode.INTERRUPTED]
    placed = [(decision_id, one) for decision_id, one in read if one.order is not None]
    ids = {place: decision_id for place, (decision_id, _) in enumerate(placed)}
    return StoredTurn(contestant, tuple(one for _, one in placed), ids)


def _decision(row: DecisionRow) -> Decision:
    return Decision(
        position=row.position,
        action=Action(row.action),
        symbol=row.symbol,
        notional=row.notional,
        leverage=row.leverage,
        close_fraction=row.close_fraction,
        stop_loss=row.stop_loss,
        take_profit=row.take_profit,
        confidence=row.confidence,
        invalidation=row.invalidation,
        reason=row.reason or "",
    )
