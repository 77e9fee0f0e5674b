"""Conversations: what was asked and answered, and for each HTTP attempt exactly the bytes that went over the wire.

A stored reply may hold anything, HTML and scripts included. It leaves here as JSON text or as sandboxed plain text, never as a page.
"""

import base64
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.context import ArenaDep
from app.api.errors import ProblemError
from app.api.paging import LIMIT_DEFAULT, Cursor, CycleId, Id, Limit, next_cursor
from app.api.schemas import Page
from app.api.system import parts_of
from app.api.turn_schemas import Call, CallFacts, Conversation, ConversationDetail, Encoding, Message, Tokens, ToolCall
from app.cycle.parts import Parts
from app.llm.outcome import Reply
from app.llm.profiles import COMPATIBLE, PROFILES
from app.llm.transcript import is_stream, read_wire
from app.store import calls, conversations
from app.store.blobs import get_blobs
from app.store.calls import CallRow
from app.store.conversations import ConversationRow

router = APIRouter(prefix="/conversations", tags=["conversations"])

CALLS_MAX = 1_000
CallNumber = Annotated[int, Path(ge=1, le=CALLS_MAX, description="`number` of the call within its conversation")]

RAW_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    "cache-control": "no-store",
}


@router.get("", operation_id="conversations-list")
async def list_conversations(
    arena: ArenaDep, contestant: str | None = None, cycle: CycleId = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[Conversation]:
    """What was asked and answered, without the texts, newest first."""
    async with parts_of(arena).database.reading() as connection:
        rows = await conversations.list_conversations(connection, contestant=contestant, cycle=cycle, limit=limit, cursor=cursor)
    return Page(items=[summary(row) for row in rows], next_cursor=next_cursor([row.id for row in rows], limit))


@router.get("/{conversation_id}", operation_id="conversations-show")
async def show(arena: ArenaDep, conversation_id: Id) -> ConversationDetail:
    """One conversation whole: messages, raw reply, thinking, and every call with its bytes."""
    parts = parts_of(arena)
    async with parts.database.reading() as connection:
        row = await _known(connection, conversation_id)
        texts = await conversations.messages_of(connection, row)
        market = await _market_of(connection, row)
        made = [(one, *await _bytes_of(connection, one)) for one in await calls.calls_of(connection, conversation_id)]
    heard = _heard(parts, row, made)
    return ConversationDetail(
        **summary(row).__dict__,
        messages=[Message(role=role, content=content) for role, content in texts],
        market=market,
        reply=row.reply,
        tool_calls=[ToolCall.model_validate(one) for one in heard.tool_calls],
        reasoning=row.reasoning or heard.reasoning or None,
        calls=[_call(*one) for one in made],
    )


@router.get("/{conversation_id}/calls/{number}/sent", operation_id="calls-sent", response_class=PlainTextResponse)
async def sent(arena: ArenaDep, conversation_id: Id, number: CallNumber) -> Response:
    """The request body of one call, byte for byte."""
    async with parts_of(arena).database.reading() as connection:
        return _raw(await calls.sent_bytes(connection, await _made(connection, conversation_id, number)))


@router.get("/{conversation_id}/calls/{number}/received", operation_id="calls-received", response_class=PlainTextResponse)
async def received(arena: ArenaDep, conversation_id: Id, number: CallNumber) -> Response:
    """The response body of one call, byte for byte; empty when none came."""
    async with parts_of(arena).database.reading() as connection:
        return _raw(await calls.received_bytes(connection, await _made(connection, conversation_id, number)))


def summary(row: ConversationRow) -> Conversation:
    """A conversation without its texts."""
    given = {name: getattr(row, name) for name in Conversation.model_fields if name != "tokens"}
    return Conversation(**given, tokens=tokens_of(row))


def tokens_of(row: ConversationRow) -> Tokens:
    """Tokens of all its calls together."""
    return Tokens(input=row.input_tokens, cached=row.cached_tokens, output=row.output_tokens, reasoning=row.reasoning_tokens)


async def _known(connection: AsyncConnection, conversation_id: int) -> ConversationRow:
    row = await conversations.get_conversation(connection, conversation_id)
    if row is None:
        raise ProblemError(404, f"no conversation {conversation_id}")
    return row


async def _market_of(connection: AsyncConnection, row: ConversationRow) -> str | None:
    """The shared part of the user message; None for a conversation stored before there was one."""
    if row.market_hash is None:
        return None
    return (await get_blobs(connection, [row.market_hash]))[row.market_hash].decode()


async def _made(connection: AsyncConnection, conversation_id: int, number: int) -> CallRow:
    for one in await calls.calls_of(connection, conversation_id):
        if one.number == number:
            return one
    raise ProblemError(404, f"no call {number} of conversation {conversation_id}")


async def _bytes_of(connection: AsyncConnection, row: CallRow) -> tuple[bytes, bytes]:
    return await calls.sent_bytes(connection, row), await calls.received_bytes(connection, row)


def _call(row: CallRow, sent_bytes: bytes, received_bytes: bytes) -> Call:
    (sent_text, sent_encoding), (received_text, received_encoding) = as_text(sent_bytes), as_text(received_bytes)
    return Call(
        **{name: getattr(row, name) for name in CallFacts.model_fields},
        sent=sent_text,
        sent_encoding=sent_encoding,
        received=received_text,
        received_encoding=received_encoding,
    )


def as_text(content: bytes) -> tuple[str, Encoding]:
    """Bytes as a JSON string can carry them without loss."""
    try:
        return content.decode(), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(content).decode(), "base64"


def _heard(parts: Parts, row: ConversationRow, made: Sequence[tuple[CallRow, bytes, bytes]]) -> Reply:
    """The last call's response read again: what a model thought is stored nowhere but in those bytes."""
    if not made:
        return Reply()
    own = next((one.profile for one in parts.contestants if one.id == row.contestant_id and one.provider == row.provider), None)
    profile = own or PROFILES.get(row.provider, COMPATIBLE)
    last, _, content = made[-1]
    return read_wire(content, profile, streamed=is_stream(last.content_type, asked_for=profile.stream))


def _raw(content: bytes) -> Response:
    return Response(content, media_type="text/plain; charset=utf-8", headers=RAW_HEADERS)
