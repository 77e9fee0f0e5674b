"""Decisions: every action a contestant asked for, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.rows import columns_of, first, page, records, values_of
from app.store.tables import conversations, decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDecision:
    """A decision to store. Verdict accepted, refused or held; `code`, `needed` and `available` explain a refusal.

    `refused_by` is reading (it never reached the exchange) or exchange, None when it wasn't refused.
    """

    cycle_id: int
    contestant_id: str
    conversation_id: int | None
    position: int
    action: str
    symbol: str | None = None
    notional: Decimal | None = None
    leverage: int | None = None
    close_fraction: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    confidence: Decimal | None = None
    invalidation: str | None = None
    reason: str | None = None
    summary: str | None = None
    verdict: str
    code: str | None = None
    message: str | None = None
    needed: Decimal | None = None
    available: Decimal | None = None
    refused_by: str | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow(NewDecision):
    """A stored decision, with the prompt template it answers (name, and hash of its words); None for an operator's order and old rows."""

    id: int
    template: str | None = None
    template_hash: str | None = None


_TEMPLATE = (conversations.c.template, conversations.c.template_hash)
_ALL = select(*columns_of(decisions, DecisionRow, without=("template", "template_hash")), *_TEMPLATE).outerjoin(
    conversations, conversations.c.id == decisions.c.conversation_id
)


async def save_decisions(connection: AsyncConnection, rows: Sequence[NewDecision]) -> dict[int, int]:
    """Store the decisions of one turn; ids by position."""
    return {position: decision_id for (_, position), decision_id in (await save_all_decisions(connection, rows)).items()}


async def save_all_decisions(connection: AsyncConnection, rows: Sequence[NewDecision]) -> dict[tuple[str, int], int]:
    """Store decisions of several contestants' turns; ids by contestant and position."""
    if not rows:
        return {}
    statement = insert(decisions).returning(decisions.c.contestant_id, decisions.c.position, decisions.c.id)
    stored = (await connection.execute(statement, values_of(rows))).all()
    return {(row.contestant_id, int(row.position)): int(row.id) for row in stored}


async def of_cycles(connection: AsyncConnection, cycle_ids: Sequence[int]) -> list[DecisionRow]:
    """All decisions of several cycles, in the order they were asked for."""
    mine = decisions.c.cycle_id.in_(cycle_ids)
    order = (decisions.c.cycle_id, decisions.c.contestant_id, decisions.c.position)
    return await records(connection, _ALL.where(mine).order_by(*order), DecisionRow)


async def get_decision(connection: AsyncConnection, decision_id: int) -> DecisionRow | None:
    """One decision."""
    return await first(connection, _ALL.where(decisions.c.id == decision_id), DecisionRow)


async def list_decisions(
    connection: AsyncConnection,
    *,
    contestant: str | None = None,
    cycle: int | None = None,
    verdict: str | None = None,
    limit: int = 50,
    cursor: int | None = None,
) -> list[DecisionRow]:
    """Newest first."""
    filters = {"contestant_id": contestant, "cycle_id": cycle, "verdict": verdict}
    return await records(connection, page(_ALL, decisions, filters, limit=limit, cursor=cursor), DecisionRow)
