"""Trades and decisions: lists with filters, and each one whole."""

from typing import Literal

from fastapi import APIRouter

from app.api.context import ArenaDep
from app.api.errors import ProblemError
from app.api.paging import LIMIT_DEFAULT, Cursor, CycleId, Id, Limit, next_cursor
from app.api.record_schemas import Decision, DecisionDetail, Fill, Trade, TradeDetail
from app.api.schemas import Page
from app.api.system import parts_of
from app.store import decisions, fills, trades

router = APIRouter()


@router.get("/trades", operation_id="trades-list", tags=["trades"])
async def list_trades(
    arena: ArenaDep,
    contestant: str | None = None,
    symbol: str | None = None,
    state: Literal["open", "closed"] | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[Trade]:
    """Round trips, newest first."""
    async with parts_of(arena).database.reading() as connection:
        rows = await trades.list_trades(connection, contestant=contestant, symbol=symbol, state=state, limit=limit, cursor=cursor)
    return Page(items=[Trade.model_validate(row) for row in rows], next_cursor=next_cursor([row.id for row in rows], limit))


@router.get("/trades/{trade_id}", operation_id="trades-show", tags=["trades"])
async def show_trade(arena: ArenaDep, trade_id: Id) -> TradeDetail:
    """One round trip with every fill that made it."""
    async with parts_of(arena).database.reading() as connection:
        row = await trades.get_trade(connection, trade_id)
        if row is None:
            raise ProblemError(404, f"no trade {trade_id}")
        made = await fills.fills_of_trade(connection, trade_id)
    return TradeDetail(**Trade.model_validate(row).__dict__, fills=[Fill.model_validate(one) for one in made])


@router.get("/decisions", operation_id="decisions-list", tags=["decisions"])
async def list_decisions(
    arena: ArenaDep,
    contestant: str | None = None,
    cycle: CycleId = None,
    verdict: Literal["accepted", "refused", "held"] | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[Decision]:
    """What contestants asked for and what became of it, newest first."""
    async with parts_of(arena).database.reading() as connection:
        rows = await decisions.list_decisions(connection, contestant=contestant, cycle=cycle, verdict=verdict, limit=limit, cursor=cursor)
    return Page(items=[Decision.model_validate(row) for row in rows], next_cursor=next_cursor([row.id for row in rows], limit))


@router.get("/decisions/{decision_id}", operation_id="decisions-show", tags=["decisions"])
async def show_decision(arena: ArenaDep, decision_id: Id) -> DecisionDetail:
    """One decision with the fills it caused."""
    async with parts_of(arena).database.reading() as connection:
        row = await decisions.get_decision(connection, decision_id)
        if row is None:
            raise ProblemError(404, f"no decision {decision_id}")
        made = await fills.fills_of_decision(connection, decision_id)
    return DecisionDetail(**Decision.model_validate(row).__dict__, fills=[Fill.model_validate(one) for one in made])
