"""The recorded prompts of the first Alpha Arena season, taken apart into the figures that templates render. Read where they lie, never copied."""

import ast
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from app.agents.account_figures import AccountFigures, PositionFigures
from app.agents.market_figures import CoinFigures, Gauges, MarketFigures, Series
from app.agents.scene import PositionPlan

NUMBER = r"(-?\d[\d.]*(?:e-?\d+)?)"
INITIAL = Decimal(10_000)


@dataclass(frozen=True)
class RealTurn:
    """One recorded turn: the prompt as it was, and all its numbers."""

    prompt: str
    market: MarketFigures
    account: AccountFigures


def real_turns(path):
    return [real_turn(json.loads(line)["user_prompt"]) for line in path.read_text().splitlines()]


def real_turn(prompt):
    at = datetime.fromisoformat(found(r"current time is ([\d\-]+ [\d:.]+)", prompt)).replace(tzinfo=UTC)
    coins = re.split(r"### ALL (\w+) DATA", prompt.partition("### HERE IS YOUR ACCOUNT")[0])
    figures = tuple(coin(name, text) for name, text in zip(coins[1::2], coins[2::2], strict=True))
    return RealTurn(prompt, MarketFigures(at, figures), account(prompt, at, {one.symbol: one.tick for one in figures}))


def coin(name, text):
    near, _, far = text.partition("Longer")
    closes = array(r"[Mm]id prices", near)
    last = Decimal(found(rf"current_price = {NUMBER}", near))
    macd, rsi7, rsi14 = (
        array("MACD indicators", near),
        array(r"RSI indicators \(7.Period\)", near),
        array(r"RSI indicators \(14.Period\)", near),
    )
    averages = [float(one) for one in re.search(rf"20.Period EMA: {NUMBER} vs. 50.Period EMA: {NUMBER}", far).groups()]
    ranges = [float(one) for one in re.search(rf"3.Period ATR: {NUMBER} vs. 14.Period ATR: {NUMBER}", far).groups()]
    volumes = [float(one) for one in re.search(rf"Current Volume: {NUMBER} vs. Average Volume: {NUMBER}", far).groups()]
    return CoinFigures(
        symbol=f"{name}USDT",
        tick=Decimal(1).scaleb(min(int(one.as_tuple().exponent) for one in (last, *closes))),
        last=last,
        near=Series(tuple(closes), floats(macd), floats(rsi14), floats(array(r"EMA indicators \(20.period\)", near)), floats(rsi7)),
        far=Series((), floats(array("MACD indicators", far)), floats(array(r"RSI indicators \(14.Period\)", far))),
        far_gauges=Gauges(*averages, *ranges, *volumes),
        funding_rate=Decimal(found(rf"Funding Rate: {NUMBER}", near)),
        open_interest=Decimal(found(rf"Latest: {NUMBER}", near)),
        open_interest_mean=Decimal(found(rf"Average: {NUMBER}", near)),
    )


def account(prompt, at, ticks):
    text = prompt.partition("### HERE IS YOUR ACCOUNT")[2]
    return AccountFigures(
        cycle_number=int(found(r"invoked (\d+) times", prompt)),
        at=at,
        minutes=int(found(r"been (\d+) minutes", prompt)),
        times_asked=int(found(r"invoked (\d+) times", prompt)),
        equity=Decimal(found(rf"Account Value:\*\* {NUMBER}", text)),
        initial=INITIAL,
        available=Decimal(found(rf"Available Cash: {NUMBER}", text)),
        sharpe=float(found(rf"Sharpe Ratio: {NUMBER}", text)),
        positions=tuple(position(ast.literal_eval(line), at, ticks) for line in text.splitlines() if line.startswith("{'symbol'")),
        ticks=ticks,
    )


def position(row, at, ticks):
    symbol, plan = f"{row['symbol']}USDT", row["exit_plan"]
    levels = {name: exact(row[name]) for name in ("entry_price", "liquidation_price")}
    levels |= {name: exact(plan.get(name)) for name in ("stop_loss", "profit_target")}
    finest = min(int(one.as_tuple().exponent) for one in (ticks[symbol], *(one for one in levels.values() if one is not None)))
    return PositionFigures(
        symbol=symbol,
        side="long" if row["quantity"] > 0 else "short",
        quantity=abs(exact(row["quantity"])),
        entry=levels["entry_price"],
        leverage=int(row["leverage"]),
        tick=Decimal(1).scaleb(finest),
        mark=exact(row["current_price"]),
        notional=exact(row["notional_usd"]),
        pnl=exact(row["unrealized_pnl"]),
        liquidation=levels["liquidation_price"],
        stop_loss=levels["stop_loss"],
        take_profit=levels["profit_target"],
        plan=PositionPlan(symbol, at, plan.get("invalidation_condition"), exact(row["confidence"]), None),
    )


def array(label, text):
    return [Decimal(one) for one in found(label + r": \[(.*?)\]", text).split(", ")]


def floats(values):
    return tuple(float(one) for one in values)


def exact(value):
    return None if value is None else Decimal(repr(value))


def found(pattern, text):
    return re.search(pattern, text).group(1)
