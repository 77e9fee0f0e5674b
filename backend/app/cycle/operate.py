"""What the operator may do with one contestant: pause, resume, let it only close, close a position. Everything is logged and recorded."""

from datetime import datetime
from functools import partial

import structlog

from app.agents.decision import Action, Decision
from app.agents.reading import Reading, Verdict
from app.cycle.conduct import Turn
from app.cycle.look import look, look_at_moment, note_watched
from app.cycle.parts import Contestant, Parts
from app.cycle.phases import see
from app.cycle.run_cycle import Timings, book, one_cycle
from app.cycle.settle import settle_turn
from app.cycle.take_turn import Asked
from app.cycle.value import save_equity_now
from app.market.stretch import Terms
from app.store import accounts, contestant_events, contestants, cycles, turns
from app.store.contestants import ContestantRow

FORCED = "FORCED_CLOSE"

log = structlog.get_logger(__name__)


class OperatorError(Exception):
    """What was asked for can't be done; the text says why."""


class UnknownContestantError(OperatorError):
    """Nobody of that name plays this season."""


class WrongStateError(OperatorError):
    """It can't go from the state it is in to the one asked for."""


class CycleRunningError(OperatorError):
    """A cycle runs; it has to end first."""


class NotClosedError(OperatorError):
    """The position stays open; the text says why."""


class NothingHeldError(OperatorError):
    """There is no such position."""


async def pause(parts: Parts, contestant_id: str) -> None:
    """Don't ask a contestant any more; its positions stay watched. Harmless when paused. Raises OperatorError, StoreError."""
    await _change_state(parts, contestant_id, "active", "paused", "the operator paused it: it is not asked, its positions stay watched")


async def resume(parts: Parts, contestant_id: str) -> None:
    """Ask a contestant again from the next cycle on. Harmless when active. Raises OperatorError, StoreError."""
    await _change_state(parts, contestant_id, "paused", "active", "the operator resumed it: it is asked again from the next cycle on")


async def stop_entries(parts: Parts, contestant_id: str) -> None:
    """Let a contestant only close from its next turn on. Harmless when so already. Raises OperatorError, StoreError."""
    await _change_entries(parts, contestant_id, close_only=True)


async def resume_entries(parts: Parts, contestant_id: str) -> None:
    """Let a contestant open positions again. Harmless when it may already. Raises OperatorError, StoreError."""
    await _change_entries(parts, contestant_id, close_only=False)


async def force_close(parts: Parts, contestant_id: str, symbol: str) -> int:
    """Close a position now at the market, in a cycle of its own in which nobody is asked. Returns the cycle's id.

    Raises CycleRunningError while another cycle runs, NothingHeldError, UnknownContestantError, StoreError; NotClosedError when the
    venue or the exchange had a reason against it.
    """
    row = await _known(parts, contestant_id)
    player = next((one for one in parts.contestants if one.id == row.id), None)
    # Somebody who has left the line-up may still hold something.
    player = player or Contestant(row.id, row.name, row.provider, row.model, "en", None)
    if parts.running.locked():
        raise CycleRunningError("a cycle is running; wait until it is done and try again")
    async with parts.running:
        await _must_hold(parts, contestant_id, symbol)
        log.warning("force_close", message=f"the operator closes {symbol} of {contestant_id}", contestant_id=contestant_id)
        cycle_id = await one_cycle(parts, parts.clock.now(), "operator", partial(_close_position, player, symbol))
    if cycle_id is None:
        raise NotClosedError("the position was not closed: the database did not take the order; see the log")
    await _must_be_closed(parts, cycle_id, contestant_id)
    return cycle_id


