"""Reads a prompt of the family `tiltyard`, English or Chinese, as its reader would: labels and numbers in a text. Pure."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from app.sandbox.models.briefing import Briefing, Coin, Dialect, Held, coin_seen

Labels = Mapping[str, str]

ENGLISH: Labels = MappingProxyType(
    {
        "contracts": "# Contracts",
        "market": "# Market at",
        "account": "# Your account",
        "closed": "Close-only turn",
        "last": "last",
        "mark": "mark",
        "close": "close",
        "histogram": "hist",
        "equity": "equity",
        "available": "available",
        "quantity": "quantity",
        "notional": "notional",
        "pnl": "pnl",
        "stop": "stop",
        "target": "target",
        "long": "long",
        "short": "short",
    }
)
CHINESE: Labels = MappingProxyType(
    {
        "contracts": "# 合约",
        "market": "# 行情",
        "account": "# 账户",
        "closed": "本轮",
        "last": "最新",
        "mark": "标记",
        "close": "收盘",
        "histogram": "柱",
        "equity": "权益",
        "available": "可用",
        "quantity": "数量",
        "notional": "名义",
        "pnl": "浮盈",
        "stop": "止损",
        "target": "止盈",
        "long": "多",
        "short": "空",
    }
)
LANGUAGES: Mapping[str, Labels] = MappingProxyType({"en": ENGLISH, "zh": CHINESE})

_NEXT, _N = r"[,,] *", r"(\d+(?:\.\d+)?)"
_CONTRACT = re.compile(rf"^(\w+){_NEXT}{_N}{_NEXT}{_N}{_NEXT}{_N}{_NEXT}{_N}{_NEXT}(\d+)x{_NEXT}{_N}%", re.MULTILINE)
_POSITION = re.compile(r"^(\w+) (\S+) (\d+)x (.*)$", re.MULTILINE)


def read_tiltyard_prompt(prompt: str) -> Briefing | None:
    """A prompt as values; None when it is none of this family, or can't be read."""
    for language, labels in LANGUAGES.items():
        system, found_market, rest = prompt.partition(f"\n{labels['market']}")
        market, found_account, account = rest.partition(f"\n{labels['account']}")
        if found_market and found_account:
            return _briefing(language, labels, system, market, account)
    return None


def _briefing(language: str, labels: Labels, system: str, market: str, account: str) -> Briefing | None:
    contracts = {row[0]: row for row in _CONTRACT.findall(system.partition(labels["contracts"])[2])}
    equity, available = _number(labels["equity"], account), _number(labels["available"], account)
    if not contracts or equity is None or available is None:
        return None
    coins = [_coin(block, labels, contracts) for block in market.split("\n\n")]
    held = [_held(row, labels) for row in _POSITION.findall(account) if row[1] in {labels["long"], labels["short"]}]
    return Briefing(
        dialect=Dialect.TILTYARD,
        language=language,
        max_leverage=min(int(row[5]) for row in contracts.values()),
        min_notional=max(float(row[4]) for row in contracts.values()),
        fee_rate=max(float(row[6]) for row in contracts.values()) / 100,
        entries_open=re.search(rf"^{labels['closed']}", account, re.MULTILINE) is None,
        equity=equity,
        available=available,
        held={one.symbol: one for one in held if one is not None},
        coins={coin.symbol: coin for coin in coins if coin is not None},
    )


def _coin(block: str, labels: Labels, contracts: Mapping[str, tuple[str, ...]]) -> Coin | None:
    symbol, _, rest = block.strip().partition(" ")
    last = _number(labels["mark"], rest) or _number(labels["last"], rest)
    if symbol not in contracts or last is None:
        return None
    near = rest.partition("4h:")[0]
    figures = {
        "ema20": _row("EMA20", near)[-1:],
        "ema50": _row("EMA50", near)[:1],
        "rsi": _row("RSI14", near)[-1:],
        "momentum": _row(labels["histogram"], near)[:1],
        "atr": _row("ATR14", near)[:1],
    }
    closes = tuple(close for close in _row(labels["close"], near) if close is not None)
    return coin_seen(symbol, last, float(contracts[symbol][2]), closes, {name: next(iter(row), None) for name, row in figures.items()})


def _held(row: tuple[str, str, str, str], labels: Labels) -> Held | None:
    symbol, side, leverage, text = row
    quantity = _number(labels["quantity"], text)
    if quantity is None:  # a finished trade, not a position
        return None
    notional = _number(labels["notional"], text) or 0.0
    gain = (_number(labels["pnl"], text) or 0.0) / notional if notional else 0.0
    stop, target = _number(labels["stop"], text), _number(labels["target"], text)
    return Held(symbol, 1 if side == labels["long"] else -1, notional, gain, stop, target, quantity, int(leverage))


def _number(label: str, text: str) -> float | None:
    """The number behind a label; None where there is no such label or no number behind it."""
    return next(iter(_row(label, text)), None)


def _row(label: str, text: str) -> list[float | None]:
    """The numbers behind a label, up to the next word; n/a is None. A Chinese label stands at its number."""
    gap = " " if label.isascii() else " ?"
    number = r"(?:[+-]?\d+(?:\.\d+)?|n/a)(?=\s|$)"
    found = re.search(rf"(?:^|[\s:]){re.escape(label)}({gap}{number}(?: {number})*)", text, re.MULTILINE)
    return [None if one == "n/a" else float(one) for one in found[1].split()] if found else []
