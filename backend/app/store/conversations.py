"""Conversations: what a model was sent and what came back, whole. Prompt texts are shared by hash.

Storing one has two halves: `prepare_conversation` hashes and compresses, and may run in a thread; `write_conversation` only writes rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.blobs import Packed, get_blobs, hash_of, pack, put_blobs
from app.store.calls import NewCall, PreparedCalls, prepare_calls, write_calls
from app.store.foreign import plain_json
from app.store.rows import columns_of, first, inserted, page, records
from app.store.tables import conversations, prompts
from app.store.types import storable
from app.store.upsert import insert_missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How the answer to a conversation stands: of the last call, where there were several."""

    reply: str | None
    finish_reason: str | None
    usage: Mapping[str, Any] | None
    latency_ms: int
    http_status: int | None
    error_kind: str | None
    error: str | None
    request_id: str | None
    answered_at: datetime | None = None
    verdict: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConversation(Answered):
    """A conversation to store. The texts sent are `system`, and `market` followed by `user`: what everybody saw, and one's own part.

    `family` and `version` name the prompt family; `template` is the full name, `template_hash` its fingerprint.
    """

    cycle_id: int
    contestant_id: str
    created_at: datetime
    provider: str
    model: str
    family: str
    version: str
    system: str
    user: str
    market: str | None = None
    reasoning: str | None = None
    template: str | None = None
    template_hash: str | None = None
    asked_at: datetime | None = None
    deadline_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A stored conversation; the hashes name the texts sent. Tokens and cost are sums over its calls, None where nothing is known.

    `reasoning` is set in rows of before only: what a model thought stands in the bytes of its last call.
    """

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
    template: str | None
    template_hash: str | None
    market_hash: str | None
    asked_at: datetime | None
    answered_at: datetime | None
    deadline_at: datetime | None
    verdict: str | None
    code: str | None
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: Decimal | None
    calls: int


@dataclass(frozen=True, slots=True)
class PreparedConversation:
    """A conversation as rows. `texts` are likely stored already, `own` is compressed."""

    row: Mapping[str, Any]
    prompt: Mapping[str, Any]
    texts: dict[str, bytes]
    own: Packed
    calls: PreparedCalls


ANSWER = tuple(Answered.__dataclass_fields__)
SUMMED = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")

_ALL = select(*columns_of(conversations, ConversationRow))


def prepare_conversation(new: NewConversation, calls: Sequence[NewCall] = ()) -> PreparedConversation:
    """Hash, cut and compress. Pure, so a thread may do it, outside any transaction."""
    system, own = new.system, pack(_text(new.user))
    market = None if new.market is None else _text(new.market)
    market_hash = None if market is None else hash_of(market)
    kept = prepare_calls(calls)
    prompt = {"hash": hash_of(_text(system)), "family": new.family, "version": new.version, "text": system, "created_at": new.created_at}
    return PreparedConversation(
        row={
            **_answer(new, kept),
            "cycle_id": new.cycle_id,
            "contestant_id": new.contestant_id,
            "created_at": new.created_at,
            "provider": new.provider,
            "model": new.model,
            "prompt_hash": prompt["hash"],
            "user_hash": own.hash,
            "market_hash": market_hash,
            "reasoning": None if calls else new.reasoning,
            "template": new.template,
            "template_hash": new.template_hash,
            "asked_at": new.asked_at,
            "deadline_at": new.deadline_at,
        },
        prompt=prompt,
        texts={} if market is None or market_hash is None else {market_hash: market},
        own=own,
        calls=kept,
    )


async def write_conversation(connection: AsyncConnection, prepared: PreparedConversation) -> int:
    """Store a prepared conversation and its calls; its id."""
    (conversation_id,) = await write_conversations(connection, [prepared])
    return conversation_id


async def write_conversations(connection: AsyncConnection, prepared: Sequence[PreparedConversation]) -> list[int]:
    """Store prepared conversations and their calls, with no more statements than one takes; their ids, in order."""
    prompts_sent = {one.prompt["hash"]: dict(one.prompt) for one in prepared}
    bodies = {body.hash: body for one in prepared for body in (one.own, *one.calls.bodies)}
    shared = {name: text for one in prepared for name, text in (*one.texts.items(), *one.calls.texts.items())}
    texts = {name: text for name, text in shared.items() if name not in bodies}
    await connection.execute(insert_missing(connection, prompts, key=("hash",)), list(prompts_sent.values()))
    await put_blobs(connection, texts, bodies.values())
    ids = await inserted(connection, conversations, [one.row for one in prepared])
    made = zip(ids, prepared, strict=True)
    await write_calls(connection, [(conversation_id, one.row["contestant_id"], one.calls) for conversation_id, one in made])
    return ids


async def save_conversation(connection: AsyncConnection, new: NewConversation, calls: Sequence[NewCall] = ()) -> int:
    """Store a conversation and its calls; its id."""
    return await write_conversation(connection, prepare_conversation(new, calls))


async def amend_conversation(connection: AsyncConnection, conversation_id: int, answer: Answered, kept: PreparedCalls) -> None:
    """The answer stands otherwise now, after these further calls, whose numbers go on from those stored."""
    before = await get_conversation(connection, conversation_id)
    if before is None:
        raise KeyError(conversation_id)
    row = _answer(answer, kept)
    for name in (*SUMMED, "cost_usd", "calls"):
        stored = getattr(before, name)
        row[name] = stored if row[name] is None else row[name] + (stored or 0)
    await connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(row))
    await put_blobs(connection, kept.texts, kept.bodies)
    await write_calls(connection, [(conversation_id, before.contestant_id, kept)])


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
    """(role, text) of the messages that the first call sent."""
    system = (await connection.execute(select(prompts.c.text).where(prompts.c.hash == row.prompt_hash))).scalar_one()
    parts = [one for one in (row.market_hash, row.user_hash) if one is not None]
    content = await get_blobs(connection, parts)
    return [("system", system), ("user", b"".join(content[one] for one in parts).decode())]


def _answer(answer: Answered, calls: PreparedCalls) -> dict[str, Any]:
    about = {name: getattr(answer, name) for name in ANSWER}
    sums = {name: calls.total(name) for name in SUMMED}
    return {**about, "usage": plain_json(answer.usage) if answer.usage else None, **sums, "cost_usd": calls.cost, "calls": len(calls.rows)}


def _text(text: str) -> bytes:
    """As bytes; what has none (half of a surrogate pair) is kept as every other text is."""
    return storable(text).encode()
