"""What a scripted trader decides from, as values. The readers beside this file fill it from the text of a prompt. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Dialect(StrEnum):
    """The family of the prompt, which says in what shape the reply is wanted."""

    TILTYARD = "tiltyard"
    ALPHA_ARENA = "alpha-arena-s1"


@dataclass(frozen=True, slots=True)
class Held:
    """An open position. `side` is +1 long, -1 short; `gain` is unrealised profit as a share of notional; `quantity` in the coin."""

    symbol: str
    side: int
    notional: float
    gain: float
    stop_loss: float | None
    take_profit: float | None
    quantity: float = 0.0
    leverage: int = 1


@dataclass(frozen=True, slots=True)
class Coin:
    """A tradable symbol. Prices as floats: a style is a rough opinion; what is sent is put on the tick again."""

    symbol: str
    last: float
    tick: float
    closes: tuple[float, ...]
    ema20: float
    ema50: float
    rsi: float
    momentum: float
    atr: float

    @property
    def trend(self) -> float:
        """How far the short average stands above the long one, in average ranges."""
        return (self.ema20 - self.ema50) / self.atr

    @property
    def stretch(self) -> float:
        """How far the price stands above the mean of its recent closes, in their standard deviations."""
        mean = sum(self.closes) / len(self.closes)
        spread = (sum((close - mean) ** 2 for close in self.closes) / len(self.closes)) ** 0.5
        return (self.last - mean) / spread if spread > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Briefing:
    """Everything a trader decides from."""

    dialect: Dialect
    language: str
    max_leverage: int
    min_notional: float
    fee_rate: float
    entries_open: bool
    equity: float
    available: float
    held: Mapping[str, Held]
    coins: Mapping[str, Coin]


def coin_seen(symbol: str, last: float, tick: float, closes: tuple[float, ...], figures: Mapping[str, float | None]) -> Coin:
    """A coin out of what a prompt shows; what it doesn't show is estimated from the closes. Figures: ema20, ema50, rsi, momentum, atr."""
    closes = closes or (last,)
    moves = [abs(new - old) for old, new in pairwise(closes)]
    usual = sum(moves) / len(moves) if moves else 0.0
    return Coin(
        symbol=symbol,
        last=last,
        tick=tick,
        closes=closes,
        ema20=_or(figures.get("ema20"), sum(closes[-5:]) / len(closes[-5:])),
        ema50=_or(figures.get("ema50"), sum(closes) / len(closes)),
        rsi=_or(figures.get("rsi"), 50.0),
        momentum=_or(figures.get("momentum"), closes[-1] - closes[0]),
        atr=max(_or(figures.get("atr"), usual), last * 2e-4),
    )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
