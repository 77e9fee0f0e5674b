"""What the sandbox's routes share while it runs: clock, prices, faults, counts. Remembers nothing across a restart."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.engine.clock import Clock
from app.sandbox.faults import FaultBoard
from app.sandbox.prices.feed import Feed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """What the sandbox plays. `tape` None means the synthetic market of `seed`; models take `model_latency_scale` of their usual time."""

    seed: int = 7
    tape: Path | None = None
    model_latency_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class SandboxState:
    """Shared by all routes; only `faults` and `counts` change."""

    config: SandboxConfig
    clock: Clock
    feed: Feed
    faults: FaultBoard = field(default_factory=FaultBoard)
    counts: Counter[str] = field(default_factory=Counter)

    def now_ms(self) -> int:
        """Market time, Unix milliseconds."""
        return (self.clock.now() - EPOCH) // MILLISECOND
