"""State to prompt: the messages a contestant is sent. Everybody gets the same market text; only the account part differs.

The unchanging system text stands first and is byte-identical for all, so that providers can cache it; data comes last. Series run oldest to
newest and hold closed bars only. Nothing another model wrote ever enters a prompt.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from app.agents.indicators import Indicators, indicators
from app.agents.rules_text import system_text
from app.engine.instruments import Instrument
from app.engine.margin import counted_pnl, free_balance, liquidation_prices
from app.engine.market import Candle, Snapshot, SymbolView
from app.engine.money import plain
from app.engine.positions import Account, Position
from app.engine.rules import Rules

SERIES_BARS = 20
FAMILY = "tiltyard"
VERSION = "2"


@dataclass(frozen=True, slots=True)
class Prompt:
    """The two messages of one turn. `system_hash` is SHA-256 of the system text, which names the prompt version."""

    system: str
    user: str
    system_hash: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """OpenAI chat messages."""
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that was refused in the contestant's last turn, told back in numbers and names only."""

    action: str
    symbol: str | None
    code: str
    message: str


def market_part(snapshot: Snapshot) -> tuple[dict[str, Any], str]:
    """The market as data and as text, made once a cycle and shared by all contestants."""
    rows: dict[str, Any] = {}
    texts: list[str] = []
    for symbol, view in snapshot.symbols.items():
        if view.quote is None or view.unusable is not None:
            rows[symbol] = {"usable": False, "reason": view.unusable}
            texts.append(f"{symbol}: no sound price in this cycle, can't be traded ({view.unusable})")
            continue
        short, long = indicators(view.candles_5m), indicators(view.candles_4h)
        rows[symbol] = _row(view, short, long)
        texts.append(_text(symbol, view, short, long))
    return rows, "\n\n".join(texts)


def brief(
    account: Account,
    initial: Decimal,
    snapshot: Snapshot,
    market: tuple[dict[str, Any], str],
    rules: Rules,
    *,
    language: str,
    cycle_number: int,
    refusals: Sequence[Refusal] = (),
) -> Prompt:
    """The prompt of one contestant in one cycle."""
    rows, text = market
    marks = snapshot.marks
    liquidations = liquidation_prices(account, marks, snapshot.instruments, rules.margin_mode)
    system = system_text(rules, language)
    state = {
        "time": _iso(snapshot.taken_at),
        "language": language,
        "limits": _limits(snapshot.instruments, rules),
        "account": {
            "equity_usdt": _money(account.wallet + counted_pnl(account, marks, rules.margin_mode)),
            "available_usdt": _money(max(Decimal(0), free_balance(account, marks, rules.margin_mode))),
            "initial_usdt": _money(initial),
        },
        "positions": [
            _position(held, marks, snapshot.instruments[held.symbol], liquidations[held.symbol]) for held in account.positions.values()
        ],
        "refused_last_turn": [{"action": one.action, "symbol": one.symbol, "code": one.code, "message": one.message} for one in refusals],
        "market": rows,
    }
    user = (
        f"CYCLE {cycle_number} · {_iso(snapshot.taken_at)}\n\n"
        f"MARKET (series oldest to newest, closed bars only)\n\n{text}\n\n"
        f"STATE\n```json\n{json.dumps(state, ensure_ascii=False, separators=(',', ':'))}\n```\n"
    )
    return Prompt(system, user, hashlib.sha256(system.encode()).hexdigest())


def _limits(instruments: Mapping[str, Instrument], rules: Rules) -> dict[str, Any]:
    return {
        "max_leverage": rules.max_leverage,
        "margin_mode": rules.margin_mode.value,
        "entries_open": rules.entries_open,
        "min_notional_usdt": plain(max((one.min_notional for one in instruments.values()), default=Decimal(5))),
        "taker_fee_rate": plain(max((one.taker_fee_rate for one in instruments.values()), default=Decimal(0))),
        "lot": {name: plain(one.lot) for name, one in instruments.items()},
        "tick": {name: plain(one.tick) for name, one in instruments.items()},
    }


