"""Execute what contestants asked for, at one stored market, each in one writing transaction that also settles the turn.

The same code settles a live cycle and one that was killed half-way: a turn is settled once, whoever gets to it first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from app.agents.decision import Decision
from app.agents.explain import conclude, remarks_after
from app.agents.reading import Note, RefusedAction
from app.cycle import conduct
from app.cycle.parts import Parts
from app.cycle.record import announce
from app.cycle.standing_down import after_turn
from app.cycle.take_turn import Asked
from app.engine.exchange import apply
from app.engine.facts import Fact, OrderRefused, Outcome, fills
from app.engine.instruments import Instrument
from app.engine.ledger import BooksBrokenError
from app.engine.orders import Order, RefusalCode, Refused
from app.engine.positions import Account
from app.market.fill_market import FillMarket
from app.store import accounts, contestant_events, contestants, decisions, turns
from app.store.contestant_events import NewEvent
from app.store.decisions import NewDecision
from app.store.turns import TurnSettled

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a turn is settled at. `market` is None when the cycle never got to its fill; `why` says so."""

    cycle_id: int
    at: datetime
    instruments: Mapping[str, Instrument]
    market: FillMarket | None
    why: str | None = None
    watched_until: datetime | None = None


async def settle_turn(parts: Parts, settlement: Settlement, asked: Asked) -> str:
    """Apply one contestant's decisions and save them. Returns the turn's outcome; harmless when the turn is settled already.

    Raises StoreError when nothing could be saved; then nothing of it happened.
    """
    read = asked.reading.decisions if asked.reading is not None else ()
    ordered = [(decision, order) for decision in read if (order := decision.order) is not None]
    places = [decision.position for decision, _ in ordered]
    async with parts.database.writing() as connection:
        if not await turns.claim_settlement(connection, settlement.cycle_id, asked.contestant.id):
            return "settled before"
        held = await accounts.load_account(connection, parts.season_id, asked.contestant.id)
        sides = {name: position.side for name, position in held.account.positions.items()}
        outcome = _carry_out(held.account, settlement, [order for _, order in ordered], close_only=asked.close_only)
        refused = conduct.named(asked, outcome.facts, places, sides, settlement.instruments)
        result, detail = _result(asked, outcome.facts, refused)
        ids = await decisions.save_decisions(connection, _rows(parts, settlement, asked, refused, detail))
        await accounts.save_outcome(
            connection,
            held,
            outcome,
            at=settlement.at,
            cycle_id=settlement.cycle_id,
            source="decision",
            decision_ids={index: ids[place] for index, place in enumerate(places)},
            watched_until=settlement.watched_until,
        )
        turn = conduct.Turn(asked.contestant.id, settlement.cycle_id, asked.conversation_id, settlement.at, ids)
        carried_out = [one for one in read if one.position not in refused]
        noted = _remarks(settlement, carried_out, outcome.account)
        happened = [*conduct.of_reading(turn, asked)]
        if asked.by_operator:
            happened += conduct.of_operator(turn, asked.code or "", refused, outcome.facts)
        else:
            happened += conduct.of_exchange(turn, refused, places, outcome.facts)
        await contestant_events.save_events(connection, [*happened, *conduct.remarks(turn, noted)])
        verdict, code = _concluded(asked, refused, noted)
        await turns.settle_turn(
            connection,
            settlement.cycle_id,
            asked.contestant.id,
            outcome=result,
            detail=detail,
            settled_at=settlement.at,
            verdict=verdict,
            code=code,
        )
        before = await contestants.get_contestant(connection, asked.contestant.id)
        await after_turn(connection, before, asked, result, detail, turn)
    _announce(parts, settlement, asked, outcome.facts, result)
    return result


async def settle_idle(parts: Parts, settlement: Settlement, everybody: Sequence[Asked]) -> list[str]:
    """Save the turns in which nothing is to be carried out, all in one transaction. Returns their outcomes.

    Raises StoreError when nothing could be saved; then nothing of it happened.
    """
    async with parts.database.writing() as connection:
        claimed = await turns.claim_settlements(connection, settlement.cycle_id, [one.contestant.id for one in everybody])
        mine = [one for one in everybody if one.contestant.id in claimed]
        results = {one.contestant.id: _result(one, (), {}) for one in mine}
        rows = [row for one in mine for row in _rows(parts, settlement, one, {}, results[one.contestant.id][1])]
        ids = await decisions.save_all_decisions(connection, rows)
        happened: list[NewEvent] = []
        settled: list[TurnSettled] = []
        about: list[tuple[Asked, conduct.Turn]] = []
        for one in mine:
            name = one.contestant.id
            own = {position: decision_id for (whose, position), decision_id in ids.items() if whose == name}
            turn = conduct.Turn(name, settlement.cycle_id, one.conversation_id, settlement.at, own)
            happened += conduct.of_reading(turn, one)
            result, detail = results[name]
            verdict, code = _concluded(one, {}, ())
            settled.append(TurnSettled(contestant_id=name, outcome=result, detail=detail, verdict=verdict, code=code))
            about.append((one, turn))
        await contestant_events.save_events(connection, happened)
        await turns.settle_turns(connection, settlement.cycle_id, settled, settled_at=settlement.at)
        if settlement.watched_until is not None and mine:
            await accounts.set_watched(connection, list(results), settlement.watched_until)
        standing = {row.id: row for row in await contestants.all_contestants(connection, parts.season_id)}
        for one, turn in about:
            await after_turn(connection, standing.get(one.contestant.id), one, *results[one.contestant.id], turn)
    for one in mine:
        _announce(parts, settlement, one, (), results[one.contestant.id][0])
    return [result for result, _ in results.values()]


