"""Execute what contestants asked for, at one stored market, each in one writing transaction that also settles the turn.

The same code settles a live cycle and one that was killed half-way: a turn is settled once, whoever gets to it first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.agents.reply import Decision, Reply, ReplyRefused
from app.cycle.parts import Parts
from app.cycle.record import announce
from app.cycle.take_turn import Asked
from app.engine.exchange import apply
from app.engine.facts import Fact, OrderRefused, Outcome, fills
from app.engine.instruments import Instrument
from app.engine.ledger import BooksBrokenError
from app.engine.orders import Order, RefusalCode, Refused
from app.engine.positions import Account
from app.market.fill_market import FillMarket
from app.store import accounts, contestants, decisions, turns
from app.store.decisions import NewDecision

log = structlog.get_logger(__name__)

FAILURES = frozenset({"failed", "late", "refused"})
"""Outcomes that count as a failure of the contestant as a participant."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is the same for all turns of one cycle. `market` is None when the cycle never got to its fill; `why` says so."""

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
    read = asked.reading.decisions if isinstance(asked.reading, Reply) else ()
    orders = [(decision, order) for decision in read if (order := decision.order) is not None]
    async with parts.database.writing() as connection:
        if not await turns.claim_settlement(connection, settlement.cycle_id, asked.contestant.id):
            return "settled before"
        held = await accounts.load_account(connection, parts.season_id, asked.contestant.id)
        outcome, broken = _carry_out(held.account, settlement, [order for _, order in orders])
        verdicts = _verdicts([decision for decision, _ in orders], outcome.facts)
        result, detail = _result(asked, outcome.facts, broken)
        rows = _rows(parts, settlement, asked, verdicts, detail)
        ids = await decisions.save_decisions(connection, rows)
        decision_ids = {index: ids[decision.position] for index, (decision, _) in enumerate(orders)}
        await accounts.save_outcome(
            connection,
            held,
            outcome,
            at=settlement.at,
            cycle_id=settlement.cycle_id,
            source="decision",
            decision_ids=decision_ids,
            watched_until=settlement.watched_until,
        )
        await _finish(connection, settlement, asked, result, detail)
    _announce(parts, settlement, asked, outcome, result)
    return result


def _carry_out(account: Account, settlement: Settlement, orders: Sequence[Order]) -> tuple[Outcome, str | None]:
    if settlement.market is None:
        refused = Refused(RefusalCode.INTERRUPTED, settlement.why or "the cycle did not reach its fills")
        return Outcome(account, tuple(OrderRefused(index, refused) for index in range(len(orders)))), None
    try:
        return apply(account, settlement.market.market(settlement.instruments), orders, settlement.market.at), None
    except BooksBrokenError as error:
        log.error("books_broken", message=f"{error}; the turn is void, the books untouched", account=repr(account), orders=repr(orders))
        return Outcome(account), str(error)


def _verdicts(asked: Sequence[Decision], facts: Sequence[Fact]) -> dict[int, Refused | None]:
    """Decision position -> refusal, or None where it was carried out."""
    refused = {fact.order: fact.refused for fact in facts if isinstance(fact, OrderRefused)}
    return {decision.position: refused.get(index) for index, decision in enumerate(asked)}


def _result(asked: Asked, facts: Sequence[Fact], broken: str | None) -> tuple[str, str | None]:
    if broken is not None:
        return "failed", broken
    if not isinstance(asked.reading, Reply):
        return asked.outcome, asked.detail
    refusals = [fact.refused for fact in facts if isinstance(fact, OrderRefused)]
    detail = "; ".join(f"{one.code}: {one.message}" for one in refusals) or None
    if refusals and all(one.code is RefusalCode.INTERRUPTED for one in refusals):
        return "interrupted", detail
    return ("traded" if len(facts) > len(refusals) else "held"), detail


def _rows(
    parts: Parts, settlement: Settlement, asked: Asked, verdicts: Mapping[int, Refused | None], detail: str | None
) -> list[NewDecision]:
    about = (settlement.cycle_id, asked.contestant.id, asked.conversation_id, parts.clock.now())
    if isinstance(asked.reading, Reply) and asked.reading.decisions:
        return [_row(about, decision, asked.reading.summary, verdicts) for decision in asked.reading.decisions]
    summary = asked.reading.summary if isinstance(asked.reading, Reply) else None
    code = asked.reading.code.value if isinstance(asked.reading, ReplyRefused) else asked.outcome.upper() if asked.reading is None else None
    return [_hold(about, summary, code, detail)]


def _row(about: tuple[int, str, int, datetime], decision: Decision, summary: str, verdicts: Mapping[int, Refused | None]) -> NewDecision:
    cycle_id, contestant_id, conversation_id, now = about
    refused = verdicts.get(decision.position)
    verdict = "refused" if refused else "accepted" if decision.position in verdicts else "held"
    return NewDecision(
        cycle_id=cycle_id,
        contestant_id=contestant_id,
        conversation_id=conversation_id,
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
        summary=summary,
        verdict=verdict,
        code=refused.code.value if refused else None,
        message=refused.message if refused else None,
        needed=refused.needed if refused else None,
        available=refused.available if refused else None,
        created_at=now,
    )


def _hold(about: tuple[int, str, int, datetime], summary: str | None, code: str | None, detail: str | None) -> NewDecision:
    cycle_id, contestant_id, conversation_id, now = about
    return NewDecision(
        cycle_id=cycle_id,
        contestant_id=contestant_id,
        conversation_id=conversation_id,
        position=0,
        action="hold",
        verdict="held",
        summary=summary,
        code=code,
        message=detail,
        created_at=now,
    )


async def _finish(connection: AsyncConnection, settlement: Settlement, asked: Asked, result: str, detail: str | None) -> None:
    await turns.settle_turn(connection, settlement.cycle_id, asked.contestant.id, outcome=result, detail=detail, settled_at=settlement.at)
    await contestants.record_outcome(
        connection,
        asked.contestant.id,
        at=settlement.at,
        outcome=result,
        error=detail if result in FAILURES else None,
        failed=result in FAILURES,
    )


def _announce(parts: Parts, settlement: Settlement, asked: Asked, outcome: Outcome, result: str) -> None:
    contestant = asked.contestant.id
    announce(parts, contestant, outcome.facts, settlement.cycle_id)
    for fact in outcome.facts:
        if isinstance(fact, OrderRefused):
            log.info(
                "order_refused",
                message=f"{contestant} order refused, {fact.refused.code}: {fact.refused.message}",
                cycle_id=settlement.cycle_id,
                contestant_id=contestant,
                phase="apply",
            )
    parts.events.publish("decision", contestant=contestant, cycle=settlement.cycle_id, outcome=result, fills=len(fills(outcome.facts)))
