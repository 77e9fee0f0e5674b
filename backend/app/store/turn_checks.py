"""Whether what was said is whole: every content is there and is what its name says, and the running sums are what their parts sum to."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store import tables
from app.store.blobs import hash_of, unpack
from app.store.calls import is_unpriced
from app.store.contestant_events import SUMMED
from app.store.findings import Finding
from app.store.totals import conduct_of
from app.store.wire import named

BLOBS_AT_ONCE = 500
ZERO = Decimal(0)
OPERATOR = "operator"
"""The kind of cycle in which nobody is asked."""
TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")


async def check_turns(connection: AsyncConnection) -> list[Finding]:
    """Everything about turns, calls and contents that differs."""
    return [*await _totals(connection), *await _contents(connection), *await _prompts(connection), *await _named(connection)]


async def _totals(connection: AsyncConnection) -> list[Finding]:
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    await _add_conduct(connection, sums)
    costs = await _add_calls(connection, sums)
    t = tables.contestant_totals
    found: list[Finding] = []
    rows: dict[str, Mapping[str, Any]] = {row["contestant_id"]: dict(row) for row in (await connection.execute(select(t))).mappings()}
    for name in sorted(rows.keys() | sums.keys()):
        stored = rows.get(name, {})
        expected: dict[str, Any] = {column.name: sums[name][column.name] for column in t.c if column.name != "contestant_id"}
        expected["cost_usd"] = costs.get(name, ZERO)
        found += [
            Finding(f"the running sum {key} is that of its parts", name, str(value), str(stored.get(key, 0)))
            for key, value in expected.items()
            if stored.get(key, 0) != value
        ]
    return found


async def _add_conduct(connection: AsyncConnection, sums: dict[str, Counter[str]]) -> None:
    e, t = tables.contestant_events.c, tables.turns.c
    kinds: dict[tuple[int | None, str], set[str]] = defaultdict(set)
    for cycle_id, name, kind in await connection.execute(select(e.cycle_id, e.contestant_id, e.kind)):
        kinds[cycle_id, name].add(kind)
        if kind in SUMMED:
            sums[name][SUMMED[kind]] += 1
    # A turn that the operator made was asked of nobody, nor was one with a code and no time. Turns of before have neither.
    k = tables.cycles.c.kind
    columns = (t.cycle_id, t.contestant_id, t.state, t.outcome, t.asked_at, t.code, k)
    made = select(*columns).join(tables.cycles, tables.cycles.c.id == t.cycle_id)
    for cycle_id, name, state, outcome, asked_at, code, kind in await connection.execute(made):
        sums[name]["asked"] += int(asked_at is not None or (kind != OPERATOR and code is None))
        if state == "settled" and asked_at is not None:
            sums[name].update(conduct_of(outcome, frozenset(kinds[cycle_id, name])))


async def _add_calls(connection: AsyncConnection, sums: dict[str, Counter[str]]) -> dict[str, Decimal]:
    c = tables.calls.c
    costs: dict[str, Decimal] = defaultdict(Decimal)
    columns = (c.contestant_id, c.cost_usd, c.http_status, c.error_kind, *(c[name] for name in TOKENS))
    for row in (await connection.execute(select(*columns))).mappings():
        name = row["contestant_id"]
        costs[name] += row["cost_usd"] or ZERO
        sums[name].update({key: row[key] or 0 for key in TOKENS})
        sums[name].update({"calls": 1, "unpriced_calls": int(is_unpriced(dict(row)))})
    return costs


async def _contents(connection: AsyncConnection) -> list[Finding]:
    """Every content unpacks to bytes whose hash is its name."""
    b = tables.blobs.c
    found: list[Finding] = []
    last = ""
    while rows := (
        await connection.execute(select(b.hash, b.packing, b.content, b.size).where(b.hash > last).order_by(b.hash).limit(BLOBS_AT_ONCE))
    ).all():
        last = rows[-1].hash
        for name, packing, content, size in rows:
            told = _told(packing, content)
            if told != (name, size):
                found.append(
                    Finding("a stored content is what its hash says", None, f"{name}, {size} bytes", f"{told[0]}, {told[1]} bytes")
                )
    return found


def _told(packing: int, content: bytes) -> tuple[str, int]:
    try:
        raw = unpack(packing, content)
    except (ValueError, zlib.error) as error:
        return f"unreadable ({error})", 0
    return hash_of(raw), len(raw)


async def _prompts(connection: AsyncConnection) -> list[Finding]:
    p = tables.prompts.c
    return [
        Finding("a stored prompt is what its hash says", None, name, told)
        for name, text in await connection.execute(select(p.hash, p.text))
        if (told := hash_of(text.encode())) != name
    ]


async def _named(connection: AsyncConnection) -> list[Finding]:
    """Every content that a row names is there. Rows are gone through by blob, so that nothing but names is held."""
    known = set((await connection.execute(select(tables.blobs.c.hash))).scalars())
    found: list[Finding] = []
    for table, column in (
        (tables.conversations, "user_hash"),
        (tables.conversations, "market_hash"),
        (tables.calls, "received_hash"),
        (tables.snapshots, "manifest"),
        (tables.cycles, "books_hash"),
        (tables.turns, "books_hash"),
    ):
        names = select(table.c.id, table.c[column]).where(table.c[column].is_not(None))
        found += [_missing(table.name, row_id, name) for row_id, name in await connection.execute(names) if name not in known]
    sent = await connection.execute(select(tables.calls.c.id, tables.calls.c.sent))
    found += [_missing("calls", call_id, name) for call_id, pieces in sent for name in named(pieces) if name not in known]
    return found


def _missing(table: str, row_id: int, name: str) -> Finding:
    return Finding(f"what row {row_id} of {table} names is stored", None, name, "none")
