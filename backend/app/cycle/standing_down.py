"""When a contestant may only close, or is not asked at all: failures in a row, an operator's word, a host that refuses, money spent.

All of it is decided from what is stored, so that a restart changes nothing.
"""

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cycle.conduct import COST_CEILING, Turn
from app.cycle.parts import Parts
from app.cycle.take_turn import Asked
from app.store import contestant_events, contestants
from app.store.contestants import ContestantRow

FAILURES = frozenset({"failed", "late", "refused"})
"""Outcomes that count as a failure of the contestant as a participant."""
A_PROMPT = 1_000
"""Tokens: some row must hold for a small prompt."""
FAILURES_MAX = 3
"""So many failures in a row, and it may only close until it has answered properly again."""

log = structlog.get_logger(__name__)


def warn_of_unpriced(parts: Parts) -> None:
    """Say whose calls have no price while a ceiling is set: it can't be kept for those."""
    if parts.cost_usd_per_day is None:
        return
    at = parts.clock.now()
    for one in parts.contestants:
        profile = one.profile
        if one.host is None or profile is None or profile.usage_map.cost_usd is not None:
            continue
        if parts.price_book.find(profile.price_provider, one.model, A_PROMPT, at) is None:
            message = (
                f"no price is known for {one.model} at {profile.price_provider}: cost_usd_per_day does not hold for {one.id}. "
                "Add a [[price]] row to arena.toml"
            )
            log.warning("no_price", message=message, contestant_id=one.id, phase="start")


def why_close_only(one: ContestantRow) -> str | None:
    """Why a contestant may only close in its next turn; None when it may open."""
    if one.close_only:
        return "the operator allows this contestant only to close"
    if one.consecutive_failures >= FAILURES_MAX:
        return f"{one.consecutive_failures} turns in a row failed; opening is possible again in the turn after a proper answer"
    return None


async def after_turn(
    connection: AsyncConnection, before: ContestantRow | None, asked: Asked, result: str, detail: str | None, turn: Turn
) -> None:
    """Note how a turn ended, and what follows for the next. Not having been asked, or an operator's order, say nothing of a contestant.

    `before` is the contestant's row as it stands.
    """
    if asked.by_operator or asked.code == COST_CEILING:
        return
    name, failed = asked.contestant.id, result in FAILURES
    await contestants.record_outcome(connection, name, at=turn.at, outcome=result, error=detail if failed else None, failed=failed)
    if asked.pause is not None and before is not None and before.state == "active":
        await contestants.set_state(connection, name, "paused", reason=asked.pause, by="arena")
        await contestant_events.save_events(connection, [turn.event("paused", asked.code or "", name, asked.pause)])
        log.error("contestant_paused", message=f"{name} is not asked any more: {asked.pause}", contestant_id=name, cycle_id=turn.cycle_id)
    failures = before.consecutive_failures if before is not None else 0
    if failed and failures + 1 == FAILURES_MAX:
        message = f"{FAILURES_MAX} turns in a row failed: it may only close until it has answered properly again"
        await contestant_events.save_events(connection, [turn.event("close_only", "FAILURES_IN_A_ROW", name, message)])
        log.warning("close_only", message=f"{name}: {message}", contestant_id=name, cycle_id=turn.cycle_id)
    if not failed and failures >= FAILURES_MAX:
        message = f"it answered properly after {failures} failures: it may open again"
        await contestant_events.save_events(connection, [turn.event("resumed", "ANSWERED_AGAIN", name, message)])
        log.info("close_only_ended", message=f"{name}: {message}", contestant_id=name, cycle_id=turn.cycle_id)
