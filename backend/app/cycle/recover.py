"""Start and recovery are one path: close what a killed process left running, then bring every account up to now.

A cycle that had stored its fill market is settled exactly as it would have been. One that had not is closed as interrupted: its orders were
never filled and never will be, and they are recorded as such.
"""

import structlog

from app.cycle.parts import Parts
from app.cycle.settle import Settlement, settle_turn
from app.cycle.take_turn import Asked, read_answer
from app.engine.market import Snapshot
from app.market.fill_market import FillMarket, books_blob, decode_fill_market, rules_of
from app.market.snapshot import chunk_hashes, decode
from app.market.stretch import Terms
from app.store import blobs, contestants, conversations, cycles, prices, snapshots, turns
from app.store.cycles import CycleRow

log = structlog.get_logger(__name__)

INTERRUPTED = "the arena stopped before this cycle reached its fills"


async def recover(parts: Parts) -> None:
    """Close the cycles that a process left running; remember the last accepted prices and what is watched by. Raises StoreError."""
    async with parts.database.reading() as connection:
        left = await cycles.running_cycles(connection)
        accepted = await prices.last_accepted_quotes(connection)
    parts.latest.terms = await _terms(parts)
    if accepted:
        parts.latest.take(max(quote.time for quote in accepted.values()), accepted, {})
        parts.latest.at = None  # known, but not fresh: nothing is valued with it until the market has been seen again
    for cycle in left:
        await _close(parts, cycle)


async def _terms(parts: Parts) -> Terms | None:
    """What positions were last watched by. A database of before that was noted has the terms of its newest snapshot."""
    async with parts.database.reading() as connection:
        watched = await cycles.latest_watched(connection, parts.season_id)
        cycle_id = watched.id if watched is not None else await snapshots.latest_cycle_with_snapshot(connection)
    snapshot = None if cycle_id is None else await load_snapshot(parts, cycle_id)
    if snapshot is None:
        return None
    return Terms(snapshot.instruments, parts.rules if watched is None or watched.rules is None else rules_of(watched.rules))


async def _close(parts: Parts, cycle: CycleRow) -> None:
    settlement = await _settlement(parts, cycle)
    open_turns = await _open_turns(parts, cycle.id)
    for asked in open_turns:
        await settle_turn(parts, settlement, asked)
    async with parts.database.writing() as connection:
        await turns.close_open_turns(connection, cycle.id, outcome="interrupted", detail=INTERRUPTED, settled_at=parts.clock.now())
        state = "done" if settlement.market is not None else "interrupted"
        reason = "finished at the next start" if settlement.market is not None else INTERRUPTED
        await cycles.finish_cycle(connection, cycle.id, state=state, reason=reason, finished_at=parts.clock.now(), timings=cycle.timings)
    log.warning(
        "cycle_recovered",
        message=f"cycle {cycle.id} was cut off after '{cycle.phase}': {len(open_turns)} answered turns settled, {reason}",
        cycle_id=cycle.id,
        phase="recover",
    )


async def _settlement(parts: Parts, cycle: CycleRow) -> Settlement:
    snapshot = await load_snapshot(parts, cycle.id)
    market = await load_fill_market(parts, cycle.books_hash)
    instruments = snapshot.instruments if snapshot is not None else {}
    if market is None:
        return Settlement(cycle.id, parts.clock.now(), instruments, None, INTERRUPTED)
    return Settlement(cycle.id, market.at, instruments, market, watched_until=market.watched_until)


async def load_snapshot(parts: Parts, cycle_id: int) -> Snapshot | None:
    """The snapshot of a cycle as it was seen; None when it had none."""
    async with parts.database.reading() as connection:
        manifest = await snapshots.load_manifest(connection, cycle_id)
        if manifest is None:
            return None
        chunks = await blobs.get_blobs(connection, chunk_hashes(manifest))
    return decode(manifest, chunks)


async def load_fill_market(parts: Parts, books_hash: str | None) -> FillMarket | None:
    """The market of a cycle's fill; None when it never got there."""
    if books_hash is None:
        return None
    async with parts.database.reading() as connection:
        head = (await blobs.get_blobs(connection, [books_hash]))[books_hash]
        books = books_blob(head)
        content = await blobs.get_blobs(connection, [books])
    return decode_fill_market(head, content[books])


async def _open_turns(parts: Parts, cycle_id: int) -> list[Asked]:
    async with parts.database.reading() as connection:
        waiting = {turn.contestant_id: turn for turn in await turns.turns_of(connection, cycle_id) if turn.state == "answered"}
        talks = {talk.contestant_id: talk for talk in await conversations.of_cycle(connection, cycle_id)}
        known = {row.id for row in await contestants.all_contestants(connection, parts.season_id)}
    players = {one.id: one for one in parts.contestants}
    return [
        read_answer(players[name], talks[name].id, talks[name].reply, talks[name].error_kind, talks[name].error, turn.latency_ms)
        for name, turn in waiting.items()
        if name in talks and name in players and name in known
    ]
