"""Positions: what each contestant holds in each symbol now. A closed one stays as a row of quantity zero: it was held before."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.facts import Filled, Outcome, fills
from app.engine.positions import Position
from app.engine.trades import Side, Trade
from app.store.booking import Booking
from app.store.tables import accounts, positions, trades
from app.store.upsert import upsert

TRADE_FIELDS = (
    "number",
    "leverage",
    "opened_at",
    "entry_quantity",
    "entry_price",
    "exit_quantity",
    "exit_price",
    "gross_pnl",
    "fees",
    "insured",
    "funding",
)


async def open_positions(connection: AsyncConnection, which: ColumnElement[bool]) -> dict[str, dict[str, tuple[Position, int]]]:
    """Positions with the ids of their trades, by contestant and symbol, in the order they were opened. `which` chooses accounts."""
    trade_columns = [trades.c[name].label(f"trade_{name}") for name in TRADE_FIELDS]
    statement = (
        select(positions, *trade_columns)
        .join(accounts, accounts.c.contestant_id == positions.c.contestant_id)
        .join(trades, trades.c.id == positions.c.trade_id)
        .where(which & (trades.c.state == "open"))
        .order_by(trades.c.number)
    )
    held: dict[str, dict[str, tuple[Position, int]]] = defaultdict(dict)
    for row in (await connection.execute(statement)).mappings():
        held[row["contestant_id"]][row["symbol"]] = (_position(row), row["trade_id"])
    return held


async def write_positions(
    connection: AsyncConnection, booking: Booking, before: Mapping[str, Position], outcome: Outcome, trade_ids: Mapping[int, int]
) -> None:
    """Store the positions an outcome changed; `trade_ids` by trade number."""
    about = {"contestant_id": booking.contestant_id, "updated_at": booking.at}
    rows = [{**values, **about} for values in position_rows(before, outcome, trade_ids)]
    if rows:
        await connection.execute(upsert(connection, positions, key=("contestant_id", "symbol")), rows)


def position_rows(before: Mapping[str, Position], outcome: Outcome, trade_ids: Mapping[int, int]) -> list[dict[str, Any]]:
    """The positions an outcome changed, as rows."""
    after = outcome.account.positions
    changed = [_held(position, trade_ids) for symbol, position in after.items() if before.get(symbol) != position]
    closed = {fact.symbol: fact for fact in fills(outcome.facts) if fact.symbol not in after}
    return [*changed, *_flat(closed, trade_ids)]


def _held(position: Position, trade_ids: Mapping[int, int]) -> dict[str, Any]:
    return {
        "symbol": position.symbol,
        "side": position.side.value,
        "quantity": position.quantity,
        "entry_price": position.entry_price,
        "leverage": position.leverage,
        "margin": position.margin,
        "stop_loss": position.stop_loss,
        "take_profit": position.take_profit,
        "armed_from": position.armed_from,
        "funded_until": position.funded_until,
        "trade_id": trade_ids[position.trade.number],
    }


def _flat(closed: Mapping[str, Filled], trade_ids: Mapping[int, int]) -> list[dict[str, Any]]:
    return [
        {
            "symbol": symbol,
            "side": last.side.value,
            "quantity": Decimal(0),
            "entry_price": last.trade.entry_price,
            "leverage": last.trade.leverage,
            "margin": Decimal(0),
            "stop_loss": None,
            "take_profit": None,
            "armed_from": last.at,
            "funded_until": last.at,
            "trade_id": trade_ids[last.trade.number],
        }
        for symbol, last in closed.items()
    ]


def _position(row: Any) -> Position:
    side = Side(row["side"])
    trade = Trade(symbol=row["symbol"], side=side, **{name: row[f"trade_{name}"] for name in TRADE_FIELDS})
    return Position(
        symbol=row["symbol"],
        side=side,
        quantity=row["quantity"],
        entry_price=row["entry_price"],
        leverage=row["leverage"],
        margin=row["margin"],
        stop_loss=row["stop_loss"],
        take_profit=row["take_profit"],
        armed_from=row["armed_from"],
        funded_until=row["funded_until"],
        trade=trade,
    )
