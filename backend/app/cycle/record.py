"""Log lines and events that say what a verb did, in one place so that their names stay the same."""

from collections.abc import Sequence

import structlog

from app.cycle.parts import Parts
from app.engine.facts import Fact, FundingPaid, fills

log = structlog.get_logger(__name__)


def announce(parts: Parts, contestant: str, facts: Sequence[Fact], cycle_id: int | None) -> int:
    """One log line a fill or funding settlement, and one event a fill. Returns how many fills there were."""
    done = fills(facts)
    for fill in done:
        log.info(
            "filled",
            message=f"{contestant} {fill.purpose} {fill.side} {fill.quantity:f} {fill.symbol} at {fill.price:.10g}, fee {fill.fee:.4f}",
            contestant_id=contestant,
            cycle_id=cycle_id,
            phase="apply" if fill.order is not None else "watch",
        )
        parts.events.publish("trade", contestant=contestant, symbol=fill.symbol, purpose=fill.purpose.value, trade=fill.trade.number)
    for fact in facts:
        if isinstance(fact, FundingPaid):
            log.info(
                "funded",
                message=f"{contestant} {'receives' if fact.amount >= 0 else 'pays'} {abs(fact.amount):.4f} funding for {fact.side} "
                f"{fact.quantity:f} {fact.symbol} at {fact.rate:f}",
                contestant_id=contestant,
                cycle_id=cycle_id,
                phase="watch",
            )
    return len(done)
