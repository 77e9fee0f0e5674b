"""Running sums per contestant: how its turns went, what its calls cost. Changed only in the transaction that changes what they sum.

Added up here, exactly: SQLite would sum money as floats, and a year of rows is too many to sum for a page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.rows import columns_of
from app.store.tables import contestant_totals, contestants

NOT_COUNTED = frozenset({"interrupted"})
"""Outcomes of turns that count in no rate: the arena cut them off, not the contestant."""

LATE = frozenset({"late"})
FAILED = frozenset({"failed", "refused"})
CHANGES = frozenset({"repair", "clamp", "refusal", "partial", "late", "forced_exit", "failed"})
"""Kinds of events that make a turn one with an intervention."""

UNCLEAN = frozenset({"repair", "clamp", "refusal", "late", "failed", "reask"})
"""Kinds of events that make a turn one that was not carried out as it was written; who had to be asked twice wrote it wrong once."""


@dataclass(frozen=True, slots=True)
class ConductTotals:
    """How a contestant's settled turns went, those that the arena cut off left out; `failed` counts replies refused as a whole, too.

    `as_written` of `turns` is the rate of compliance, `interventions` of `turns` that of intervention. Repairs, clamps and refusals count
    events, of which one turn may have several.
    """

    turns: int = 0
    as_written: int = 0
    interventions: int = 0
    late: int = 0
    failed: int = 0
    repairs: int = 0
    clamps: int = 0
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class CostTotals:
    """What a contestant's calls cost, USD and tokens. `unpriced_calls` cost something that nobody knows: `usd` lacks them."""

    usd: Decimal = Decimal(0)
    calls: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    unpriced_calls: int = 0


def conduct_of(outcome: str | None, kinds: frozenset[str]) -> dict[str, int]:
    """What one settled turn adds to the sums, given its outcome and the kinds of its events."""
    if outcome is None or outcome in NOT_COUNTED:
        return {"turns": 0, "as_written": 0, "interventions": 0, "late": 0, "failed": 0}
    missed = outcome in LATE | FAILED
    return {
        "turns": 1,
        "as_written": int(not missed and not kinds & UNCLEAN),
        "interventions": int(missed or bool(kinds & CHANGES)),
        "late": int(outcome in LATE),
        "failed": int(outcome in FAILED),
    }


async def counts(connection: AsyncConnection, season_id: int) -> dict[str, ConductTotals]:
    """How the turns of a season's contestants went, by contestant."""
    rows = await connection.execute(_of_season(season_id, columns_of(contestant_totals, ConductTotals)))
    return {name: ConductTotals(*values) for name, *values in rows}


async def costs(connection: AsyncConnection, season_id: int) -> dict[str, CostTotals]:
    """What the calls of a season's contestants cost, by contestant."""
    t = contestant_totals.c
    columns = [t.cost_usd, t.calls, t.input_tokens, t.cached_tokens, t.output_tokens, t.reasoning_tokens, t.unpriced_calls]
    return {name: CostTotals(*values) for name, *values in await connection.execute(_of_season(season_id, columns))}


async def add_to_totals(connection: AsyncConnection, contestant_id: str, changes: Mapping[str, int | Decimal]) -> None:
    """Add to a contestant's sums; columns that aren't named stay."""
    wanted = {name: change for name, change in changes.items() if change}
    if not wanted:
        return
    t = contestant_totals.c
    mine = t.contestant_id == contestant_id
    counted: dict[str, Any] = {name: t[name] + change for name, change in wanted.items() if name != "cost_usd"}
    if "cost_usd" in wanted:
        spent = (await connection.execute(select(t.cost_usd).where(mine).with_for_update())).scalar() or Decimal(0)
        counted["cost_usd"] = spent + wanted["cost_usd"]
    if (await connection.execute(update(contestant_totals).where(mine).values(counted))).rowcount == 0:
        await connection.execute(insert(contestant_totals).values(contestant_id=contestant_id, **wanted))


async def add_to_many(connection: AsyncConnection, changes: Mapping[str, Mapping[str, int | Decimal]]) -> None:
    """Add to the sums of several contestants at once."""
    columns = sorted({name for one in changes.values() for name, change in one.items() if change})
    if not columns:
        return
    t = contestant_totals.c
    wanted = [t.contestant_id, *(t[name] for name in columns)]
    rows = await connection.execute(select(*wanted).where(t.contestant_id.in_(list(changes))).with_for_update())
    before = {row.contestant_id: row for row in rows}
    after = [
        {"who": name, **{column: getattr(before[name], column) + one.get(column, 0) for column in columns}}
        for name, one in changes.items()
        if name in before
    ]
    for name in changes.keys() - before.keys():
        await add_to_totals(connection, name, changes[name])
    if after:
        await connection.execute(update(contestant_totals).where(t.contestant_id == bindparam("who")), after)


async def count_asked(connection: AsyncConnection, contestant_ids: Sequence[str]) -> None:
    """Everybody here is asked once more."""
    mine = contestant_totals.c.contestant_id.in_(contestant_ids)
    await connection.execute(update(contestant_totals).where(mine).values(asked=contestant_totals.c.asked + 1))


def _of_season(season_id: int, columns: Sequence[Any]) -> Select[Any]:
    return (
        select(contestant_totals.c.contestant_id, *columns)
        .join(contestants, contestants.c.id == contestant_totals.c.contestant_id)
        .where(contestants.c.season_id == season_id)
    )
