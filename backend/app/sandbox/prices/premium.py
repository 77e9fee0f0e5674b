"""How far the perpetual trades above its index, and the funding that follows from it. Pure, a function of seed, symbol and time.

The premium is a sum of slow waves: continuous over days, can be asked at any time. Funding follows from the average premium of the interval
so far, within ±0.3%.
"""

from decimal import Decimal

import numpy as np

from app.engine.funding import settled_rate
from app.sandbox.prices.bars import MINUTE_MS
from app.sandbox.prices.chance import Floats, uniforms
from app.sandbox.prices.contracts import FUNDING_HOURS, FUNDING_MS

PERIOD_MINUTES = np.array([170.0, 590.0, 1_730.0, 5_300.0, 16_900.0])
HEIGHTS = np.array([1.0e-4, 1.6e-4, 2.6e-4, 3.4e-4, 3.0e-4])
USUAL = 1.2e-4
RATE_MAX = Decimal("0.003")
RATE_PLACES = 6
SAMPLE_MINUTES = 5


def premium(minutes: Floats, seed: int, symbol: str) -> Floats:
    """Premium at times given in minutes since 1970, as a fraction of the price."""
    phases = 2.0 * np.pi * uniforms(len(PERIOD_MINUTES), seed, "premium", symbol)
    angles = 2.0 * np.pi * np.outer(minutes, 1.0 / PERIOD_MINUTES) + phases
    heights: Floats = USUAL + np.sin(angles) @ HEIGHTS
    return heights


def funding_rate(start_ms: int, end_ms: int, seed: int, symbol: str) -> Decimal:
    """Rate of the interval that began at `start_ms`, from the premium up to `end_ms`; six decimals."""
    first, last = start_ms / MINUTE_MS, max(end_ms, start_ms + MINUTE_MS) / MINUTE_MS
    average = float(premium(np.arange(first, last, SAMPLE_MINUTES), seed, symbol).mean())
    rate = settled_rate(Decimal(repr(average)), FUNDING_HOURS, -RATE_MAX, RATE_MAX)
    return Decimal(f"{rate:.{RATE_PLACES}f}")


def interval_start(now_ms: int) -> int:
    """Start of the funding interval that `now_ms` lies in: 00, 08 or 16 UTC."""
    return now_ms // FUNDING_MS * FUNDING_MS
