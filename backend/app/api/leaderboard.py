"""Standings: what everybody is worth at the latest sound marks, and how sure the order is."""

from fastapi import APIRouter

from app.api.context import Arena, ArenaDep
from app.api.measured import Figures
from app.api.schemas import ContestantBrief, Estimate, Leaderboard, Season, Standing
from app.api.standings import figures
from app.api.system import parts_of
from app.cycle.parts import Parts
from app.engine.money import exact
from app.store import accounts, contestants, seasons, trades
from app.store.accounts import HeldAccount
from app.store.contestants import ContestantRow
from app.store.trades import TradeTotals

router = APIRouter(tags=["leaderboard"])


@router.get("/leaderboard", operation_id="leaderboard-show")
async def show(arena: ArenaDep) -> Leaderboard:
    """Standings by equity, with the range of ranks each contestant may plausibly hold."""
    return await leaderboard(arena, parts_of(arena))


async def leaderboard(arena: Arena, parts: Parts) -> Leaderboard:
    """The leaderboard as a value, for other routes too."""
    async with parts.database.reading() as connection:
        season = await seasons.current_season(connection)
        players = await contestants.all_contestants(connection, parts.season_id)
        held = await accounts.load_accounts(connection, parts.season_id)
        totals = await trades.totals(connection, parts.season_id)
    playing = [one for one in players if one.id in held and plays(one)]
    measured = await figures(arena, parts, {one.id: float(held[one.id].initial) for one in playing})
    ordered = sorted(playing, key=lambda one: (-held[one.id].account.equity(parts.latest.marks), one.position))
    standings = [
        _standing(parts, rank, one, held[one.id], totals.get(one.id), measured.by_contestant.get(one.id), len(ordered))
        for rank, one in enumerate(ordered, start=1)
    ]
    return Leaderboard(
        at=parts.latest.at or parts.clock.now(),
        season=Season.model_validate(season) if season else None,
        initial_capital=exact(season.rules["initial_capital"]) if season else arena.initial_capital,
        separable=measured.separable,
        observations=measured.observations,
        standings=standings,
    )


def plays(one: ContestantRow) -> bool:
    """Whether it belongs in the standings: not once it has left, and not before it was ever asked for want of a key."""
    return one.state != "retired" and (one.state != "no_key" or one.last_outcome is not None)


def _standing(
    parts: Parts, rank: int, one: ContestantRow, held: HeldAccount, totals: TradeTotals | None, measured: Figures | None, players: int
) -> Standing:
    marks, account = parts.latest.marks, held.account
    equity = account.equity(marks)
    zero = 0 * held.initial
    return Standing(
        rank=rank,
        rank_best=min(rank, measured.rank_best) if measured else 1,
        rank_worst=max(rank, measured.rank_worst) if measured else players,
        contestant=ContestantBrief.model_validate(one),
        equity=equity,
        available=account.available,
        unrealised_pnl=account.unrealised_pnl(marks),
        total_return=Estimate(
            value=float(equity / held.initial - 1),
            low=measured.return_low if measured else None,
            high=measured.return_high if measured else None,
        ),
        max_drawdown=measured.max_drawdown if measured else Estimate(value=None, low=None, high=None),
        sharpe=measured.sharpe if measured else Estimate(value=None, low=None, high=None),
        trades=totals.closed if totals else 0,
        wins=totals.wins if totals else 0,
        open_positions=len(account.positions),
        fees=totals.fees if totals else zero,
        funding=totals.funding if totals else zero,
        api_cost_usd=None,
        exposure=sum((held.notional(marks[name]) for name, held in account.positions.items() if name in marks), start=zero),
        last_outcome=one.last_outcome,
        last_outcome_at=one.last_outcome_at,
    )
