"""Prices as the arena last saw them, and the candles of the last snapshot."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from app.api.context import ArenaDep
from app.api.errors import ProblemError
from app.api.record_schemas import Candle, Candles, Price
from app.api.system import parts_of
from app.cycle.recover import load_snapshot
from app.store import prices, snapshots

router = APIRouter(prefix="/prices", tags=["prices"])


@router.get("", operation_id="prices-latest")
async def latest(arena: ArenaDep) -> list[Price]:
    """The newest row of each symbol."""
    async with parts_of(arena).database.reading() as connection:
        return [Price.model_validate(row) for row in await prices.latest_prices(connection)]


@router.get("/{symbol}/candles", operation_id="prices-candles")
async def candles(
    arena: ArenaDep, symbol: str, timeframe: Literal["5m", "4h"] = "5m", limit: Annotated[int, Query(ge=1, le=350)] = 100
) -> Candles:
    """Closed candles, oldest first, as the last snapshot held them."""
    parts = parts_of(arena)
    if symbol not in parts.symbols:
        raise ProblemError(404, f"{symbol} is not traded here; symbols: {', '.join(parts.symbols)}")
    async with parts.database.reading() as connection:
        cycle_id = await snapshots.latest_cycle_with_snapshot(connection)
    snapshot = await load_snapshot(parts, cycle_id) if cycle_id is not None else None
    if snapshot is None or symbol not in snapshot.symbols:
        return Candles(symbol=symbol, timeframe=timeframe, candles=[])
    view = snapshot.symbols[symbol]
    series = view.candles_5m if timeframe == "5m" else view.candles_4h
    return Candles(symbol=symbol, timeframe=timeframe, candles=[Candle.model_validate(bar) for bar in series[-limit:]])
