"""The Sharpe ratio of an equity series that grows, one point at a time: Welford's sums instead of the whole series."""

from dataclasses import dataclass
from math import sqrt

from app.scoring.metrics import FLAT

RETURNS_MIN = 30
"""With fewer returns the ratio is noise, and not told."""


@dataclass(slots=True)
class RunningSharpe:
    """Per-period Sharpe ratio (mean / sample deviation of simple returns, risk-free rate zero) of the points taken so far."""

    last: float | None = None
    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def take(self, equity: float) -> None:
        """The next point. After equity has reached zero the return is zero: there is nothing left to lose."""
        before, self.last = self.last, equity
        if before is None:
            return
        change = equity / before - 1.0 if before > 0 else 0.0
        self.count += 1
        away = change - self.mean
        self.mean += away / self.count
        self.squares += away * (change - self.mean)

    @property
    def value(self) -> float | None:
        """The ratio; None for fewer than RETURNS_MIN returns or a constant series."""
        if self.count < RETURNS_MIN:
            return None
        deviation = sqrt(self.squares / (self.count - 1))
        return None if deviation <= FLAT * max(1.0, abs(self.mean)) else self.mean / deviation
