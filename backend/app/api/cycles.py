"""Cycles: what everybody saw, said and did, one turn of the arena at a time."""

from typing import Literal

from fastapi import APIRouter

from app.api.context import ArenaDep
from app.api.errors import ProblemError
from app.api.paging import LIMIT_DEFAULT, Cursor, Id, Limit, next_cursor
from app.api.record_schemas import Cycle, CycleDetail, Decision, Price, Turn
from app.api.schemas import Page
from app.api.system import parts_of
from app.store import conversations, cycles, decisions, prices, snapshots, turns

router = APIRouter(prefix="/cycles", tags=["cycles"])


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
        seen = await prices.prices_of_cycle(connection, cycle_id)
        taken = await turns.turns_of(connection, cycle_id)
        decided = await decisions.list_decisions(connection, cycle=cycle_id, limit=500)
        talks = {talk.contestant_id: talk.id for talk in await conversations.of_cycle(connection, cycle_id)}
        content_hash = await snapshots.content_hash_of(connection, cycle_id)
    return CycleDetail(
        **Cycle.model_validate(row).__dict__,
        content_hash=content_hash,
        books_hash=row.books_hash,
        prices=[Price.model_validate(one) for one in seen],
        turns=[
            Turn(
                contestant_id=turn.contestant_id,
                state=turn.state,
                outcome=turn.outcome,
                detail=turn.detail,
                latency_ms=turn.latency_ms,
                conversation_id=talks.get(turn.contestant_id),
                decisions=[Decision.model_validate(one) for one in reversed(decided) if one.contestant_id == turn.contestant_id],
            )
            for turn in taken
        ],
    )