async def _close_position(player: Contestant, symbol: str, parts: Parts, cycle_id: int, timings: Timings) -> None:
    with timings.phase("see"):
        snapshot = await see(parts, cycle_id)
    async with parts.turnstile:
        with timings.phase("watch"):
            at, terms = parts.clock.now(), Terms(snapshot.instruments, parts.rules)
            looked = await look(parts, cycle_id=cycle_id, at=at)
            await look_at_moment(parts, snapshot, terms, cycle_id=cycle_id, at=at, until=looked.until)
            async with parts.database.writing() as connection:
                await note_watched(connection, cycle_id, terms, at=at, until=looked.until)
                await turns.start_turns(connection, cycle_id, [player.id], started_at=at)
        with timings.phase("fill"):
            settlement = await book(parts, cycle_id, snapshot, parts.rules)
        with timings.phase("apply"):
            await settle_turn(parts, settlement, _order(player, symbol))
    with timings.phase("value"):
        await save_equity_now(parts, cycle_id=cycle_id)


def _order(player: Contestant, symbol: str) -> Asked:
    close = Decision(0, Action.CLOSE, symbol, None, None, None, None, None, None, None, "closed by the operator")
    reading = Reading(Verdict.ACCEPT, "OK", summary="closed by the operator", decisions=(close,))
    return Asked(player, None, reading, "held", FORCED, None, None, by_operator=True)


async def _must_be_closed(parts: Parts, cycle_id: int, contestant_id: str) -> None:
    """Raises NotClosedError with the reason when the cycle ended otherwise."""
    async with parts.database.reading() as connection:
        cycle = await cycles.get_cycle(connection, cycle_id)
        mine = [one for one in await turns.turns_of(connection, cycle_id) if one.contestant_id == contestant_id]
    if not mine or mine[0].outcome != "traded":
        why = (mine[0].detail if mine else None) or (cycle.reason if cycle is not None else None) or "see the log"
        raise NotClosedError(f"the position was not closed: {why}")


async def _must_hold(parts: Parts, contestant_id: str, symbol: str) -> None:
    async with parts.database.reading() as connection:
        held = await accounts.load_accounts(connection, parts.season_id)
    if contestant_id not in held or symbol not in held[contestant_id].account.positions:
        raise NothingHeldError(f"{contestant_id} holds no {symbol}")


async def _change_state(parts: Parts, contestant_id: str, before: str, after: str, said: str) -> None:
    one = await _known(parts, contestant_id)
    # A pause of the arena's ends with the next start: one that the operator wants as well becomes the operator's.
    if one.state == after and one.paused_by != "arena":
        return
    if one.state not in {before, after}:
        raise WrongStateError(f"{contestant_id} is {one.state} and can't become {after}")
    at = parts.clock.now()
    async with parts.database.writing() as connection:
        await contestants.set_state(connection, contestant_id, after, reason=said if after == "paused" else None, by="operator")
        kind = "paused" if after == "paused" else "resumed"
        await contestant_events.save_events(connection, [_event(contestant_id, at, kind, said)])
    _say(parts, contestant_id, kind, said)


async def _change_entries(parts: Parts, contestant_id: str, *, close_only: bool) -> None:
    one = await _known(parts, contestant_id)
    if one.close_only == close_only:
        return
    said = "the operator lets it only close from its next turn on" if close_only else "the operator lets it open positions again"
    at = parts.clock.now()
    async with parts.database.writing() as connection:
        await contestants.set_close_only(connection, contestant_id, close_only=close_only)
        kind = "close_only" if close_only else "resumed"
        await contestant_events.save_events(connection, [_event(contestant_id, at, kind, said)])
    _say(parts, contestant_id, kind, said)


def _event(contestant_id: str, at: datetime, kind: str, said: str) -> contestant_events.NewEvent:
    return Turn(contestant_id, None, None, at, {}).event(kind, "OPERATOR", contestant_id, said)


def _say(parts: Parts, contestant_id: str, kind: str, said: str) -> None:
    log.warning("operated", kind=kind, message=f"{contestant_id}: {said}", contestant_id=contestant_id)
    parts.events.publish("status")


async def _known(parts: Parts, contestant_id: str) -> ContestantRow:
    async with parts.database.reading() as connection:
        for one in await contestants.all_contestants(connection, parts.season_id):
            if one.id == contestant_id:
                return one
    raise UnknownContestantError(f"no contestant {contestant_id}")
