"""Conversations: what a model was sent and what came back, whole. Prompt texts are shared by hash."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.blobs import get_blobs, put_blobs
from app.store.rows import columns_of, first, page, records
from app.store.tables import conversations, prompts
from app.store.upsert import insert_missing


@dataclass(frozen=True, slots=True)
class NewConversation:
    """A conversation to store. `system` and `user` are the texts sent; `family` and `version` name the prompt template."""

    cycle_id: int
    contestant_id: str
    created_at: datetime
    provider: str
    model: str
    family: str
    version: str
    system: str
    user: str
    reply: str | None
    reasoning: str | None
    finish_reason: str | None
    usage: Mapping[str, Any] | None
    latency_ms: int
    http_status: int | None
    error_kind: str | None
    error: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A stored conversation; `prompt_hash` and `user_hash` name the texts sent."""

    id: int
    cycle_id: int
    contestant_id: str
    created_at: datetime
    provider: str
    model: str
    prompt_hash: str
    user_hash: str
    reply: str | None
    reasoning: str | None
    finish_reason: str | None
    usage: dict[str, Any] | None
    latency_ms: int | None
    http_status: int | None
    error_kind: str | None
    error: str | None
    request_id: str | None


USAGE_DEPTH_MAX = 3
USAGE_ENTRIES_MAX = 64
USAGE_CHARACTERS_MAX = 200

_ALL = select(*columns_of(conversations, ConversationRow))


async def save_conversation(connection: AsyncConnection, new: NewConversation) -> int:
    """Store a conversation; its id."""
    prompt_hash, user_hash = (hashlib.sha256(text.encode()).hexdigest() for text in (new.system, new.user))
    await connection.execute(
        insert_missing(connection, prompts, key=("hash",)),
        [{"hash": prompt_hash, "family": new.family, "version": new.version, "text": new.system, "created_at": new.created_at}],
    )
    await put_blobs(connection, {user_hash: new.user.encode()})
    row = {
        "cycle_id": new.cycle_id,
        "contestant_id": new.contestant_id,
        "created_at": new.created_at,
        "provider": new.provider,
        "model": new.model,
        "prompt_hash": prompt_hash,
        "user_hash": user_hash,
        "reply": new.reply,
        "reasoning": new.reasoning,
        "finish_reason": new.finish_reason,
        "usage": _plain(new.usage, USAGE_DEPTH_MAX) if new.usage else None,
        "latency_ms": new.latency_ms,
        "http_status": new.http_status,
        "error_kind": new.error_kind,
        "error": new.error,
        "request_id": new.request_id,
    }
    return int((await connection.execute(insert(conversations).values(row).returning(conversations.c.id))).scalar_one())


async def of_cycle(connection: AsyncConnection, cycle_id: int) -> list[ConversationRow]:
    """All conversations of a cycle."""
    return await records(connection, _ALL.where(conversations.c.cycle_id == cycle_id).order_by(conversations.c.id), ConversationRow)


async def get_conversation(connection: AsyncConnection, conversation_id: int) -> ConversationRow | None:
    """One conversation."""
    return await first(connection, _ALL.where(conversations.c.id == conversation_id), ConversationRow)


async def list_conversations(
    connection: AsyncConnection, *, contestant: str | None = None, cycle: int | None = None, limit: int = 50, cursor: int | None = None
) -> list[ConversationRow]:
    """Newest first."""
    filters = {"contestant_id": contestant, "cycle_id": cycle}
    return await records(connection, page(_ALL, conversations, filters, limit=limit, cursor=cursor), ConversationRow)


async def messages_of(connection: AsyncConnection, row: ConversationRow) -> list[tuple[str, str]]:
    """(role, text) of the messages sent."""
    system = (await connection.execute(select(prompts.c.text).where(prompts.c.hash == row.prompt_hash))).scalar_one()
    user = (await get_blobs(connection, [row.user_hash]))[row.user_hash].decode()
    return [("system", system), ("user", user)]


def _plain(value: Any, depth: int) -> Any:
    """What a host says it counted, as far as that can be kept: plain values, few levels, few entries; the rest becomes null."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            return value[:USAGE_CHARACTERS_MAX]
        case Mapping() if depth > 0:
            return {str(name)[:USAGE_CHARACTERS_MAX]: _plain(item, depth - 1) for name, item in list(value.items())[:USAGE_ENTRIES_MAX]}
        case _:
            return None
