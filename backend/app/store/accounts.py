"""Accounts: load what a contestant holds as an engine value, and save what the engine made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.facts import Fact, Filled, OrderRefused, Outcome, StopsSet, fills
from app.engine.positions import Account, Position
from app.engine.trades import Purpose, Side, Trade
from app.store import tables
from app.store.database import StaleAccountError
from app.store.ledger import write_postings
from app.store.upsert import upsert

ENTRIES = frozenset({Purpose.OPEN, Purpose.ADD})


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """An account as loaded: `version` must still be the stored one when it is saved. `trade_ids` are the open trades' rows by symbol."""

    account: Account
    season_id: int
    version: int
    initial: Decimal
    watched_until: datetime | None
    trade_ids: Mapping[str, int]


async def load_accounts(connection: AsyncConnection, season_id: int) -> dict[str, HeldAccount]:
    """All accounts of a season with their open positions, by contestant, in the order of the line-up."""
    return await _load(connection, tables.accounts.c.season_id == season_id)


async def load_account(connection: AsyncConnection, season_id: int, contestant_id: str) -> HeldAccount:
    """One account. Raises KeyError for a contestant that has none."""
    mine = (tables.accounts.c.season_id == season_id) & (tables.accounts.c.contestant_id == contestant_id)
    return (await _load(connection, mine))[contestant_id]


async def save_outcome(
    connection: AsyncConnection,
    held: HeldAccount,
    outcome: Outcome,
    *,
    at: datetime,
    cycle_id: int | None,
    source: str,
    decision_ids: Mapping[int, int] | None = None,
    watched_until: datetime | None = None,
) -> HeldAccount:
    """Write what the engine did: orders, fills, trades, position, ledger, account. `decision_ids` maps order indices to decisions.

    Raises StaleAccountError when another writer changed the account since it was loaded; nothing is written then.
    """
    before, after = held.account, outcome.account
    watched = watched_until or held.watched_until
    changed = await connection.execute(
        update(tables.accounts)
        .where((tables.accounts.c.contestant_id == before.contestant) & (tables.accounts.c.version == held.version))
        .values(
            available=after.available, trades_opened=after.trades_opened, version=held.version + 1, watched_until=watched, updated_at=at
        )
    )
    if changed.rowcount != 1:
        raise StaleAccountError(f"the account of {before.contestant} was changed by somebody else since version {held.version}")
    writer = _Writer(connection, held, at, cycle_id, source, decision_ids or {})
    trade_ids = await writer.write(outcome)
    return replace(held, account=after, version=held.version + 1, watched_until=watched, trade_ids=trade_ids)


async def set_watched(connection: AsyncConnection, contestant_ids: Sequence[str], until: datetime) -> None:
    """Note that nothing happened to these accounts up to a minute."""
    await connection.execute(update(tables.accounts).where(tables.accounts.c.contestant_id.in_(contestant_ids)).values(watched_until=until))


@dataclass(slots=True)
class _Writer:
    connection: AsyncConnection
    held: HeldAccount
    at: datetime
    cycle_id: int | None
    source: str
    decision_ids: Mapping[int, int]

    async def write(self, outcome: Outcome) -> dict[str, int]:
        order_ids = await self._orders(outcome.facts)
        trade_ids = await self._trades(fills(outcome.facts))
        postings = []
        for fact in fills(outcome.facts):
            fill_id = await self._fill(fact, trade_ids[fact.trade.number], order_ids[id(fact)])
            postings.append((fact.posting, fill_id))
        await write_postings(self.connection, self.contestant, self.held.season_id, postings, cycle_id=self.cycle_id)
        return await self._positions(outcome, trade_ids)

    @property
    def contestant(self) -> str:
        return self.held.account.contestant

    async def _orders(self, facts: Sequence[Fact]) -> dict[int, int]:
        ids: dict[int, int] = {}
        for fact in facts:
            if isinstance(fact, OrderRefused):
                continue  # the decision carries the refusal; no order came to be
            statement = insert(tables.orders).values(self._order(fact)).returning(tables.orders.c.id)
            ids[id(fact)] = (await self.connection.execute(statement)).scalar_one()
        return ids

    def _order(self, fact: Filled | StopsSet) -> dict[str, Any]:
        filled = isinstance(fact, Filled)
        return {
            "contestant_id": self.contestant,
            "cycle_id": self.cycle_id,
            "decision_id": None if fact.order is None else self.decision_ids.get(fact.order),
            "source": self.source,
            "kind": fact.purpose.value if isinstance(fact, Filled) else "set_stops",
            "symbol": fact.symbol,
            "side": fact.side.value if isinstance(fact, Filled) else None,
            "state": "filled" if filled else "done",
            "created_at": fact.at if isinstance(fact, Filled) else self.at,
        }

    async def _trades(self, done: Sequence[Filled]) -> dict[int, int]:
        ids = {self.held.account.positions[symbol].trade.number: trade_id for symbol, trade_id in self.held.trade_ids.items()}
        for fact in done:
            trade, decision = fact.trade, None if fact.order is None else self.decision_ids.get(fact.order)
            if trade.number in ids:
                closing = {"closed_by": decision} if trade.closed_at is not None else {}
                changes = {**_trade_values(trade), **closing}
                await self.connection.execute(update(tables.trades).where(tables.trades.c.id == ids[trade.number]).values(changes))
                continue
            row = {
                **_trade_values(trade),
                "contestant_id": self.contestant,
                "season_id": self.held.season_id,
                "number": trade.number,
                "symbol": trade.symbol,
                "side": trade.side.value,
                "leverage": trade.leverage,
                "opened_at": trade.opened_at,
                "opened_by": decision,
            }
            statement = insert(tables.trades).values(row).returning(tables.trades.c.id)
            ids[trade.number] = (await self.connection.execute(statement)).scalar_one()
        return ids

    async def _fill(self, fact: Filled, trade_id: int, order_id: int) -> int:
        row = {
            "contestant_id": self.contestant,
            "trade_id": trade_id,
            "order_id": order_id,
            "cycle_id": self.cycle_id,
            "symbol": fact.symbol,
            "side": fact.side.value,
            "purpose": fact.purpose.value,
            "quantity": fact.quantity,
            "price": fact.price,
            "fee": fact.fee,
            "realised_pnl": fact.realised_pnl,
            "insured": fact.insured,
            "beyond_depth": fact.beyond_depth,
            "parts": [[format(part.price, "f"), format(part.quantity, "f")] for part in fact.parts],
            "at": fact.at,
        }
        return int((await self.connection.execute(insert(tables.fills).values(row).returning(tables.fills.c.id))).scalar_one())

    async def _positions(self, outcome: Outcome, trade_ids: Mapping[int, int]) -> dict[str, int]:
        before, after = self.held.account.positions, outcome.account.positions
        for symbol, position in after.items():
            if before.get(symbol) != position:
                await self._put(_position_values(position, trade_ids[position.trade.number]))
        touched = [fact for fact in fills(outcome.facts) if fact.symbol not in after]
        for symbol, last in {fact.symbol: fact for fact in touched}.items():
            await self._put(_flat_values(symbol, last, trade_ids[last.trade.number]))
        return {symbol: trade_ids[position.trade.number] for symbol, position in after.items()}

    async def _put(self, values: dict[str, Any]) -> None:
        row = {**values, "contestant_id": self.contestant, "updated_at": self.at}
        await self.connection.execute(upsert(self.connection, tables.positions, row, key=("contestant_id", "symbol")))


