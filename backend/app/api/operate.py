"""What the operator does to one contestant: pause, resume, close-only, close a position. Each is logged and recorded as an event."""

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import APIRouter

from app.api.context import ArenaDep
from app.api.errors import AdminDep, ProblemError
from app.api.models import show
from app.api.schemas import ModelDetail
from app.api.system import parts_of
from app.cycle import operate
from app.cycle.operate import CycleRunningError, NothingHeldError, OperatorError, UnknownContestantError, WrongStateError
from app.cycle.parts import Parts

router = APIRouter(prefix="/models/{contestant_id}", tags=["models"])

NOT_NOW = {409: {"description": "not possible in the contestant's state, or while a cycle runs"}}

Verb = Callable[[Parts, str], Awaitable[object]]


@router.post("/pause", operation_id="models-pause", responses=NOT_NOW)  # type: ignore[arg-type] # FastAPI accepts int keys
async def pause(arena: ArenaDep, contestant_id: str, _: AdminDep) -> ModelDetail:
    """Don't ask this contestant any more; its positions stay watched. Harmless when paused."""
    return await _do(arena, contestant_id, operate.pause)


@router.post("/resume", operation_id="models-resume", responses=NOT_NOW)  # type: ignore[arg-type] # FastAPI accepts int keys
async def resume(arena: ArenaDep, contestant_id: str, _: AdminDep) -> ModelDetail:
    """Ask this contestant again from the next cycle on. Harmless when active."""
    return await _do(arena, contestant_id, operate.resume)


@router.post("/entries/stop", operation_id="models-entries-stop", responses=NOT_NOW)  # type: ignore[arg-type] # FastAPI accepts int keys
async def stop_entries(arena: ArenaDep, contestant_id: str, _: AdminDep) -> ModelDetail:
    """Close-only for this contestant: its new positions are refused, closing and stops still work. Harmless when it is so already."""
    return await _do(arena, contestant_id, operate.stop_entries)


@router.post("/entries/resume", operation_id="models-entries-resume", responses=NOT_NOW)  # type: ignore[arg-type] # FastAPI accepts int keys
async def resume_entries(arena: ArenaDep, contestant_id: str, _: AdminDep) -> ModelDetail:
    """Allow this contestant new positions again. Harmless when they are allowed."""
    return await _do(arena, contestant_id, operate.resume_entries)


@router.post("/positions/{symbol}/close", operation_id="models-positions-close", responses=NOT_NOW)  # type: ignore[arg-type] # FastAPI accepts int keys
async def close_position(arena: ArenaDep, contestant_id: str, symbol: str, _: AdminDep) -> ModelDetail:
    """Close a position whole, at a fresh order book, as the operator; recorded as a forced exit."""
    return await _do(arena, contestant_id, partial(_close, symbol=symbol))


async def _close(parts: Parts, contestant_id: str, *, symbol: str) -> int:
    return await operate.force_close(parts, contestant_id, symbol)


async def _do(arena: ArenaDep, contestant_id: str, verb: Verb) -> ModelDetail:
    try:
        await verb(parts_of(arena), contestant_id)
    except (UnknownContestantError, NothingHeldError) as missing:
        raise ProblemError(404, str(missing)) from missing
    except (WrongStateError, CycleRunningError) as refused:
        raise ProblemError(409, str(refused)) from refused
    except OperatorError as broken:
        raise ProblemError(503, str(broken)) from broken
    return await show(arena, contestant_id)
