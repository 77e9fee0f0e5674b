"""Contestants: who they are, what they are worth over time, what they hold."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from app.api.context import ArenaDep
from app.api.errors import ProblemError
from app.api.leaderboard import leaderboard
from app.api.paging import LIMIT_DEFAULT, Cursor, Limit, next_cursor
from app.api.record_schemas import FundingPayment
from app.api.schemas import ContestantBrief, EquityPoint, EquitySeries, ModelDetail, Page, Position, Standing
from app.api.system import aware, parts_of
from app.api.turn_schemas import ContestantEvent
from app.cycle.parts import Parts
from app.engine.margin import liquidation_prices
from app.engine.positions import Position as Held
from app.store import accounts, contestant_events, contestants, equity, funding
from app.store.accounts import HeldAccount
from app.store.contestant_events import EventKind
from app.store.contestants import ContestantRow

router = APIRouter(prefix="/models", tags=["models"])

POINTS_DEFAULT = 1_000
BUCKET_POINTS = 2


@router.get("", operation_id="models-list")
async def list_models(arena: ArenaDep) -> list[ModelDetail]:
    """All contestants of the season, in the order of the line-up."""
    parts = parts_of(arena)
    async with parts.database.reading() as connection:
        players = await contestants.all_contestants(connection, parts.season_id)
        held = await accounts.load_accounts(connection, parts.season_id)
    standings = {one.contestant.id: one for one in (await leaderboard(arena, parts)).standings}
    return [_detail(parts, one, held.get(one.id), standings.get(one.id)) for one in players]


@router.get("/{contestant_id}", operation_id="models-show")
async def show(arena: ArenaDep, contestant_id: str) -> ModelDetail:
    """One contestant with its standing and positions."""
    for one in await list_models(arena):
        if one.contestant.id == contestant_id:
            return one
    raise ProblemError(404, f"no contestant {contestant_id}")


@router.get("/{contestant_id}/positions", operation_id="models-positions")
async def positions(arena: ArenaDep, contestant_id: str) -> list[Position]:
    """Open positions, valued at the latest sound marks."""
    return (await show(arena, contestant_id)).positions


@router.get("/{contestant_id}/equity", operation_id="models-equity")
async def equity_series(
    arena: ArenaDep,
    contestant_id: str,
    from_: Annotated[datetime | None, Query(alias="from", description="first moment, ISO 8601 with a zone")] = None,
    to: Annotated[datetime | None, Query(description="last moment, ISO 8601 with a zone")] = None,
    points: Annotated[int, Query(ge=10, le=20_000, description="about how many points at most")] = POINTS_DEFAULT,
) -> EquitySeries:
    """Equity over time, oldest first. More rows than `points` are thinned, keeping each bucket's lowest and highest."""
    parts = parts_of(arena)
    await _known(parts, contestant_id)
    async with parts.database.reading() as connection:
        outline = await equity.equity_outline(connection, contestant_id, start=aware(from_, "from"), end=aware(to, "to"))
        chosen = thin(outline, points)
        rows = await equity.equity_points(connection, [row_id for row_id, _ in chosen])
    return EquitySeries(
        contestant_id=contestant_id,
        downsampled=len(chosen) < len(outline),
        points=[EquityPoint.model_validate(row) for row in rows],
    )


@router.get("/{contestant_id}/funding", operation_id="models-funding")
async def funding_payments(
    arena: ArenaDep, contestant_id: str, symbol: str | None = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[FundingPayment]:
    """Funding settlements, newest first; one whose rate the venue has not published yet has no amount."""
    parts = parts_of(arena)
    await _known(parts, contestant_id)
    async with parts.database.reading() as connection:
        rows = await funding.list_payments(connection, contestant=contestant_id, symbol=symbol, limit=limit, cursor=cursor)
    items = [FundingPayment.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=next_cursor([row.id for row in rows], limit))


@router.get("/{contestant_id}/events", operation_id="models-events")
async def events(
    arena: ArenaDep, contestant_id: str, kind: EventKind | None = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[ContestantEvent]:
    """What was repaired, refused, ended or switched for this contestant, newest first."""
    parts = parts_of(arena)
    await _known(parts, contestant_id)
    async with parts.database.reading() as connection:
        rows = await contestant_events.list_events(connection, contestant=contestant_id, kind=kind, limit=limit, cursor=cursor)
    items = [ContestantEvent.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=next_cursor([row.id for row in rows], limit))


def thin(outline: Sequence[tuple[int, float]], points: int) -> list[tuple[int, float]]:
    """At most about `points` of (id, equity): first and last, and of each bucket between the lowest and the highest, in their order."""
    if len(outline) <= points:
        return list(outline)
    size = -(-len(outline) * BUCKET_POINTS // points)
    kept = {0, len(outline) - 1}
    for start in range(0, len(outline), size):
        bucket = range(start, min(start + size, len(outline)))
        kept.add(min(bucket, key=lambda index: outline[index][1]))
        kept.add(max(bucket, key=lambda index: outline[index][1]))
    return [outline[index] for index in sorted(kept)]


async def _known(parts: Parts, contestant_id: str) -> ContestantRow:
    async with parts.database.reading() as connection:
        for one in await contestants.all_contestants(connection, parts.season_id):
            if one.id == contestant_id:
                return one
    raise ProblemError(404, f"no contestant {contestant_id}")


def _detail(parts: Parts, one: ContestantRow, held: HeldAccount | None, standing: Standing | None) -> ModelDetail:
    open_positions = held.account.positions.values() if held else ()
    return ModelDetail(
        contestant=ContestantBrief.model_validate(one),
        joined_at=one.joined_at,
        last_outcome=one.last_outcome,
        last_outcome_at=one.last_outcome_at,
        last_error=one.last_error,
        consecutive_failures=one.consecutive_failures,
        standing=standing,
        positions=[_position(parts, one.id, position, held) for position in open_positions if held],
    )


def _position(parts: Parts, contestant_id: str, held: Held, account: HeldAccount) -> Position:
    mark = parts.latest.marks.get(held.symbol)
    liquidations = liquidation_prices(account.account, parts.latest.marks, parts.venue.instruments, parts.rules.margin_mode)
    return Position(
        contestant_id=contestant_id,
        symbol=held.symbol,
        side=held.side.value,
        quantity=held.quantity,
        entry_price=held.entry_price,
        mark_price=mark,
        notional=None if mark is None else held.notional(mark),
        leverage=held.leverage,
        margin=held.margin,
        unrealised_pnl=None if mark is None else held.unrealised_pnl(mark),
        liquidation_price=liquidations[held.symbol],
        stop_loss=held.stop_loss,
        take_profit=held.take_profit,
        trade_id=account.trade_ids[held.symbol],
        opened_at=held.trade.opened_at,
    )
