"""Cycles: what everybody saw, said and did, one turn of the arena at a time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.context import ArenaDep
from app.api.conversations import tokens_of
from app.api.errors import ProblemError
from app.api.paging import LIMIT_DEFAULT, Cursor, Id, Limit, next_cursor
from app.api.record_schemas import Cycle, Decision, Fill, Price
from app.api.schemas import Page
from app.api.system import parts_of
from app.api.turn_schemas import ContestantEvent, CycleDetail, Tokens, Turn, TurnDecision
from app.store import contestant_events, conversations, cycles, decisions, fills, prices, snapshots, turns
from app.store.conversations import ConversationRow
from app.store.decisions import DecisionRow
from app.store.fills import FillRow
from app.store.turns import TurnRow

router = APIRouter(prefix="/cycles", tags=["cycles"])

NOT_COUNTED = Tokens(input=None, cached=None, output=None, reasoning=None)


@dataclass(frozen=True, slots=True)
class Record:
    """What is stored of one cycle's turns, by contestant or decision."""

    talks: Mapping[str, ConversationRow]
    decided: Mapping[str, Sequence[DecisionRow]]
    fills: Mapping[int, Sequence[FillRow]]
    events: Mapping[str, Sequence[ContestantEvent]]


@router.get("", operation_id="cycles-list")
async def list_cycles(
    arena: ArenaDep,
    state: Literal["running", "done", "skipped", "interrupted"] | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[Cycle]:
    """Cycles, newest first."""
    async with parts_of(arena).database.reading() as connection:
        rows = await cycles.list_cycles(connection, state=state, limit=limit, cursor=cursor)
    return Page(items=[Cycle.model_validate(row) for row in rows], next_cursor=next_cursor([row.id for row in rows], limit))


@router.get("/{cycle_id}", operation_id="cycles-show")
async def show(arena: ArenaDep, cycle_id: Id) -> CycleDetail:
    """One cycle with its prices and every contestant's turn."""
    async with parts_of(arena).database.reading() as connection:
        row = await cycles.get_cycle(connection, cycle_id)
        if row is None:
            raise ProblemError(404, f"no cycle {cycle_id}")
        previous_id, next_id = await cycles.neighbours(connection, cycle_id)
        seen = await prices.prices_of_cycle(connection, cycle_id)
        content_hash = await snapshots.content_hash_of(connection, cycle_id)
        taken = await turns.turns_of(connection, cycle_id)
        record = await _record(connection, cycle_id)
    asked = {one.contestant_id for one in taken}
    return CycleDetail(
        **Cycle.model_validate(row).__dict__,
        previous_id=previous_id,
        next_id=next_id,
        content_hash=content_hash,
        books_hash=row.books_hash,
        prices=[Price.model_validate(one) for one in seen],
        turns=[_turn(one, record) for one in taken],
        other_events=[event for name, events in record.events.items() if name not in asked for event in events],
    )


async def _record(connection: AsyncConnection, cycle_id: int) -> Record:
    talks = {one.contestant_id: one for one in await conversations.of_cycle(connection, cycle_id)}
    decided: dict[str, list[DecisionRow]] = defaultdict(list)
    for one in await decisions.of_cycles(connection, [cycle_id]):
        decided[one.contestant_id].append(one)
    events: dict[str, list[ContestantEvent]] = defaultdict(list)
    for event in await contestant_events.events_of_cycle(connection, cycle_id):
        events[event.contestant_id].append(ContestantEvent.model_validate(event))
    done = [one.id for mine in decided.values() for one in mine if one.verdict == "accepted"]
    return Record(talks, decided, await fills.fills_of_decisions(connection, done), events)


def _turn(row: TurnRow, record: Record) -> Turn:
    mine, talk = record.events.get(row.contestant_id, ()), record.talks.get(row.contestant_id)
    return Turn(
        contestant_id=row.contestant_id,
        state=row.state,
        outcome=row.outcome,
        detail=row.detail,
        latency_ms=row.latency_ms,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        deadline_at=row.deadline_at,
        close_only=row.close_only,
        verdict=row.verdict,
        code=row.code,
        books_hash=row.books_hash,
        filled_at=row.filled_at,
        conversation_id=talk.id if talk else None,
        provider=talk.provider if talk else None,
        model=talk.model if talk else None,
        template=talk.template if talk else None,
        template_hash=talk.template_hash if talk else None,
        prompt_hash=talk.prompt_hash if talk else None,
        market_hash=talk.market_hash if talk else None,
        calls=(talk.calls or 0) if talk else 0,
        tokens=tokens_of(talk) if talk else NOT_COUNTED,
        cost_usd=talk.cost_usd if talk else None,
        decisions=[_decision(one, mine, record.fills) for one in record.decided.get(row.contestant_id, ())],
        events=[event for event in mine if event.decision_id is None],
    )


def _decision(row: DecisionRow, events: Sequence[ContestantEvent], made: Mapping[int, Sequence[FillRow]]) -> TurnDecision:
    return TurnDecision(
        **Decision.model_validate(row).__dict__,
        events=[event for event in events if event.decision_id == row.id],
        fills=[Fill.model_validate(one) for one in made.get(row.id, ())],
    )
