"""Turns: one contestant's part in one cycle, settled exactly once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import ColumnElement, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.contestant_events import kinds_of_cycle, kinds_of_turn
from app.store.rows import columns_of, records
from app.store.tables import turns
from app.store.totals import NOT_COUNTED, add_to_many, add_to_totals, conduct_of, count_asked

NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TurnRow:
    """State asked, answered, settling or settled; `outcome` once settled. `books_hash` names the market of a fill of its own."""

    cycle_id: int
    contestant_id: str
    state: str
    outcome: str | None
    detail: str | None
    latency_ms: int | None
    asked_at: datetime | None
    answered_at: datetime | None
    deadline_at: datetime | None
    close_only: bool
    verdict: str | None
    code: str | None
    books_hash: str | None
    filled_at: datetime | None


async def start_turns(
    connection: AsyncConnection,
    cycle_id: int,
    contestant_ids: Sequence[str],
    *,
    started_at: datetime,
    asked_at: datetime | None = None,
    deadline_at: datetime | None = None,
    close_only: Collection[str] = (),
    unasked: Mapping[str, str] = NOBODY,
) -> None:
    """Everybody who has a turn in a cycle. Those in `close_only` may open nothing; those in `unasked` are not asked, a code says why.

    Without `asked_at` nobody is asked: a turn of the operator's making. Who is not asked counts in no rate.
    """
    if not contestant_ids:
        return
    about = {"cycle_id": cycle_id, "state": "asked", "started_at": started_at}
    rows = [
        {
            **about,
            "contestant_id": name,
            "asked_at": None if name in unasked else asked_at,
            "deadline_at": None if name in unasked else deadline_at,
            "close_only": name in close_only,
            "code": unasked.get(name),
        }
        for name in contestant_ids
    ]
    await connection.execute(insert(turns), rows)
    if asked_at is not None:
        await count_asked(connection, [name for name in contestant_ids if name not in unasked])


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAnswered:
    """An answer, or a failure to get one, and how it read."""

    contestant_id: str
    latency_ms: int
    answered_at: datetime | None = None
    verdict: str | None = None
    code: str | None = None


async def mark_answered(
    connection: AsyncConnection,
    cycle_id: int,
    contestant_id: str,
    *,
    latency_ms: int,
    answered_at: datetime | None = None,
    verdict: str | None = None,
    code: str | None = None,
) -> None:
    """An answer, or a failure to get one, is stored."""
    one = TurnAnswered(contestant_id=contestant_id, latency_ms=latency_ms, answered_at=answered_at, verdict=verdict, code=code)
    await mark_all_answered(connection, cycle_id, [one])


async def mark_all_answered(connection: AsyncConnection, cycle_id: int, answered: Sequence[TurnAnswered]) -> None:
    """The answers of several contestants of one cycle are stored."""
    mine = (turns.c.cycle_id == cycle_id) & (turns.c.contestant_id == bindparam("who"))
    rows = [
        {"who": one.contestant_id, **{name: getattr(one, name) for name in ("latency_ms", "answered_at", "verdict", "code")}}
        for one in answered
    ]
    if rows:
        await connection.execute(update(turns).where(mine).values(state="answered"), rows)


async def set_books(connection: AsyncConnection, cycle_id: int, contestant_id: str, *, books_hash: str, filled_at: datetime) -> None:
    """Note the stored market that this turn alone fills at: from here on it can be finished from what is stored."""
    await connection.execute(update(turns).where(_mine(cycle_id, contestant_id)).values(books_hash=books_hash, filled_at=filled_at))


async def claim_settlement(connection: AsyncConnection, cycle_id: int, contestant_id: str) -> bool:
    """Whether this turn may be settled now; False when it has been. Counts only if the transaction is committed."""
    open_turn = _mine(cycle_id, contestant_id) & turns.c.state.in_(("asked", "answered"))
    return (await connection.execute(update(turns).where(open_turn).values(state="settling"))).rowcount == 1


async def settle_turn(
    connection: AsyncConnection,
    cycle_id: int,
    contestant_id: str,
    *,
    outcome: str,
    detail: str | None,
    settled_at: datetime,
    verdict: str | None = None,
    code: str | None = None,
) -> None:
    """Close a turn with its outcome, and count how it went; call it once, in the transaction that claimed the turn.

    `verdict` and `code` are those of the whole turn, the exchange's part included; None leaves what reading said.
    """
    values = {"state": "settled", "outcome": outcome, "detail": detail, "settled_at": settled_at}
    values |= {name: value for name, value in (("verdict", verdict), ("code", code)) if value is not None}
    settled = update(turns).where(_mine(cycle_id, contestant_id)).values(values).returning(turns.c.asked_at)
    asked_at = (await connection.execute(settled)).scalar()
    if asked_at is not None and outcome not in NOT_COUNTED:
        await add_to_totals(connection, contestant_id, conduct_of(outcome, await kinds_of_turn(connection, cycle_id, contestant_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSettled:
    """How a turn ended."""

    contestant_id: str
    outcome: str
    detail: str | None
    verdict: str | None = None
    code: str | None = None


async def claim_settlements(connection: AsyncConnection, cycle_id: int, contestant_ids: Collection[str]) -> frozenset[str]:
    """Which of these turns may be settled now. Counts only if the transaction is committed."""
    theirs = (turns.c.cycle_id == cycle_id) & turns.c.contestant_id.in_(contestant_ids) & turns.c.state.in_(("asked", "answered"))
    claimed = update(turns).where(theirs).values(state="settling").returning(turns.c.contestant_id)
    return frozenset((await connection.execute(claimed)).scalars())


async def settle_turns(connection: AsyncConnection, cycle_id: int, settled: Sequence[TurnSettled], *, settled_at: datetime) -> None:
    """Close several turns of one cycle, and count how those went in which somebody was asked, as `settle_turn` does each."""
    if not settled:
        return
    mine = (turns.c.cycle_id == cycle_id) & (turns.c.contestant_id == bindparam("who"))
    rows = [
        {"who": one.contestant_id, "outcome": one.outcome, "detail": one.detail, "verdict": one.verdict, "code": one.code}
        for one in settled
    ]
    await connection.execute(update(turns).where(mine).values(state="settled", settled_at=settled_at), rows)
    kinds = await kinds_of_cycle(connection, cycle_id)
    names = [one.contestant_id for one in settled]
    theirs = (turns.c.cycle_id == cycle_id) & turns.c.contestant_id.in_(names) & turns.c.asked_at.is_not(None)
    asked = set((await connection.execute(select(turns.c.contestant_id).where(theirs))).scalars())
    counted = [one for one in settled if one.contestant_id in asked]
    conduct = {one.contestant_id: conduct_of(one.outcome, kinds.get(one.contestant_id, frozenset())) for one in counted}
    await add_to_many(connection, conduct)


async def close_open_turns(connection: AsyncConnection, cycle_id: int, *, outcome: str, detail: str, settled_at: datetime) -> int:
    """Close whatever of a cycle is not settled; how many."""
    left = (turns.c.cycle_id == cycle_id) & (turns.c.state != "settled")
    names = list((await connection.execute(select(turns.c.contestant_id).where(left))).scalars())
    for name in names:
        await settle_turn(connection, cycle_id, name, outcome=outcome, detail=detail, settled_at=settled_at)
    return len(names)


async def turns_of(connection: AsyncConnection, cycle_id: int) -> list[TurnRow]:
    """All turns of a cycle."""
    statement = select(*columns_of(turns, TurnRow)).where(turns.c.cycle_id == cycle_id).order_by(turns.c.id)
    return await records(connection, statement, TurnRow)


async def turns_of_cycles(connection: AsyncConnection, cycle_ids: Sequence[int]) -> list[TurnRow]:
    """All turns of several cycles."""
    statement = select(*columns_of(turns, TurnRow)).where(turns.c.cycle_id.in_(cycle_ids)).order_by(turns.c.id)
    return await records(connection, statement, TurnRow)


def _mine(cycle_id: int, contestant_id: str) -> ColumnElement[bool]:
    return (turns.c.cycle_id == cycle_id) & (turns.c.contestant_id == contestant_id)
