"""What a contestant was shown, and replies to it, for tests of reading."""

import json
from datetime import UTC, datetime

from app.agents.reading import Shown, Spoken
from app.agents.tiltyard_reply import read_tiltyard
from app.engine.trades import Side
from tests.engine.markets import D

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
OPEN = {
    "action": "open_long",
    "symbol": "ETHUSDT",
    "notional_usdt": 1000,
    "leverage": 5,
    "stop_loss": 3900,
    "take_profit": 4300,
    "confidence": 0.6,
    "reason": "r",
}
CLOSE = {"action": "close", "symbol": "BTCUSDT"}
SHOWN = Shown(
    NOON,
    {"BTCUSDT": D(100_500), "ETHUSDT": D(4_000), "SOLUSDT": D(190), "DOGEUSDT": D("0.2")},
    {"BTCUSDT": D("0.1"), "ETHUSDT": D("0.01"), "SOLUSDT": D("0.01"), "XRPUSDT": D("0.0001"), "DOGEUSDT": D("0.00001")},
    20,
    {"BTCUSDT": Side.LONG, "SOLUSDT": Side.SHORT},
    {"ETHUSDT": D("0.5")},
)
"""Long BTC, short SOL, flat in ETH and DOGE; XRP has no sound price."""


def reply(*actions, **more):
    return json.dumps({"summary": "s", "actions": list(actions), **more}, ensure_ascii=False)


def read(text, finish_reason="stop", tool_calls=(), shown=SHOWN):
    return read_tiltyard(Spoken(text, finish_reason, tuple(tool_calls)), shown)


def read_open(**changes):
    """An open in ETH with some fields other than usual; a field given as `...` is left out."""
    return read(reply({key: value for key, value in {**OPEN, **changes}.items() if value is not ...}))
