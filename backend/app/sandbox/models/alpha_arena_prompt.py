"""Reads a prompt of the family `alpha-arena-s1`: labelled numbers, arrays, and one JSON object for each position. Pure."""

import json
import re
from typing import Any

from app.sandbox.models.briefing import Briefing, Coin, Dialect, Held, coin_seen

QUOTE = "USDT"
_CLOSED = "In this turn nothing can be entered"


def read_alpha_arena_prompt(prompt: str) -> Briefing | None:
    """A prompt as values; None when it is none of this family, or can't be read."""
    system, found_market, rest = prompt.partition("\nSTATE OF THE MARKET")
    market, found_account, account = rest.partition("\nYOUR ACCOUNT")
    if not found_market or not found_account:
        return None
    try:
        return _briefing(system, market, account.partition("\nSharpe ratio")[0])  # what may follow is no longer the arena's
    except (ValueError, KeyError, TypeError):
        return None


def _briefing(system: str, market: str, account: str) -> Briefing | None:
    equity, available = _number(r"Account value: ", account), _number(r"Available cash: ", account)
    if equity is None or available is None:
        return None
    coins = [_coin(block) for block in market.split("\n---\n")]
    rows = [json.loads(line) for line in account.splitlines() if line.startswith('{"symbol"')]
    return Briefing(
        dialect=Dialect.ALPHA_ARENA,
        language="en",
        max_leverage=_least(r"at most ((?:\d+ \([\w ]+\)(?:, )?)+)", r"(\d+) \(", system),
        min_notional=_number(r"must be at least ", system) or 5.0,
        fee_rate=(_number(r"taker fee \(", system) or 0.06) / 100,
        entries_open=not re.search(rf"^{_CLOSED}", account, re.MULTILINE),
        equity=equity,
        available=available,
        held={one.symbol: one for one in map(_held, rows)},
        coins={coin.symbol: coin for coin in coins if coin is not None},
    )


def _coin(block: str) -> Coin | None:
    name = block.strip().partition("\n")[0]
    last = _number(r"current_price = ", block)
    if last is None:
        return None
    near = block.partition("Longer context")[0]
    closes = re.search(r"Close prices: \[(.*?)\]", near)
    texts = closes[1].split(", ") if closes and closes[1] else []
    decimals = max((len(text.partition(".")[2]) for text in texts), default=0)
    figures = {
        "ema20": _number(r"current_ema20 = ", near),
        "momentum": _number(r"current_macd = ", near),
        "rsi": _number(r"RSI \(14 periods\): \[(?:.*, )?", near),
    }
    return coin_seen(name + QUOTE, last, 10.0**-decimals, tuple(float(text) for text in texts), figures)


def _held(row: dict[str, Any]) -> Held:
    notional = float(row["notional_usd"] or 0.0)
    return Held(
        symbol=row["symbol"] + QUOTE,
        side=1 if row["quantity"] > 0 else -1,
        notional=notional,
        gain=float(row["unrealized_pnl"] or 0.0) / notional if notional else 0.0,
        stop_loss=row["exit_plan"]["stop_loss"],
        take_profit=row["exit_plan"]["profit_target"],
        quantity=abs(row["quantity"]),
        leverage=row["leverage"],
    )


def _number(before: str, text: str) -> float | None:
    found = re.search(rf"{before}(-?\d+(?:\.\d+)?)", text)
    return float(found[1]) if found else None


def _least(list_pattern: str, one_pattern: str, text: str) -> int:
    """The smallest of a list of whole numbers, 1 when there is none."""
    found = re.search(list_pattern, text)
    return min((int(one) for one in re.findall(one_pattern, found[1])), default=1) if found else 1
