"""The next minute in which an account in cross margin might be liquidated. A net with meshes: what it lets through can't be, what it
holds the engine decides. Floats, because nothing of it enters the books.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from app.engine.instruments import Instrument
from app.engine.positions import Account, Position
from app.engine.trades import Side
from app.replay.inputs import Bars
from app.replay.scaled import Floats
from app.replay.search import FIRST_STRETCH, GROWTH

SLACK = 1e-6
"""Share of the notional, far above any rounding, by which a minute counts as dangerous too early."""


def next_danger(account: Account, bars: Mapping[str, Bars], instruments: Mapping[str, Instrument], start: int) -> int:
    """First bar from `start` on in which equity at everybody's worst price may not exceed the maintenance margins; the tape's length
    when there is none. All symbols must have the same minutes.
    """
    held = tuple(account.positions.values())
    end, width = len(bars[held[0].symbol].time), FIRST_STRETCH
    wallet = float(account.wallet)
    while start < end:
        stretch = slice(start, start + width)
        spare = wallet + sum((_spare(one, bars[one.symbol], instruments[one.symbol], stretch) for one in held), np.zeros(1))
        hit = spare <= SLACK
        first = int(hit.argmax())
        if hit[first]:
            return start + first
        start, width = stretch.stop, width * GROWTH
    return end


def _spare(held: Position, bars: Bars, instrument: Instrument, stretch: slice) -> Floats:
    """Unrealised PnL less maintenance margin, and less the slack, at the worst price of each bar, USDT."""
    worst = (bars.low if held.side is Side.LONG else bars.high)[stretch] / 10.0**bars.places
    quantity, entry = float(held.quantity), float(held.entry_price)
    notional = quantity * worst
    result: Floats = held.side.sign * quantity * (worst - entry) - _maintenance(instrument, notional) - SLACK * notional
    return result


def _maintenance(instrument: Instrument, notional: Floats) -> Floats:
    fee = notional * float(instrument.taker_fee_rate)
    if not instrument.tiers:
        return fee
    uppers = np.array([float(tier.upper) for tier in instrument.tiers[:-1]])
    row = np.searchsorted(uppers, notional, side="left")
    rates = _column([float(tier.maintenance_rate) for tier in instrument.tiers])
    result: Floats = notional * rates[row] - _column([float(one) for one in instrument.deductions])[row] + fee
    return result


def _column(values: Sequence[float]) -> Floats:
    return np.array(values, np.float64)
