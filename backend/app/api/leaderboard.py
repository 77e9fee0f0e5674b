"""Standings: what everybody is worth at the latest sound marks, and how sure the order is."""

from decimal import Decimal
from typing import Any

from fastapi import APIRouter

from app.api.context import Arena, ArenaDep
from app.api.measured import Figures
from app.api.schemas import ContestantBrief, Estimate, Leaderboard, Season, Standing
from app.api.standings import figures
from app.api.system import parts_of
from app.cycle.parts import Parts
from app.engine.money import exact
from app.store import accounts, calls, contestant_events, contestants, seasons, trades
from app.store.accounts import HeldAccount
from app.store.calls import CostTotals
from app.store.contestant_events import ConductTotals
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
        traded = await trades.totals(connection, parts.season_id)
        conduct = await contestant_events.counts(connection, parts.season_id)
        costs = await calls.costs(connection, parts.season_id)
    playing = [one for one in players if one.id in held and plays(one)]
    measured = await figures(arena, parts, {one.id: float(held[one.id].initial) for one in playing})
    ordered = sorted(playing, key=lambda one: (-held[one.id].account.equity(parts.latest.marks), one.position))
    standings = [
        Standing(
            rank=rank,
            contestant=ContestantBrief.model_validate(one),
            **_worth(parts, held[one.id]),
            total_return=_total_return(parts, held[one.id], measured.by_contestant.get(one.id)),
            **_measured(rank, len(ordered), measured.by_contestant.get(one.id)),
            **_traded(traded.get(one.id), held[one.id]),
            **_api_cost(held[one.id].account.equity(parts.latest.marks), costs.get(one.id)),
            **_conduct(conduct.get(one.id)),
            last_outcome=one.last_outcome,
            last_outcome_at=one.last_outcome_at,
        )
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


def _worth(parts: Parts, held: HeldAccount) -> dict[str, Any]:
    marks, account = parts.latest.marks, held.account
    equity = account.equity(marks)
    open_positions = account.positions.items()
    return {
        "equity": equity,
        "available": account.available,
        "unrealised_pnl": account.unrealised_pnl(marks),
        "open_positions": len(open_positions),
        "exposure": sum((one.notional(marks[name]) for name, one in open_positions if name in marks), start=0 * equity),
    }


def _total_return(parts: Parts, held: HeldAccount, found: Figures | None) -> Estimate:
    value = float(held.account.equity(parts.latest.marks) / held.initial - 1)
    return Estimate(value=value, low=found.return_low if found else None, high=found.return_high if found else None)


def _measured(rank: int, players: int, found: Figures | None) -> dict[str, Any]:
    unknown = Estimate(value=None, low=None, high=None)
    return {
        "rank_best": min(rank, found.rank_best) if found else 1,
        "rank_worst": max(rank, found.rank_worst) if found else players,
        "max_drawdown": found.max_drawdown if found else unknown,
        "sharpe": found.sharpe if found else unknown,
    }


def _traded(totals: TradeTotals | None, held: HeldAccount) -> dict[str, Any]:
    zero = 0 * held.initial
    return {
        "trades": totals.closed if totals else 0,
        "wins": totals.wins if totals else 0,
        "fees": totals.fees if totals else zero,
        "funding": totals.funding if totals else zero,
    }


def _conduct(totals: ConductTotals | None) -> dict[str, Any]:
    turns = totals.turns if totals else 0
    return {
        "turns": turns,
        "compliance_rate": totals.as_written / turns if totals and turns else None,
        "intervention_rate": totals.interventions / turns if totals and turns else None,
    }


def _api_cost(equity: Decimal, totals: CostTotals | None) -> dict[str, Any]:
    """Money spent on asking, and what that leaves. Unknown where calls cost something and none of them has a price."""
    unpriced = totals.unpriced_calls if totals else 0
    if totals and unpriced and not totals.usd:
        return {"api_cost_usd": None, "unpriced_calls": unpriced, "equity_net_of_api": None}
    cost = totals.usd if totals else 0 * equity
    return {"api_cost_usd": cost, "unpriced_calls": unpriced, "equity_net_of_api": equity - cost}
