"""What the statistics said of the standings, kept between two cycles."""

from dataclasses import dataclass, field

from app.api.schemas import Estimate


@dataclass(frozen=True, slots=True)
class Figures:
    """Measured over the cycle grid, for one contestant."""

    return_low: float | None
    return_high: float | None
    max_drawdown: Estimate
    sharpe: Estimate
    rank_best: int
    rank_worst: int


@dataclass(frozen=True, slots=True)
class Measured:
    """All contestants' figures, for the equity rows up to `key`."""

    key: tuple[int, int] = (0, 0)
    by_contestant: dict[str, Figures] = field(default_factory=dict)
    separable: bool = False
    observations: int = 0
