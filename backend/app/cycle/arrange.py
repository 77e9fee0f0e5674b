"""Before the first cycle: the season, and its contestants with their starting balances. Never touches a balance that is there already."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog

from app.cycle.parts import Contestant
from app.engine.money import exact
from app.store import accounts, contestant_events, contestants, cycles, seasons
from app.store.contestant_events import EventKind, NewEvent
from app.store.contestants import NewContestant
from app.store.database import Database
from app.store.seasons import SeasonRow

log = structlog.get_logger(__name__)


class WrongDatabaseError(Exception):
    """Live and demo data never mix; the text says which database this is."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a season is played under. A season keeps the terms it began with."""

    mode: str
    symbols: tuple[str, ...]
    interval_minutes: int
    initial_capital: str
    max_leverage: int
    slippage: str
    prompt: str
    margin_mode: str = "isolated"
    trigger_price: str = "mark"
    fill_timing: str = "common"

    def as_json(self) -> dict[str, Any]:
        """For the `rules` column."""
        return {
            "mode": self.mode,
            "symbols": list(self.symbols),
            "interval_minutes": self.interval_minutes,
            "initial_capital": self.initial_capital,
            "max_leverage": self.max_leverage,
            "slippage": self.slippage,
            "prompt": self.prompt,
            "margin_mode": self.margin_mode,
            "trigger_price": self.trigger_price,
            "fill_timing": self.fill_timing,
        }


UNWRITTEN = {"margin_mode": "isolated", "trigger_price": "mark", "fill_timing": "common"}
"""What a season of before there was a choice was played under."""


async def arrange_season(database: Database, terms: Terms, players: Sequence[Contestant], at: datetime) -> SeasonRow:
    """The current season, begun when there is none; contestants join with their deposit. Raises WrongDatabaseError, StoreError."""
    async with database.writing() as connection:
        season = await seasons.current_season(connection)
        if season is None:
            season = await seasons.start_season(connection, name="1", at=at, rules=terms.as_json())
        if season.rules["mode"] != terms.mode:
            message = (
                f"this database holds {season.rules['mode']} data and would now get {terms.mode} data: set another DATABASE_URL or DATA_DIR"
            )
            raise WrongDatabaseError(message)
        if await cycles.latest_finished(connection) is None:
            season = await seasons.set_rules(connection, season, terms.as_json())  # nobody has played yet: the terms are still open
        initial = exact(season.rules["initial_capital"])
        before = await contestants.all_contestants(connection, season.id)
        await contestants.sync_contestants(connection, season.id, [_row(index, one, initial) for index, one in enumerate(players)], at)
        playing = {one.id for one in await contestants.all_contestants(connection, season.id) if one.state == "active"}
        lifted = [one.id for one in before if one.state == "paused" and one.paused_by == "arena" and one.id in playing]
        await contestant_events.save_events(connection, [_lifted(name, at) for name in lifted])
    changed = sorted(name for name, value in terms.as_json().items() if season.rules.get(name, UNWRITTEN.get(name)) != value)
    if changed:
        message = (
            f"settings differ from those season {season.name} began with: {', '.join(changed)}; results before and after are not comparable"
        )
        log.warning("terms_changed", message=message, phase="start")
    return season


def _lifted(name: str, at: datetime) -> NewEvent:
    """A pause of the arena's ends with a start, and that is recorded as every other change."""
    message = "the arena was started again: it is asked again from the next cycle on"
    return NewEvent(at=at, contestant_id=name, kind=EventKind.RESUMED, code="OPERATOR", subject=name, message=message)


async def held_elsewhere(database: Database, season_id: int, symbols: Sequence[str]) -> tuple[str, ...]:
    """Symbols held, or with funding owed, although the settings no longer name them: they stay watched until they are closed."""
    async with database.reading() as connection:
        accounts_held = await accounts.load_accounts(connection, season_id)
    held = {symbol for one in accounts_held.values() for symbol in one.account.positions}
    held |= {due.symbol for one in accounts_held.values() for due in one.account.dues}
    extra = tuple(sorted(held.difference(symbols)))
    if extra:
        log.warning(
            "symbols_kept", message=f"SYMBOLS no longer names {', '.join(extra)}, but positions are open there: kept", phase="start"
        )
    return extra


def _row(index: int, one: Contestant, initial: Decimal) -> NewContestant:
    return NewContestant(
        id=one.id,
        name=one.name,
        provider=one.provider,
        model=one.model,
        color_index=index,
        position=index,
        state="active" if one.plays else "no_key",
        initial=initial,
        kind=one.kind,
        template=one.template.name if one.baseline is None else None,
        language=one.language,
        base_url=one.base_url,
        settings=dict(one.settings) or None,
    )