def _trade_values(trade: Trade) -> dict[str, Any]:
    return {
        "state": "open" if trade.closed_at is None else "closed",
        "closed_at": trade.closed_at,
        "entry_quantity": trade.entry_quantity,
        "entry_price": trade.entry_price,
        "exit_quantity": trade.exit_quantity,
        "exit_price": trade.exit_price,
        "gross_pnl": trade.gross_pnl,
        "fees": trade.fees,
        "insured": trade.insured,
        "net_pnl": trade.net_pnl,
        "exit_reason": trade.exit_reason.value if trade.exit_reason else None,
    }


def _position_values(position: Position, trade_id: int) -> dict[str, Any]:
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
        "trade_id": trade_id,
    }


def _flat_values(symbol: str, last: Filled, trade_id: int) -> dict[str, Any]:
    """A closed position stays as a row of quantity zero: the table says what is held now, and that it was held before."""
    return {
        "symbol": symbol,
        "side": last.side.value,
        "quantity": Decimal(0),
        "entry_price": last.trade.entry_price,
        "leverage": last.trade.leverage,
        "margin": Decimal(0),
        "stop_loss": None,
        "take_profit": None,
        "armed_from": last.at,
        "trade_id": trade_id,
    }


async def _load(connection: AsyncConnection, which: Any) -> dict[str, HeldAccount]:
    a, c = tables.accounts, tables.contestants
    owners = (
        await connection.execute(select(a).join(c, c.c.id == a.c.contestant_id).where(which).order_by(c.c.position, c.c.id))
    ).mappings()
    rows = {row["contestant_id"]: row for row in owners}
    held: dict[str, dict[str, tuple[Position, int]]] = {name: {} for name in rows}
    for row in await _open_positions(connection, which):
        held[row["contestant_id"]][row["symbol"]] = (_position(row), row["trade_id"])
    return {name: _held_account(name, row, held[name]) for name, row in rows.items()}


async def _open_positions(connection: AsyncConnection, which: Any) -> list[Any]:
    a, p, t = tables.accounts, tables.positions, tables.trades
    trade_columns = [t.c[name].label(f"trade_{name}") for name in _TRADE_FIELDS]
    statement = (
        select(p, *trade_columns)
        .join(a, a.c.contestant_id == p.c.contestant_id)
        .join(t, t.c.id == p.c.trade_id)
        .where(which & (t.c.state == "open"))
        .order_by(t.c.number)
    )
    return [row for row in (await connection.execute(statement)).mappings() if row["quantity"] > 0]


_TRADE_FIELDS = (
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
)


def _position(row: Any) -> Position:
    side = Side(row["side"])
    trade = Trade(symbol=row["symbol"], side=side, **{name: row[f"trade_{name}"] for name in _TRADE_FIELDS})
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
        trade=trade,
    )


def _held_account(name: str, row: Any, held: Mapping[str, tuple[Position, int]]) -> HeldAccount:
    positions = {symbol: position for symbol, (position, _) in held.items()}
    account = Account(name, row["available"], positions, row["trades_opened"])
    trade_ids = {symbol: trade_id for symbol, (_, trade_id) in held.items()}
    return HeldAccount(account, row["season_id"], row["version"], row["initial"], row["watched_until"], trade_ids)
