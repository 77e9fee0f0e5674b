"""Start and recovery are one path: close what a killed process left running, then bring every account up to now.

A cycle that had stored its fill market is settled exactly as it would have been. One that had not is closed as interrupted: its orders were
never filled and never will be, and they are recorded as such.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.agents.baselines import Baseline
from app.agents.templates import find_template, newest
from app.cycle.parts import Contestant, Parts
from app.cycle.run_cycle import settle_unless_broken
from app.cycle.settle import Settlement
from app.cycle.standing_down import warn_of_unpriced
from app.cycle.table import shown
from app.cycle.take_turn import Asked, read_answer
from app.cycle.value import recall_sharpes
from app.cycle.wire import BASELINE
from app.engine.instruments import Instrument
from app.engine.market import Snapshot
from app.llm.outcome import Answer, Failure, FailureKind, Reply
from app.llm.profiles import COMPATIBLE, PROFILES
from app.llm.transcript import is_stream, read_wire
from app.market.fill_market import FillMarket, books_blob, decode_fill_market, rules_of
from app.market.snapshot import chunk_hashes, decode
from app.market.stretch import Terms
from app.store import accounts, blobs, calls, contestants, conversations, cycles, prices, snapshots, turns
from app.store.calls import CallRow
from app.store.contestants import ContestantRow
from app.store.conversations import ConversationRow
from app.store.cycles import CycleRow

log = structlog.get_logger(__name__)

INTERRUPTED = "the arena stopped before this cycle reached its fills"
REASK = "reask"
"""The purpose of the first call of a second question."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a stored conversation ended in; `first` is the answer before, where it was asked twice."""

    last: Answer | Failure
    first: Answer | None


@dataclass(frozen=True, slots=True)
class Left:
    """A turn that was answered and not settled: the stored market of its own fill, if any, and up to when its account has been judged."""

    books_hash: str | None
    watched_until: datetime | None
    asked: Asked


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
    await recall_sharpes(parts)
    warn_of_unpriced(parts)


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
    snapshot = await load_snapshot(parts, cycle.id)
    instruments = snapshot.instruments if snapshot is not None else {}
    common = await load_fill_market(parts, cycle.books_hash)
    open_turns = await _open_turns(parts, cycle, snapshot)
    for left in open_turns:
        market = common or await load_fill_market(parts, left.books_hash)
        if market is not None and left.watched_until is not None and left.watched_until > market.watched_until:
            market = None  # its positions have been judged by later minutes since: a fill in the past would escape those
        await settle_unless_broken(parts, _settlement(parts, cycle, instruments, market), left.asked)
    async with parts.database.writing() as connection:
        await turns.close_open_turns(connection, cycle.id, outcome="interrupted", detail=INTERRUPTED, settled_at=parts.clock.now())
        state = "done" if common is not None else "interrupted"
        reason = "finished at the next start" if common is not None else INTERRUPTED
        await cycles.finish_cycle(connection, cycle.id, state=state, reason=reason, finished_at=parts.clock.now(), timings=cycle.timings)
    log.warning(
        "cycle_recovered",
        message=f"cycle {cycle.id} was cut off after '{cycle.phase}': {len(open_turns)} answered turns settled, {reason}",
        cycle_id=cycle.id,
        phase="recover",
    )


def _settlement(parts: Parts, cycle: CycleRow, instruments: Mapping[str, Instrument], market: FillMarket | None) -> Settlement:
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


async def _open_turns(parts: Parts, cycle: CycleRow, snapshot: Snapshot | None) -> list[Left]:
    """Turns that were answered and not settled, each with the market of its own fill where it had one, read again as then."""
    async with parts.database.reading() as connection:
        waiting = {turn.contestant_id: turn for turn in await turns.turns_of(connection, cycle.id) if turn.state == "answered"}
        talks = {one.contestant_id: one for one in await conversations.of_cycle(connection, cycle.id) if one.contestant_id in waiting}
        held = await accounts.load_accounts(connection, parts.season_id)
        known = {one.id: one for one in await contestants.all_contestants(connection, parts.season_id)}
        players = {name: _player_then(parts, talk, known[name]) for name, talk in talks.items() if name in known}
        told = {name: await _told(connection, talks[name], player) for name, player in players.items()}
    max_leverage = (parts.rules if cycle.rules is None else rules_of(cycle.rules)).max_leverage
    found: list[Left] = []
    for name, turn in waiting.items():
        if name not in told or name not in held or snapshot is None:
            continue
        against = shown(snapshot, held[name].account, max_leverage)
        asked = read_answer(players[name], told[name].last, against, turn.latency_ms)
        # The start may have brought a new key: whether it must be paused, its next turn tells.
        asked = replace(asked, conversation_id=talks[name].id, close_only=turn.close_only, code=turn.code or asked.code, pause=None)
        if (first := told[name].first) is not None:
            asked = replace(asked, first=read_answer(players[name], first, against, None).reading)
        found.append(Left(turn.books_hash, held[name].watched_until, asked))
    return found


async def _told(connection: AsyncConnection, talk: ConversationRow, player: Contestant) -> Told:
    """What a stored conversation ended in, and what the first question did where it was asked twice. Read from the bytes: what is kept
    beside them has no tool calls, and is cleaned of what no database takes.
    """
    made = await calls.calls_of(connection, talk.id)
    again = next((place for place, one in enumerate(made) if one.purpose == REASK), 0)
    reply = Reply(text=talk.reply or "", finish_reason=talk.finish_reason, http_status=talk.http_status)
    if made:
        reply = await _reply(connection, made[-1], player)
    first = Answer(await _reply(connection, made[again - 1], player)) if again else None
    if talk.error_kind is None:
        return Told(Answer(reply), first)
    return Told(Failure(FailureKind(talk.error_kind), "", talk.error or "", http_status=talk.http_status, reply=reply), first)


async def _reply(connection: AsyncConnection, call: CallRow, player: Contestant) -> Reply:
    profile = player.profile or COMPATIBLE
    received = await calls.received_bytes(connection, call)
    return read_wire(received, profile, streamed=is_stream(call.content_type, asked_for=profile.stream))


def _player_then(parts: Parts, talk: ConversationRow, now: ContestantRow) -> Contestant:
    """The contestant as it was when it was asked: since then it may have left, or plays by another prompt, another model or a rule."""
    kind, _, rule = (talk.template or "").partition(":")
    baseline = Baseline(rule) if kind == BASELINE else None
    mine = next((one for one in parts.contestants if one.id == now.id and one.provider == talk.provider), None)
    profile = mine.profile if mine is not None else PROFILES.get(talk.provider)
    template = newest("tiltyard") if talk.template is None or baseline is not None else find_template(talk.template)
    language = now.language or "en"
    return Contestant(now.id, now.name, talk.provider, talk.model, language, None, template, baseline, profile=profile)
