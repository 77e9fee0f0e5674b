"""Calls: every HTTP attempt of a conversation with the exact bytes that went over the wire, its tokens and its cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.blobs import Packed, get_blobs, pack, put_blobs
from app.store.foreign import counted, plain_json
from app.store.rows import columns_of, first, records
from app.store.tables import calls
from app.store.totals import CostTotals, add_to_many, costs
from app.store.wire import Piece, cut, joined, named

__all__ = ["CallRow", "CostTotals", "NewCall", "PreparedCalls", "costs", "prepare_calls", "save_calls", "write_calls"]

TOKENS = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
STREAM_TYPE = "event-stream"
OK, MULTIPLE_CHOICES = 200, 300
GIVEN_UP = "timeout"
"""The kind of error of a call that the deadline ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    number: int
    purpose: str
    started_at: datetime
    first_byte_ms: int | None = None
    ended_ms: int
    http_status: int | None = None
    content_type: str | None = None
    request_id: str | None = None
    finish_reason: str | None = None
    model: str | None = None
    error_kind: str | None = None
    error: str | None = None
    usage: Mapping[str, Any] | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    price_id: str | None = None
    cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCall(_Call):
    """A call to store. Purpose ask, retry or reask; times in ms since `started_at`; `sent` and `received` are the exact bodies.

    `shared` are texts that are likely to stand in the request body as JSON strings: each is stored once for all calls that hold it.
    """

    sent: bytes
    received: bytes
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow(_Call):
    """A stored call. `sent` are the pieces of the request body (app.store.wire), `received_hash` names the response, None without one."""

    id: int
    conversation_id: int
    contestant_id: str
    sent: list[Piece]
    received_hash: str | None


@dataclass(frozen=True, slots=True)
class PreparedCalls:
    """Calls as rows, with the contents they name: `texts` are likely known already, `bodies` are compressed."""

    rows: tuple[dict[str, Any], ...]
    texts: dict[str, bytes]
    bodies: tuple[Packed, ...]

    def sums(self) -> dict[str, int | Decimal]:
        """What they add to the contestant's sums."""
        used = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")
        return {
            "calls": len(self.rows),
            "unpriced_calls": sum(is_unpriced(row) for row in self.rows),
            **{name: self.total(name) or 0 for name in used},
            "cost_usd": self.cost or Decimal(0),
        }

    def total(self, name: str) -> int | None:
        """Sum of one kind of tokens; None when no call told."""
        told = [row[name] for row in self.rows if row[name] is not None]
        return sum(told) if told else None

    @property
    def cost(self) -> Decimal | None:
        """USD of all calls; None when none has a price."""
        priced = [row["cost_usd"] for row in self.rows if row["cost_usd"] is not None]
        return sum(priced, Decimal(0)) if priced else None


_ALL = select(*columns_of(calls, CallRow))


def is_unpriced(row: Mapping[str, Any]) -> bool:
    """Whether a call cost something that nobody knows: it used tokens without a price, or was answered without a word of what it used.

    What a host refused or never got is free; one that had begun to answer, or was given up on while it thought, was not.
    """
    if row["cost_usd"] is not None:
        return False
    began = row["http_status"] is not None and OK <= row["http_status"] < MULTIPLE_CHOICES
    return began or row["error_kind"] == GIVEN_UP or row["input_tokens"] is not None or row["output_tokens"] is not None


def prepare_calls(new: Sequence[NewCall]) -> PreparedCalls:
    """Cut, hash and compress: the slow part of storing calls. Pure, so a thread may do it, outside any transaction."""
    rows: list[dict[str, Any]] = []
    texts: dict[str, bytes] = {}
    bodies: dict[str, Packed] = {}
    for call in new:
        parts = cut(call.sent, call.shared)
        texts |= parts.shared
        bodies |= {name: pack(raw) for name, raw in parts.own.items() if name not in bodies}
        received = pack(call.received, streamed=STREAM_TYPE in (call.content_type or "")) if call.received else None
        if received is not None:
            bodies[received.hash] = received
        rows.append(_row(call, parts.pieces, received))
    return PreparedCalls(tuple(rows), texts, tuple(bodies.values()))


async def save_calls(connection: AsyncConnection, conversation_id: int, contestant_id: str, new: Sequence[NewCall]) -> None:
    """Store the calls of a conversation, and add them to the contestant's sums."""
    prepared = prepare_calls(new)
    await put_blobs(connection, prepared.texts, prepared.bodies)
    await write_calls(connection, [(conversation_id, contestant_id, prepared)])


async def write_calls(connection: AsyncConnection, made: Sequence[tuple[int, str, PreparedCalls]]) -> None:
    """Store prepared calls whose contents are stored already, and add them to the contestants' sums: (conversation, contestant, calls)."""
    rows = [
        {**row, "conversation_id": conversation_id, "contestant_id": contestant_id}
        for conversation_id, contestant_id, prepared in made
        for row in prepared.rows
    ]
    if rows:
        await connection.execute(insert(calls), rows)
        await add_to_many(connection, {contestant_id: prepared.sums() for _, contestant_id, prepared in made if prepared.rows})


async def calls_of(connection: AsyncConnection, conversation_id: int) -> list[CallRow]:
    """The calls of a conversation, in the order they were made."""
    return await records(connection, _ALL.where(calls.c.conversation_id == conversation_id).order_by(calls.c.number), CallRow)


async def get_call(connection: AsyncConnection, conversation_id: int, number: int) -> CallRow | None:
    """One call of a conversation."""
    return await first(connection, _ALL.where((calls.c.conversation_id == conversation_id) & (calls.c.number == number)), CallRow)


async def sent_bytes(connection: AsyncConnection, row: CallRow) -> bytes:
    """The request body exactly as it was sent."""
    return joined(row.sent, await get_blobs(connection, named(row.sent)))


async def received_bytes(connection: AsyncConnection, row: CallRow) -> bytes:
    """The response body exactly as it was received; empty when none came."""
    if row.received_hash is None:
        return b""
    return (await get_blobs(connection, [row.received_hash]))[row.received_hash]


async def cost_since(connection: AsyncConnection, contestant_id: str, since: datetime) -> Decimal:
    """USD that a contestant's calls cost from a time on; calls without a price count as nothing."""
    mine = (calls.c.contestant_id == contestant_id) & (calls.c.started_at >= since) & calls.c.cost_usd.is_not(None)
    return sum((await connection.execute(select(calls.c.cost_usd).where(mine))).scalars(), Decimal(0))


async def costs_since(connection: AsyncConnection, since: datetime) -> dict[str, Decimal]:
    """USD by contestant from a time on, for everybody at once; those without priced calls are absent."""
    found: dict[str, Decimal] = {}
    priced = (calls.c.started_at >= since) & calls.c.cost_usd.is_not(None)
    for name, cost in await connection.execute(select(calls.c.contestant_id, calls.c.cost_usd).where(priced)):
        found[name] = found.get(name, Decimal(0)) + cost
    return found


def _row(call: NewCall, pieces: list[Piece], received: Packed | None) -> dict[str, Any]:
    about = {name: getattr(call, name) for name in _Call.__dataclass_fields__}
    return {
        **about,
        **{name: counted(about[name]) for name in TOKENS},
        "usage": plain_json(call.usage) if call.usage else None,
        "sent": pieces,
        "received_hash": None if received is None else received.hash,
    }