def is_idle(asked: Asked) -> bool:
    """Whether a turn has nothing for the exchange to carry out."""
    return asked.reading is None or all(decision.order is None for decision in asked.reading.decisions)


def _carry_out(account: Account, settlement: Settlement, orders: Sequence[Order], *, close_only: bool) -> Outcome:
    if settlement.market is None:
        return _nothing_done(account, orders, settlement.why or "the cycle did not reach its fills")
    market = settlement.market.market(settlement.instruments)
    if close_only:
        market = replace(market, rules=replace(market.rules, entries_open=False))
    try:
        return apply(account, market, orders, settlement.market.at)
    except BooksBrokenError as error:
        log.error("books_broken", message=f"{error}; the turn is void, the books untouched", account=repr(account), orders=repr(orders))
        return _nothing_done(account, orders, f"an error in the arena itself: {error}")


def _nothing_done(account: Account, orders: Sequence[Order], why: str) -> Outcome:
    """The account as it was, every order given back unfilled: it was not the contestant's fault."""
    refused = Refused(RefusalCode.INTERRUPTED, why)
    return Outcome(account, tuple(OrderRefused(index, refused) for index in range(len(orders))))


def _remarks(settlement: Settlement, read: Sequence[Decision], after: Account) -> Sequence[Note]:
    if settlement.market is None or not read:
        return ()
    return remarks_after(read, after, settlement.market.marks, settlement.instruments, settlement.market.rules.margin_mode)


def _result(asked: Asked, facts: Sequence[Fact], refused: conduct.Named) -> tuple[str, str | None]:
    if asked.reading is None or not asked.reading.stands:
        return asked.outcome, asked.detail
    said = [(one.code, one.message) for one in asked.reading.refused] + [(code, why.message) for code, why in refused.values()]
    detail = "; ".join(f"{code}: {message}" for code, message in said) or None
    exchanged = [why for _, why in refused.values()]
    if exchanged and all(one.code is RefusalCode.INTERRUPTED for one in exchanged):
        return "interrupted", detail
    return ("traded" if len(facts) > len(exchanged) else "held"), detail


def _rows(parts: Parts, settlement: Settlement, asked: Asked, refused: conduct.Named, detail: str | None) -> list[NewDecision]:
    blank = NewDecision(
        cycle_id=settlement.cycle_id,
        contestant_id=asked.contestant.id,
        conversation_id=asked.conversation_id,
        position=0,
        action="hold",
        verdict="held",
        summary=asked.reading.summary or None if asked.reading is not None else None,
        created_at=parts.clock.now(),
    )
    if asked.reading is None or not asked.reading.stands:
        return [replace(blank, code=asked.code, message=detail)]
    if asked.by_operator:
        blank = replace(blank, code=asked.code)  # so that the contestant is not told it was its own decision
    rows = [_row(blank, decision, refused.get(decision.position)) for decision in asked.reading.decisions]
    rows += [_unread(blank, action) for action in asked.reading.refused]
    return sorted(rows, key=lambda row: row.position) or [blank]


def _row(blank: NewDecision, decision: Decision, refused: tuple[str, Refused] | None) -> NewDecision:
    asked = replace(
        blank,
        position=decision.position,
        action=decision.action.value,
        symbol=decision.symbol,
        notional=decision.notional,
        leverage=decision.leverage,
        close_fraction=decision.close_fraction,
        stop_loss=decision.stop_loss,
        take_profit=decision.take_profit,
        confidence=decision.confidence,
        invalidation=decision.invalidation,
        reason=decision.reason,
    )
    if refused is None:
        return replace(asked, verdict="held" if decision.order is None else "accepted")
    code, why = refused
    return replace(
        asked, verdict="refused", refused_by="exchange", code=code, message=why.message, needed=why.needed, available=why.available
    )


def _unread(blank: NewDecision, action: RefusedAction) -> NewDecision:
    """An action that reading refused: it never came to the exchange."""
    return replace(
        blank,
        position=action.position,
        action=action.action,
        symbol=action.symbol,
        verdict="refused",
        refused_by="reading",
        code=action.code,
        message=action.message,
    )


def _concluded(asked: Asked, refused: conduct.Named, noted: Sequence[Note]) -> tuple[str | None, str | None]:
    """Verdict and code of the turn, the exchange's part included."""
    if asked.reading is None:
        return None, asked.code
    verdict, code = conclude(asked.reading, [name for name, why in refused.values() if why.code is not RefusalCode.INTERRUPTED], noted)
    return verdict.value, asked.code if asked.by_operator else code


def _announce(parts: Parts, settlement: Settlement, asked: Asked, facts: Sequence[Fact], result: str) -> None:
    contestant = asked.contestant.id
    announce(parts, contestant, facts, settlement.cycle_id)
    for fact in facts:
        if isinstance(fact, OrderRefused):
            log.info(
                "order_refused",
                message=f"{contestant} order refused, {fact.refused.code}: {fact.refused.message}",
                cycle_id=settlement.cycle_id,
                contestant_id=contestant,
                phase="apply",
            )
    parts.events.publish("decision", contestant=contestant, cycle=settlement.cycle_id, outcome=result, fills=len(fills(facts)))
