"""What every account is worth right now, as rows of the equity series: wallet plus unrealised profit and loss at the latest sound marks."""

from app.cycle.parts import Parts
from app.engine.margin import counted_pnl
from app.scoring.running import RunningSharpe
from app.store import accounts, equity
from app.store.equity import NewEquity

POINTS_MAX = 8_640


async def save_equity_now(parts: Parts, *, cycle_id: int | None = None) -> None:
    """One row a contestant. Nothing is written while no market has been seen, or while a held symbol has no sound mark yet."""
    at = parts.latest.at
    if at is None:
        return
    marks = parts.latest.marks
    async with parts.database.writing() as connection:
        held = await accounts.load_accounts(connection, parts.season_id)
        rows = [
            NewEquity(
                contestant_id=name,
                season_id=parts.season_id,
                at=at,
                cycle_id=cycle_id,
                source="watch" if cycle_id is None else "cycle",
                equity=one.account.wallet + counted_pnl(one.account, marks, parts.rules.margin_mode),
                wallet=one.account.wallet,
                unrealised_pnl=counted_pnl(one.account, marks, parts.rules.margin_mode),
                available=one.account.available,
                exposure=sum(
                    (position.notional(marks[symbol]) for symbol, position in one.account.positions.items()), start=0 * one.initial
                ),
            )
            for name, one in held.items()
            if all(symbol in marks for symbol in one.account.positions)
        ]
        await equity.save_equity(connection, rows)
    if cycle_id is not None:
        parts.latest.equities = {row.contestant_id: float(row.equity) for row in rows}


def count_returns(parts: Parts) -> None:
    """One more period has passed on the clock: its returns go into the running ratios. A cycle that valued nobody has none."""
    for name, value in parts.latest.equities.items():
        parts.sharpes.setdefault(name, RunningSharpe()).take(value)


async def recall_sharpes(parts: Parts) -> None:
    """Take up the running ratios where a process left them, from the points of its cycles (the last 30 days of five minutes at most)."""
    async with parts.database.reading() as connection:
        points = await equity.cycle_grid(connection, parts.season_id, points=POINTS_MAX)
    parts.sharpes.clear()
    for name, _, value in points:
        parts.sharpes.setdefault(name, RunningSharpe()).take(value)
