"""The order book: fifty levels a side around the last price, the same for everybody who asks in the same second. Pure.

Depth grows away from the middle and thins out while the price moves fast. Sizes are invented but of the real order of magnitude.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.sandbox.prices.bars import Bars, Ints
from app.sandbox.prices.chance import Floats, normals, uniforms
from app.sandbox.prices.contracts import Contract

LEVELS = 50
REACH = 0.0006
"""About how far from the middle the fifty levels reach, as a fraction of the price."""

TOP_USDT = {"BTCUSDT": 70_000, "ETHUSDT": 45_000, "SOLUSDT": 22_000, "BNBUSDT": 12_000, "XRPUSDT": 15_000, "DOGEUSDT": 11_000}
SPREAD = 0.8
GROWTH = 0.06
THINNEST = 0.2
THIN_FROM = 1.5
"""A minute whose range is this many times the usual begins to thin the book."""

SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Depth:
    """Levels best first as (ticks, lots), and the time (ms) they are from."""

    time_ms: int
    bids: Sequence[tuple[int, int]]
    asks: Sequence[tuple[int, int]]


def make_depth(seed: int, contract: Contract, recent: Bars, time_ms: int) -> Depth:
    """The book around the last close of `recent`, some dozens of minutes that end with the current one."""
    last = int(recent.close[-1])
    haste = _haste(recent)
    name = (seed, "depth", contract.symbol, time_ms // SECOND_MS)
    taken, wide = uniforms(2, *name, "side")
    spread = 1 + int(max(haste - THIN_FROM, 0.0) * 2.0 * wide)
    bid = max(last if taken < 0.5 else last - spread, 1)  # noqa: PLR2004 - the last trade hit one of the two sides
    thin = min(max(THIN_FROM / max(haste, THIN_FROM), THINNEST), 1.0)
    bids, asks = (_side(contract, price, way, thin, (*name, way)) for price, way in ((bid, -1), (bid + spread, 1)))
    return Depth(time_ms // SECOND_MS * SECOND_MS, bids, asks)


def _haste(recent: Bars) -> float:
    ranges: Ints = recent.high - recent.low
    usual = max(float(np.median(ranges)), 1.0)
    return float(max(ranges[-3:])) / usual / 2.0


def _side(contract: Contract, best: int, way: int, thin: float, name: tuple[int | str, ...]) -> list[tuple[int, int]]:
    step_mean = max(best * REACH / LEVELS, 1.0)
    steps = 1 + np.floor(2.0 * (step_mean - 1.0) * uniforms(LEVELS - 1, *name, "steps")).astype(np.int64)
    prices = best + way * np.concatenate(([0], np.cumsum(steps)))
    lots = _lots(contract, best, thin, normals(LEVELS, *name, "sizes"))
    return [(int(price), int(size)) for price, size in zip(prices, lots, strict=True) if price > 0]


def _lots(contract: Contract, best: int, thin: float, dice: Floats) -> Ints:
    usdt = TOP_USDT.get(contract.symbol, 10_000) * thin * (1.0 + GROWTH * np.arange(LEVELS)) * np.exp(SPREAD * dice)
    price = best * 10.0**-contract.price_places
    lots: Ints = np.maximum(np.rint(usdt / price * 10.0**contract.lot_places), 1.0).astype(np.int64)
    return lots
