"""Where each coin of the synthetic market stands at midnight: a mean-reverting walk since 2020, one common factor and one part of its own.

A pure function of the seed; days are computed in order once and kept, a few hundred bytes a day.
"""

from dataclasses import dataclass

import numpy as np

from app.sandbox.prices.chance import Floats, normals

BLOCK_DAYS = 512
PULL = 0.985
"""Share of yesterday's distance from the anchor that is left today: half of it goes in 46 days."""
FACTOR_DAILY = 0.018
CALM_PULL = 0.9
CALM_SPREAD = 0.16


@dataclass(frozen=True, slots=True)
class Character:
    """A coin: its long-run price (USDT), how it follows the common factor, its own daily spread, USDT traded a minute, USDT held open."""

    anchor: float
    beta: float
    own_daily: float
    minute_usdt: float
    open_interest_usdt: float


CHARACTERS = {
    "BTCUSDT": Character(96_000.0, 1.0, 0.006, 2_400_000.0, 2.6e9),
    "ETHUSDT": Character(3_400.0, 1.15, 0.014, 1_300_000.0, 1.4e9),
    "SOLUSDT": Character(185.0, 1.35, 0.022, 420_000.0, 4.2e8),
    "BNBUSDT": Character(690.0, 0.8, 0.012, 120_000.0, 1.1e8),
    "XRPUSDT": Character(2.3, 1.1, 0.02, 310_000.0, 2.9e8),
    "DOGEUSDT": Character(0.21, 1.4, 0.024, 190_000.0, 1.6e8),
}
SYMBOLS = tuple(CHARACTERS)
BETA = np.array([one.beta for one in CHARACTERS.values()])
OWN_DAILY = np.array([one.own_daily for one in CHARACTERS.values()])
ANCHOR_LOG = np.log([one.anchor for one in CHARACTERS.values()])


class Levels:
    """Log prices at midnight and how nervous each day is; `day` counts from 2020-01-01."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._state = np.zeros(2 + len(SYMBOLS))
        self._nerves: list[float] = []
        self._logs: list[Floats] = []

    def midnight(self, day: int) -> Floats:
        """Natural logarithm of each coin's price at the start of `day`."""
        self._reach(day)
        return self._logs[day]

    def nerves(self, day: int) -> float:
        """The day's volatility as a multiple of the usual."""
        self._reach(day)
        return self._nerves[day]

    def _reach(self, day: int) -> None:
        while len(self._logs) <= day:
            self._append_block(len(self._logs) // BLOCK_DAYS)

    def _append_block(self, block: int) -> None:
        width = len(self._state)
        dice = normals(BLOCK_DAYS * width, self._seed, "days", block).reshape(BLOCK_DAYS, width)
        for roll in dice:
            calm, factor, own = self._state[0], self._state[1], self._state[2:]
            nerves = float(np.exp(calm))
            self._nerves.append(nerves)
            self._logs.append(ANCHOR_LOG + BETA * factor + own)
            self._state = np.concatenate(
                (
                    [CALM_PULL * calm + CALM_SPREAD * roll[0], PULL * factor + FACTOR_DAILY * nerves * roll[1]],
                    PULL * own + OWN_DAILY * nerves * roll[2:],
                )
            )
