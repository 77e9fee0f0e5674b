"""Log lines and events that say what a verb did, in one place so that their names stay the same."""

from collections.abc import Iterable

import structlog

from app.cycle.parts import Parts
from app.engine.facts import Fact, fills

log = structlog.get_logger(__name__)


def announce_fills(parts: Parts, contestant: str, facts: Iterable[Fact], cycle_id: int | None) -> int:
    """One log line and one event a fill. Returns how many there were."""
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
    return len(done)
