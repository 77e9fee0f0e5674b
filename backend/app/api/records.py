"""Trades, decisions, conversations: lists with filters, and each one whole."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from app.api.context import ArenaDep
from app.api.errors import ProblemError
from app.api.paging import ID_MAX, LIMIT_DEFAULT, Cursor, Id, Limit, next_cursor
from app.api.record_schemas import Conversation, ConversationDetail, Decision, DecisionDetail, Fill, Message, Trade, TradeDetail
from app.api.schemas import Page
from app.api.system import parts_of
from app.store import conversations, decisions, fills, trades

router = APIRouter()

CycleId = Annotated[int | None, Query(ge=1, le=ID_MAX, description="only rows of this cycle")]


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


@router.get("/conversations", operation_id="conversations-list", tags=["conversations"])
async def list_conversations(
    arena: ArenaDep, contestant: str | None = None, cycle: CycleId = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[Conversation]:
    """What was asked and answered, without the texts, newest first."""
    async with parts_of(arena).database.reading() as connection:
        rows = await conversations.list_conversations(connection, contestant=contestant, cycle=cycle, limit=limit, cursor=cursor)
    return Page(items=[Conversation.model_validate(row) for row in rows], next_cursor=next_cursor([row.id for row in rows], limit))


@router.get("/conversations/{conversation_id}", operation_id="conversations-show", tags=["conversations"])
async def show_conversation(arena: ArenaDep, conversation_id: Id) -> ConversationDetail:
    """One conversation whole: messages, raw reply, reasoning."""
    async with parts_of(arena).database.reading() as connection:
        row = await conversations.get_conversation(connection, conversation_id)
        if row is None:
            raise ProblemError(404, f"no conversation {conversation_id}")
        texts = await conversations.messages_of(connection, row)
    return ConversationDetail(
        **Conversation.model_validate(row).__dict__,
        messages=[Message(role=role, content=content) for role, content in texts],
        reply=row.reply,
        reasoning=row.reasoning,
    )
