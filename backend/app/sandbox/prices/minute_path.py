"""How the price walks inside a minute, second by second, so that it ends as the minute's bar. Pure.

From the open to the nearer extreme, to the other one, to the close; the turning points' seconds and the jitter are drawn from the name.
"""

import numpy as np

from app.sandbox.prices.bars import Bars, Ints
from app.sandbox.prices.chance import uniforms

SECONDS = 60


def walk(bar: Bars, *name: int | str) -> Ints:
    """60 prices in ticks, one a second, of a single bar: begins at its open, touches high and low, ends at its close."""
    opening, high, low, close = (int(column[0]) for column in (bar.open, bar.high, bar.low, bar.close))
    if high == low:
        return np.full(SECONDS, opening, dtype=np.int64)
    dice = uniforms(SECONDS + 2, "walk", int(bar.minute[0]), *name)
    first, second = (high, low) if high - opening <= opening - low else (low, high)
    turn, back = 8 + int(dice[0] * 15), 30 + int(dice[1] * 18)
    stops = (0, turn, back, SECONDS - 1)
    path = np.interp(np.arange(SECONDS), stops, (opening, first, second, close))
    path += (dice[2:] - 0.5) * (high - low) * 0.2
    ticks = np.clip(np.rint(path), low, high).astype(np.int64)
    ticks[list(stops)] = (opening, first, second, close)
    return ticks


def so_far(bar: Bars, second: int, *name: int | str) -> Bars:
    """The bar as it stands `second` (0 to 59) into its minute."""
    path = walk(bar, *name)[: second + 1]
    share = second + 1
    return Bars(
        minute=bar.minute,
        open=bar.open,
        high=path.max(keepdims=True),
        low=path.min(keepdims=True),
        close=path[-1:],
        volume=bar.volume * share // SECONDS,
        turnover=bar.turnover * share // SECONDS,
    )
