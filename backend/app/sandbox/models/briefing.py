"""What a scripted trader sees: the STATE block at the end of a prompt, as values. Pure; a prompt without one is None.

The block is a line `STATE` followed by a fenced JSON object; prices are texts, figures may be null.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_BLOCK = re.compile(r"^STATE\s*\n```json\s*\n(.*?)\n```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Held:
    """An open position. `side` is +1 long, -1 short; `gain` is unrealised profit as a share of notional."""

    symbol: str
    side: int
    notional: float
    gain: float
    stop_loss: float | None
    take_profit: float | None


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

    language: str
    max_leverage: int
    min_notional: float
    fee_rate: float
    entries_open: bool
    equity: float
    available: float
    held: Mapping[str, Held]
    coins: Mapping[str, Coin]


def read_briefing(prompt: str) -> Briefing | None:
    """The last STATE block of a prompt; None when there is none, or it can't be read."""
    blocks = _BLOCK.findall(prompt)
    if not blocks:
        return None
    try:
        return _briefing(json.loads(blocks[-1]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _briefing(state: Mapping[str, Any]) -> Briefing:
    limits, account = state.get("limits") or {}, state["account"]
    ticks = limits.get("tick") or {}
    coins = (_coin(symbol, row, ticks.get(symbol)) for symbol, row in state["market"].items())
    return Briefing(
        language=str(state.get("language", "en")),
        max_leverage=int(limits.get("max_leverage", 5)),
        min_notional=float(limits.get("min_notional_usdt", 5)),
        fee_rate=float(limits.get("taker_fee_rate", "0.0006")),
        entries_open=bool(limits.get("entries_open", True)),
        equity=float(account["equity_usdt"]),
        available=float(account["available_usdt"]),
        held={row["symbol"]: _held(row) for row in state.get("positions", ())},
        coins={coin.symbol: coin for coin in coins if coin is not None},
    )


def _held(row: Mapping[str, Any]) -> Held:
    notional = _or(row.get("notional_usdt"), 0.0)
    gain = _or(row.get("unrealised_pnl_usdt"), 0.0) / notional if notional else 0.0
    levels = (row.get("stop_loss"), row.get("take_profit"))
    stop, target = (None if level is None else float(level) for level in levels)
    return Held(row["symbol"], 1 if row["side"] == "long" else -1, notional, gain, stop, target)


def _coin(symbol: str, row: Mapping[str, Any], tick: str | None) -> Coin | None:
    if not row.get("usable", False):
        return None
    last = float(row["mark"])
    closes = tuple(float(close) for close in row.get("closes_5m") or ()) or (last,)
    moves = [abs(new - old) for old, new in pairwise(closes)]
    usual = sum(moves) / len(moves) if moves else 0.0
    decimals = len(str(row["last"]).partition(".")[2])
    return Coin(
        symbol=symbol,
        last=last,
        tick=float(tick) if tick else 10.0**-decimals,
        closes=closes,
        ema20=_or(row.get("ema20_5m"), sum(closes[-5:]) / len(closes[-5:])),
        ema50=_or(row.get("ema50_5m"), sum(closes) / len(closes)),
        rsi=_or(row.get("rsi14_5m"), 50.0),
        momentum=_or(row.get("macd_hist_5m"), closes[-1] - closes[0]),
        atr=max(_or(row.get("atr14_5m"), usual), last * 2e-4),
    )


def _or(value: Any, default: float) -> float:
    return default if value is None else float(value)
