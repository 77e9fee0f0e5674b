"""A trader's decision and its form on the wire: exactly the reply shape that the prompt asks for. Pure.

Sizes are shares of what is available and never more than limits and cash allow; levels stand on the tick and on the right side.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from app.sandbox.models.briefing import Briefing, Coin, Dialect

CASH_SPARE = 0.97
"""Share of the available balance that may be bound: prices move between the question and the fill."""


@dataclass(frozen=True, slots=True)
class Act:
    """One action of the reply; all of the contract's keys."""

    action: str
    symbol: str | None
    reason: str
    notional: float | None = None
    leverage: int | None = None
    close_fraction: float | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    confidence: float | None = None
    invalidation: str | None = None

    def as_json(self) -> dict[str, Any]:
        """In the contract's names."""
        return {
            "action": self.action,
            "symbol": self.symbol,
            "notional_usdt": self.notional,
            "leverage": self.leverage,
            "close_fraction": self.close_fraction,
            "stop_loss": self.stop_loss,
            "take_profit": self.take_profit,
            "confidence": self.confidence,
            "invalidation": self.invalidation,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Speech:
    """What a model says: the thinking it shows, and its reply."""

    thinking: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole decision."""

    summary: str
    acts: Sequence[Act]
    thinking: str

    @property
    def speech(self) -> Speech:
        """On the wire: one JSON object."""
        reply = {"summary": self.summary, "actions": [act.as_json() for act in self.acts]}
        return Speech(self.thinking, json.dumps(reply, ensure_ascii=False))

    def speech_for(self, briefing: Briefing) -> Speech:
        """On the wire, in the shape that the prompt asks for."""
        if briefing.dialect is Dialect.TILTYARD:
            return self.speech
        entries = dict(filter(None, (_signal(act, briefing) for act in self.acts)))
        return Speech(self.thinking, json.dumps(entries, ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class Entry:
    """How a style enters: share of available cash as margin, leverage, stop and target as distances from the price (None: no target)."""

    share: float
    leverage: int
    stop: float
    target: float | None
    confidence: float


@dataclass(slots=True)
class Purse:
    """Cash that is left while a plan is being made."""

    briefing: Briefing
    left: float = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.briefing.available * CASH_SPARE

    def enter(self, coin: Coin, side: int, entry: Entry, reason: str, invalidation: str) -> Act | None:
        """An opening order, or None when the cash doesn't reach or entries are closed."""
        leverage = max(1, min(entry.leverage, self.briefing.max_leverage))
        wanted = self.briefing.available * entry.share * leverage
        notional = min(wanted, self.left / (1.0 / leverage + self.briefing.fee_rate))
        if notional < 2 * self.briefing.min_notional or not self.briefing.entries_open:
            return None
        self.left -= notional * (1.0 / leverage + self.briefing.fee_rate)
        return Act(
            action="open_long" if side > 0 else "open_short",
            symbol=coin.symbol,
            reason=reason,
            notional=round(notional, 2),
            leverage=leverage,
            stop_loss=_level(coin, -side, entry.stop),
            take_profit=None if entry.target is None else _level(coin, side, entry.target),
            confidence=round(min(max(entry.confidence, 0.05), 0.95), 2),
            invalidation=invalidation,
        )


def close(symbol: str, reason: str, fraction: float = 1.0) -> Act:
    """Close a position, or a part of it."""
    return Act("close", symbol, reason, close_fraction=fraction, confidence=0.6)


def hold(reason: str, symbol: str | None = None) -> Act:
    """Do nothing and say why."""
    return Act("hold", symbol, reason)


def _signal(act: Act, briefing: Briefing) -> tuple[str, dict[str, Any]] | None:
    """An action as the older contest's coin and ten fields; None for one about no coin: leaving a coin out means holding."""
    if act.symbol is None:
        return None
    name, held = act.symbol.removesuffix("USDT"), briefing.held.get(act.symbol)
    signals = {"open_long": "buy_to_enter", "open_short": "sell_to_enter", "close": "close_position"}
    entering = act.action.startswith("open") and act.notional is not None
    quantity = (act.notional or 0.0) / briefing.coins[act.symbol].last if entering else held.quantity if held is not None else 0.0
    stop, target = (act.stop_loss, act.take_profit) if entering or held is None else (held.stop_loss, held.take_profit)
    margin = (act.notional or 0.0) / (act.leverage or 1)
    fields = {
        "coin": name,
        "signal": signals.get(act.action, "hold"),
        "quantity": float(f"{quantity:.6g}"),
        "profit_target": target,
        "stop_loss": stop,
        "invalidation_condition": act.invalidation or "",
        "leverage": act.leverage or (held.leverage if held is not None else 1),
        "confidence": 0.5 if act.confidence is None else act.confidence,
        "risk_usd": round(margin / 2, 2),
        "justification": act.reason if entering or act.action == "close" else "",
    }
    return name, fields


def _level(coin: Coin, way: int, distance: float) -> float:
    """A price so far above (`way` +1) or below (-1) the coin's; some ticks away even where nothing moves."""
    return on_tick(coin.last + way * min(max(distance, 3.0 * coin.tick), 0.5 * coin.last), coin.tick)


def on_tick(price: float, tick: float) -> float:
    """The nearest multiple of the tick, at least one."""
    step = Decimal(repr(tick)).normalize()
    ticks = max((Decimal(repr(price)) / step).to_integral_value(rounding=ROUND_HALF_EVEN), Decimal(1))
    return float(ticks * step)