def _position(held: Position, marks: Mapping[str, Decimal], instrument: Instrument, liquidation: Decimal | None) -> dict[str, Any]:
    mark = marks.get(held.symbol)
    return {
        "symbol": held.symbol,
        "side": held.side.value,
        "quantity": plain(held.quantity),
        "entry_price": _to(held.entry_price, instrument.tick),
        "mark_price": None if mark is None else plain(mark),
        "notional_usdt": None if mark is None else _money(held.notional(mark)),
        "leverage": held.leverage,
        "margin_usdt": _money(held.margin),
        "unrealised_pnl_usdt": None if mark is None else _money(held.unrealised_pnl(mark)),
        "funding_usdt": _money(held.trade.funding),
        "liquidation_price": None if liquidation is None else plain(liquidation),
        "stop_loss": None if held.stop_loss is None else plain(held.stop_loss),
        "take_profit": None if held.take_profit is None else plain(held.take_profit),
        "opened_at": _iso(held.trade.opened_at),
    }


def _row(view: SymbolView, short: Indicators, long: Indicators) -> dict[str, Any]:
    quote = view.quote
    if quote is None:
        return {"usable": False}
    return {
        "usable": True,
        "last": plain(quote.last),
        "mark": plain(quote.mark),
        "index": _or_none(quote.index),
        "funding_rate": _or_none(quote.funding_rate),
        "next_funding_time": None if quote.next_funding_time is None else _iso(quote.next_funding_time),
        "open_interest": _or_none(quote.open_interest),
        "change_24h": _or_none(quote.change_24h),
        "closes_5m": [plain(bar.close) for bar in view.candles_5m[-SERIES_BARS:]],
        "ema20_5m": _figure(short.ema20),
        "ema50_5m": _figure(short.ema50),
        "rsi14_5m": _figure(short.rsi14),
        "macd_hist_5m": _figure(short.macd_hist),
        "atr14_5m": _figure(short.atr14),
        "ema20_4h": _figure(long.ema20),
        "ema50_4h": _figure(long.ema50),
        "rsi14_4h": _figure(long.rsi14),
    }


def _text(symbol: str, view: SymbolView, short: Indicators, long: Indicators) -> str:
    quote, tick = view.quote, view.instrument.tick
    if quote is None:
        return symbol
    price = _shown_like(tick)
    closes = ", ".join(plain(bar.close) for bar in view.candles_5m[-SERIES_BARS:])
    now = (
        f"{symbol}: last {plain(quote.last)}, mark {plain(quote.mark)}, index {_text_or_na(quote.index)}, "
        f"24h change {_percent(quote.change_24h)}, funding {_text_or_na(quote.funding_rate)} per "
        f"{view.instrument.funding_interval_hours} h, open interest {_text_or_na(quote.open_interest)}"
    )
    near = (
        f"  5m: EMA20 {price(short.ema20)}, EMA50 {price(short.ema50)}, MACD {price(short.macd)} (histogram {price(short.macd_hist)}), "
        f"RSI7 {_ratio(short.rsi7)}, RSI14 {_ratio(short.rsi14)}, ATR14 {price(short.atr14)}, "
        f"volume {_ratio(short.volume)} (20-bar average {_ratio(short.volume_average)})"
    )
    far = (
        f"  4h: EMA20 {price(long.ema20)}, EMA50 {price(long.ema50)}, MACD {price(long.macd)}, RSI14 {_ratio(long.rsi14)}, "
        f"ATR3 {price(long.atr3)}, ATR14 {price(long.atr14)}, range of the last closed bar {_range(view.candles_4h)}"
    )
    return "\n".join((now, f"  5m closes: {closes}", near, far))


def _range(candles: Sequence[Candle]) -> str:
    return f"{plain(candles[-1].low)}-{plain(candles[-1].high)}" if candles else "n/a"


def _shown_like(tick: Decimal) -> Any:
    digits = max(0, -int(tick.normalize().as_tuple().exponent)) + 1  # one digit finer than the tick, or small coins show zeros

    def shown(value: float | None) -> str:
        return "n/a" if value is None else f"{value:.{digits}f}"

    return shown


def _ratio(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"


def _figure(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.8g}")


def _percent(value: Decimal | None) -> str:
    return "n/a" if value is None else f"{value * 100:+.2f}%"


def _text_or_na(value: Decimal | None) -> str:
    return "n/a" if value is None else plain(value)


def _or_none(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _money(value: Decimal) -> str:
    return plain(value.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN))


def _to(value: Decimal, tick: Decimal) -> str:
    return plain(value.quantize(tick.normalize() if tick < 1 else Decimal(1), rounding=ROUND_HALF_EVEN))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
