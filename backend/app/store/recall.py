"""What contestants are reminded of: their plans for what they hold, their last decisions with what became of them, their last trades.

A few statements for everybody at once, so that a hundred prompts cost no more than one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.newest import newest_of_each
from app.store.tables import contestant_totals, decisions, fills, orders, trades, turns
from app.store.turn_tables import ACCEPTED

IDS_AT_ONCE = 1_000
DAY = timedelta(days=1)
"""Over how long open interest is averaged for a prompt."""


@dataclass(frozen=True, slots=True)
class RecalledPlan:
    """What a contestant said of a position when it last decided on it; what it left unsaid then is as it said when it opened it."""

    symbol: str
    decided_at: datetime
    invalidation: str | None
    confidence: Decimal | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class RecalledFill:
    """What a decision did: quantity in the base coin, price and fee in USDT."""

    purpose: str
    quantity: Decimal
    price: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class RecalledDecision:
    """An earlier decision and what became of it."""

    at: datetime
    action: str
    symbol: str | None
    notional: Decimal | None
    leverage: int | None
    close_fraction: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    verdict: str
    code: str | None
    message: str | None
    fills: tuple[RecalledFill, ...] = ()


@dataclass(frozen=True, slots=True)
class RecalledTrade:
    """A finished round trip. Profit, fees and funding in USDT."""

    symbol: str
    side: str
    leverage: int
    opened_at: datetime
    closed_at: datetime
    entry_price: Decimal
    exit_price: Decimal
    quantity: Decimal
    net_pnl: Decimal
    fees: Decimal
    funding: Decimal
    exit_reason: str


@dataclass(frozen=True, slots=True)
class Memory:
    """One contestant's past, lists oldest to newest. `times_asked` counts its turns before the cycle."""

    plans: tuple[RecalledPlan, ...] = ()
    past: tuple[RecalledDecision, ...] = ()
    closed: tuple[RecalledTrade, ...] = ()
    times_asked: int = 0


async def seat_memory(
    connection: AsyncConnection, contestant_ids: Sequence[str], before_cycle: int, decisions_max: int, trades_max: int
) -> dict[str, Memory]:
    """The memory of each, as it stands before a cycle decides: its own decisions are left out, trades that its watch closed are not."""
    if not contestant_ids:
        return {}
    asked = await _times_asked(connection, contestant_ids, before_cycle)
    plans = await _plans(connection, contestant_ids, before_cycle)
    past = await _past(connection, contestant_ids, before_cycle, decisions_max)
    closed = await _closed(connection, contestant_ids, trades_max)
    return {
        name: Memory(tuple(plans.get(name, {}).values()), tuple(past.get(name, ())), tuple(closed.get(name, ())), asked.get(name, 0))
        for name in contestant_ids
    }


async def _times_asked(connection: AsyncConnection, names: Sequence[str], before_cycle: int) -> dict[str, int]:
    t = contestant_totals.c
    since = (turns.c.cycle_id >= before_cycle) & turns.c.contestant_id.in_(names)
    made = select(turns.c.contestant_id, func.count()).where(since & turns.c.asked_at.is_not(None)).group_by(turns.c.contestant_id)
    later: Counter[str] = Counter()
    for name, times in await connection.execute(made):
        later[name] = times
    rows = await connection.execute(select(t.contestant_id, t.asked).where(t.contestant_id.in_(names)))
    return {name: asked - later[name] for name, asked in rows}


async def _plans(connection: AsyncConnection, names: Sequence[str], before_cycle: int) -> dict[str, dict[str, RecalledPlan]]:
    d, t = decisions.c, trades.c
    columns = (d.created_at, d.invalidation, d.confidence, d.reason)
    held = t.closed_at.is_(None) & t.contestant_id.in_(names)
    opening = await connection.execute(select(t.contestant_id, t.symbol, *columns).join(decisions, d.id == t.opened_by).where(held))
    plans: dict[str, dict[str, RecalledPlan]] = defaultdict(dict)
    for name, symbol, *said in opening:
        plans[name][symbol] = RecalledPlan(symbol, *said)
    same = (d.contestant_id == t.contestant_id) & (d.symbol == t.symbol) & (d.id > t.opened_by) & (d.cycle_id < before_cycle) & ACCEPTED
    last = select(d.id).where(same).order_by(d.id.desc()).limit(1).correlate(trades).scalar_subquery()
    newest = select(last).select_from(trades).where(held)
    for name, symbol, *said in await connection.execute(select(d.contestant_id, d.symbol, *columns).where(d.id.in_(newest))):
        plans[name][symbol] = _carried(plans[name].get(symbol), RecalledPlan(symbol, *said))
    return plans


def _carried(before: RecalledPlan | None, now: RecalledPlan) -> RecalledPlan:
    if before is None:
        return now
    confidence = before.confidence if now.confidence is None else now.confidence
    return replace(now, invalidation=now.invalidation or before.invalidation, confidence=confidence, reason=now.reason or before.reason)


async def _past(connection: AsyncConnection, names: Sequence[str], before_cycle: int, limit: int) -> dict[str, list[RecalledDecision]]:
    d = decisions.c
    said = (
        d.created_at,
        d.action,
        d.symbol,
        d.notional,
        d.leverage,
        d.close_fraction,
        d.stop_loss,
        d.take_profit,
        d.verdict,
        d.code,
        d.message,
    )
    statement = newest_of_each(
        connection,
        decisions,
        (d.contestant_id, d.id, *said),
        names,
        where=d.cycle_id < before_cycle,
        newest_first=(d.id.desc(),),
        limit=limit,
    )
    rows = sorted((await connection.execute(statement)).all(), key=lambda row: row.id)
    done = await _fills(connection, [row.id for row in rows if row.verdict == "accepted"])
    past: dict[str, list[RecalledDecision]] = defaultdict(list)
    for name, decision_id, *values in rows:
        past[name].append(replace(RecalledDecision(*values), fills=tuple(done.get(decision_id, ()))))
    return past


async def _fills(connection: AsyncConnection, decision_ids: Sequence[int]) -> dict[int, list[RecalledFill]]:
    found: dict[int, list[RecalledFill]] = defaultdict(list)
    columns = (orders.c.decision_id, fills.c.purpose, fills.c.quantity, fills.c.price, fills.c.fee)
    for some in _pieces(decision_ids):
        mine = select(*columns).join(fills, fills.c.order_id == orders.c.id).where(orders.c.decision_id.in_(some)).order_by(fills.c.id)
        for decision_id, *values in await connection.execute(mine):
            found[decision_id].append(RecalledFill(*values))
    return found


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), IDS_AT_ONCE):
        yield ids[start : start + IDS_AT_ONCE]


async def _closed(connection: AsyncConnection, names: Sequence[str], limit: int) -> dict[str, list[RecalledTrade]]:
    t = trades.c
    values = (t.symbol, t.side, t.leverage, t.opened_at, t.closed_at, t.entry_price, t.exit_price, t.entry_quantity)
    results: tuple[Any, ...] = (t.net_pnl, t.fees, t.funding, t.exit_reason)
    statement = newest_of_each(
        connection,
        trades,
        (t.contestant_id, t.id, *values, *results),
        names,
        where=t.closed_at.is_not(None),
        newest_first=(t.closed_at.desc(), t.id.desc()),
        limit=limit,
    )
    rows = sorted((await connection.execute(statement)).all(), key=lambda row: (row.closed_at, row.id))
    closed: dict[str, list[RecalledTrade]] = defaultdict(list)
    for name, _, *found in rows:
        closed[name].append(RecalledTrade(*found))
    return closed
