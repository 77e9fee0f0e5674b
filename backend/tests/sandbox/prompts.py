"""Prompts as the arena writes them, in the few fields that scripted traders look at."""

import json


def coin(last, drift=0.0, **figures):
    """A symbol whose 20 closes rise by `drift` percent a bar up to `last`."""
    closes = [last * (1 - drift / 100) ** back for back in range(19, -1, -1)]
    return {
        "usable": True,
        "last": f"{last:.2f}",
        "mark": f"{last:.2f}",
        "closes_5m": [f"{close:.2f}" for close in closes],
        "ema20_5m": last * (1 - drift / 20),
        "ema50_5m": last * (1 - drift / 10),
        "rsi14_5m": 50.0 + 40 * drift,
        "macd_hist_5m": drift,
        "atr14_5m": last * 0.002,
        **figures,
    }


def position(symbol, side="long", gain=0.0, notional=1000.0):
    return {
        "symbol": symbol,
        "side": side,
        "notional_usdt": f"{notional:.2f}",
        "unrealised_pnl_usdt": f"{gain * notional:.2f}",
        "stop_loss": None,
        "take_profit": None,
    }


def prompt(coins, positions=(), language="en", available="10000", **limits):
    state = {
        "language": language,
        "limits": {"max_leverage": 20, "min_notional_usdt": "5", "taker_fee_rate": "0.0006", **limits},
        "account": {"equity_usdt": "10000", "available_usdt": available, "initial_usdt": "10000"},
        "positions": list(positions),
        "market": coins,
    }
    return f"CYCLE 1\n\nMARKET\n\nprices\n\nSTATE\n```json\n{json.dumps(state)}\n```\n"
