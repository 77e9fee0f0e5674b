"""Template `alpha-arena-s1@1`: what the first public season of that contest showed and asked, for comparing models with its records.

Immutable. Three things differ on purpose: the bars are of 5 minutes and closed, values without enough bars are `n/a`, and small numbers
keep their digits. What belongs to one contestant (minutes traded, times asked) stands with its account: the market is one for all.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from app.agents.account_figures import AccountFigures, PositionFigures, account_figures
from app.agents.alpha_arena_s1_v1_words import WORDS
from app.agents.figures import (
    CHANGE_DIGITS,
    LEVEL_DIGITS,
    NOT_AVAILABLE,
    Number,
    money,
    percent,
    price,
    rate,
    ratio,
    sharpe,
    significant,
    trimmed,
)
from app.agents.market_figures import CoinFigures, MarketFigures, UnusableCoin, market_figures
from app.agents.quoting import one_line, quoted
from app.agents.scene import Scene, Seat
from app.engine.instruments import Instrument

Value = TypeVar("Value")

QUOTE = "USDT"
DECIMALS = 3
"""The original's precision: ours is never less."""


def system(scene: Scene, _language: str) -> str:
    """Rules, meaning of the data, and the reply's shape. Says nothing that differs between two cycles of a contest."""
    rules, instruments = scene.rules, scene.snapshot.instruments
    coins = [coin_of(symbol) for symbol in instruments]
    return WORDS["system"].format(
        interval=scene.interval_minutes,
        coins=", ".join(coins),
        coin=coins[0] if coins else "BTC",
        margin=WORDS[f"margin_{rules.margin_mode.value}"],
        liquidation=WORDS[f"liquidation_{rules.margin_mode.value}"],
        trigger=WORDS[f"trigger_{rules.trigger_price.value}"],
        leverages=_terms(instruments, "leverage", lambda one: str(min(rules.max_leverage, one.max_leverage))),
        fees=_terms(instruments, "fee", lambda one: f"{trimmed(one.taker_fee_rate * 100)}%"),
        least=_terms(instruments, "least", lambda one: trimmed(one.min_notional)),
    )


def market(scene: Scene, _language: str) -> str:
    """What everybody sees of this cycle."""
    return market_text(market_figures(scene))


def account(scene: Scene, seat: Seat, _language: str) -> str:
    """What only this contestant sees."""
    return account_text(account_figures(scene, seat))


def market_text(figures: MarketFigures) -> str:
    """The market's part out of numbers."""
    blocks = [WORDS["market"].format(at=figures.at.strftime("%Y-%m-%d %H:%M:%S"))]
    blocks += [part for coin in figures.coins for part in _coin(coin)]
    return "\n\n".join(blocks) + "\n\n"


def account_text(figures: AccountFigures) -> str:
    """The account's part out of numbers."""
    blocks = [
        WORDS["account"].format(
            minutes=figures.minutes,
            asked=figures.times_asked,
            total_return=percent(figures.total_return),
            available=money(figures.available),
            value=money(figures.equity),
        )
    ]
    if figures.close_only or not figures.entries_open:
        blocks.append(" ".join(filter(None, (WORDS["close_only"], one_line(figures.close_only_why or "")))))
    held = [_position(one) for one in figures.positions]
    blocks.append("\n".join((WORDS["positions"], *held)) if held else WORDS["no_positions"])
    blocks.append(WORDS["sharpe"].format(sharpe=sharpe(figures.sharpe)))
    return "\n\n".join(blocks) + "\n"


def coin_of(symbol: str) -> str:
    """A contract's coin, as this template names it."""
    return symbol.removesuffix(QUOTE)


def _terms(instruments: Mapping[str, Instrument], word: str, term: Callable[[Instrument], str]) -> str:
    """A contract term with the coins it holds for, each value once."""
    groups: dict[str, list[str]] = {}
    for symbol, one in instruments.items():
        groups.setdefault(term(one), []).append(coin_of(symbol))
    return ", ".join(WORDS[word].format(**{word: value, "coins": " ".join(coins)}) for value, coins in groups.items())


def _coin(coin: CoinFigures | UnusableCoin) -> Iterable[str]:
    if isinstance(coin, UnusableCoin):
        yield WORDS["unusable"].format(coin=coin_of(coin.symbol), why=one_line(coin.why))
        return
    near, far, gauges = coin.near, coin.far, coin.far_gauges
    yield WORDS["coin"].format(
        coin=coin_of(coin.symbol),
        price=price(coin.last, coin.tick),
        ema20=_level(_last(near.ema20)),
        macd=_change(_last(near.macd)),
        rsi7=_ratio(_last(near.rsi7)),
    )
    if coin.open_interest is not None:
        yield WORDS["open_interest"].format(now=_level(coin.open_interest), mean=_level(coin.open_interest_mean))
    if coin.funding_rate is not None:
        yield WORDS["funding"].format(rate=rate(coin.funding_rate))
    yield WORDS["near"].format(
        closes=_array(near.closes, lambda one: price(one, coin.tick)),
        ema20=_array(near.ema20, _level),
        macd=_array(near.macd, _change),
        rsi7=_array(near.rsi7, _ratio),
        rsi14=_array(near.rsi14, _ratio),
    )
    yield WORDS["far"].format(
        ema20=_level(gauges.ema20),
        ema50=_level(gauges.ema50),
        atr3=_change(gauges.atr3),
        atr14=_change(gauges.atr14),
        volume=_change(gauges.volume),
        volume_average=_change(gauges.volume_average),
        macd=_array(far.macd, _change),
        rsi14=_array(far.rsi14, _ratio),
    )


def _position(held: PositionFigures) -> str:
    """One position as a JSON object on one line; its numbers are written as they are, never through a float."""
    plan = held.plan
    exit_plan = _object(
        {
            "profit_target": _or_null(held.take_profit, held),
            "stop_loss": _or_null(held.stop_loss, held),
            "invalidation_condition": quoted(plan.invalidation) if plan is not None and plan.invalidation else "null",
        }
    )
    return _object(
        {
            "symbol": quoted(coin_of(held.symbol)),
            "quantity": trimmed(held.quantity if held.side == "long" else -held.quantity),
            "entry_price": price(held.entry, held.tick),
            "current_price": _or_null(held.mark, held),
            "liquidation_price": _or_null(held.liquidation, held),
            "unrealized_pnl": "null" if held.pnl is None else money(held.pnl),
            "leverage": str(held.leverage),
            "exit_plan": exit_plan,
            "confidence": "null" if plan is None or plan.confidence is None else ratio(plan.confidence),
            "risk_usd": "null" if held.risk is None else money(held.risk),
            "notional_usd": "null" if held.notional is None else money(held.notional),
        }
    )


def _object(fields: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


def _or_null(value: Decimal | None, held: PositionFigures) -> str:
    return "null" if value is None else price(value, held.tick)


def _level(value: Number | None) -> str:
    return significant(value, LEVEL_DIGITS, DECIMALS)


def _change(value: Number | None) -> str:
    return significant(value, CHANGE_DIGITS, DECIMALS)


def _ratio(value: Number | None) -> str:
    return NOT_AVAILABLE if value is None else significant(value, 1, DECIMALS)


def _array(values: Iterable[Value], text: Callable[[Value], str]) -> str:
    return ", ".join(map(text, values))


def _last(values: tuple[float | None, ...]) -> float | None:
    return values[-1] if values else None
