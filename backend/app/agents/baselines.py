"""Contestants that think nothing and cost nothing: fixed rules that show what a model's result is worth.

Each rule is a function from what everybody sees (Scene) and what the contestant has (Seat) to a reply text in the contract's JSON, which
goes through the same reader, the same engine and the same clock as a model's. No state of its own: a restart changes nothing. Chance is
drawn from seed, contestant and minute, so that the same season gives the same decisions whatever was asked before.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any

from app.agents.scene import Scene, Seat
from app.engine.instruments import Instrument
from app.engine.margin import free_balance
from app.engine.market import Candle, Timeframe
from app.engine.money import CONTEXT, ONE, ZERO, ceil_to, floor_to, plain
from app.engine.positions import Position
from app.engine.rules import MarginMode
from app.engine.trades import Purpose, Side


class Baseline(StrEnum):
    """The closed list of rules. `describe` says what each does."""

    CASH = "cash"
    BUY_AND_HOLD = "buy-and-hold"
    EQUAL_WEIGHT = "equal-weight"
    RANDOM = "random"
    MOMENTUM = "momentum"


TITLES: Mapping[Baseline, str] = {
    Baseline.CASH: "Cash",
    Baseline.BUY_AND_HOLD: "Buy and hold BTC",
    Baseline.EQUAL_WEIGHT: "Equal weight",
    Baseline.RANDOM: "Random",
    Baseline.MOMENTUM: "Momentum",
}
"""What the pages call a baseline that has no name of its own."""

HELD_COIN = "BTC"
"""What buy-and-hold holds."""
HELD_SYMBOL = f"{HELD_COIN}USDT"
ACTIONS_MAX = 12
"""A reply may hold no more; a rule that wants more goes on next cycle."""
INVESTED = Decimal("0.99")
"""Share of the money that is meant for a position: the rest pays for the depth of the book and for a price that moves until the fill."""
MOVE = Decimal("0.02")
"""How far prices may move until the fill before an order would no longer fit: the contract's minimums, or the free balance."""

CHANCE = Decimal("0.02")
"""Random: of opening a symbol that isn't held, and of closing one that is, each cycle."""
RANDOM_SHARE = Decimal("0.1")
"""Random: share of the equity that becomes the margin of one position."""
RANDOM_LEVERAGES = (1, 2, 3)
RANDOM_STOP = Decimal("0.03")
RANDOM_TARGET = Decimal("0.06")

LOOKBACK_BARS = 42
"""Momentum: seven days of 4h bars."""
MOMENTUM_LEVERAGE = 2
RANGE_BARS = 14
RANGES_TO_STOP = 3
STOP_DISTANCE_MAX = Decimal("0.3")
"""Momentum: of the price, well before a liquidation at this leverage."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A position to open. Notional and levels in USDT."""

    symbol: str
    side: Side
    notional: Decimal
    leverage: int
    reason: str
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    invalidation: str | None = None


@dataclass(frozen=True, slots=True)
class _Exit:
    """A position to close whole."""

    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Table:
    """Scene and seat with what every rule asks of them."""

    scene: Scene
    seat: Seat
    seed: int

    @property
    def entries_open(self) -> bool:
        """Whether opening has a chance: under cross margin nothing opens while a held position can't be valued."""
        if not self.scene.rules.entries_open or self.seat.close_only:
            return False
        return self.scene.rules.margin_mode is MarginMode.ISOLATED or all(symbol in self.marks for symbol in self.held)

    @property
    def marks(self) -> dict[str, Decimal]:
        """Marks of the symbols that may be traded now, USDT."""
        return self.scene.snapshot.marks

    @property
    def free(self) -> Decimal:
        """USDT that new positions may use. Under cross margin a move against what is held takes from it until the fill."""
        free = free_balance(self.seat.account, self.marks, self.scene.rules.margin_mode)
        if self.scene.rules.margin_mode is MarginMode.ISOLATED:
            return free
        return free - MOVE * sum((self.held[symbol].notional(self.marks[symbol]) for symbol in self.held if symbol in self.marks), ZERO)

    @property
    def held(self) -> Mapping[str, Position]:
        return self.seat.account.positions

    def instrument(self, symbol: str) -> Instrument:
        return self.scene.snapshot.symbols[symbol].instrument

    def price(self, symbol: str, side: Side) -> Decimal:
        """The touch price an entry meets, the mark where the venue gave none."""
        quote = self.scene.snapshot.symbols[symbol].quote
        touch = None if quote is None else quote.ask if side is Side.LONG else quote.bid
        return touch or self.marks[symbol]

    def leverage(self, symbol: str, wanted: int, notional: Decimal) -> int:
        """`wanted`, as far as the contest and the contract allow it."""
        return max(1, min(wanted, self.scene.rules.max_leverage, self.instrument(symbol).leverage_limit(notional)))

    def notional(self, symbol: str, side: Side, budget: Decimal, leverage: int) -> Decimal:
        """What `budget` USDT pays for, margin and fee, in whole cents; zero where that is below what the contract allows."""
        instrument, price = self.instrument(symbol), self.price(symbol, side)
        notional = budget * INVESTED / (ONE / leverage + instrument.taker_fee_rate)
        if instrument.max_market_quantity is not None:
            notional = min(notional, instrument.max_market_quantity * price * (ONE - MOVE))
        notional = floor_to(max(ZERO, notional), Decimal("0.01"))
        quantity = floor_to(notional / (price * (ONE + MOVE)), instrument.lot)
        large_enough = quantity > 0 and quantity >= instrument.min_quantity and quantity * price * (ONE - MOVE) >= instrument.min_notional
        return notional if large_enough else ZERO

    def chance(self, *words: str) -> Decimal:
        """A number in [0, 1) that depends on seed, contestant, minute and `words`, and on nothing else."""
        minute = self.scene.snapshot.taken_at.replace(second=0, microsecond=0).isoformat()
        digest = hashlib.sha256("|".join((str(self.seed), self.seat.account.contestant, minute, *words)).encode()).digest()
        return Decimal(int.from_bytes(digest[:8])) / 2**64


def decide(baseline: Baseline, scene: Scene, seat: Seat, seed: int) -> str:
    """The reply of a baseline: JSON text of the contract. `seed` is used by `random` alone."""
    with localcontext(CONTEXT):
        table = _Table(scene, seat, seed)
        wanted = tuple(_RULES[baseline](table))[:ACTIONS_MAX]
        return _json({"summary": _summary(wanted), "actions": [_action(one) for one in wanted]})


def describe(baseline: Baseline, language: str) -> str:
    """The rule in words, for pages and guides; `language` is `en` or `zh`. Raises KeyError for another."""
    return _WORDS[language][baseline]


def _cash(_table: _Table) -> Iterator[_Entry | _Exit]:
    yield from ()


def _buy_and_hold(table: _Table) -> Iterator[_Entry]:
    """Once: an account that has ever traded is left alone, whatever became of the position."""
    if table.seat.account.trades_opened > 0 or not table.entries_open or HELD_SYMBOL not in table.marks:
        return
    notional = table.notional(HELD_SYMBOL, Side.LONG, table.free, leverage=1)
    if notional > 0:
        yield _Entry(HELD_SYMBOL, Side.LONG, notional, 1, "buys once and holds")


def _equal_weight(table: _Table) -> Iterator[_Entry]:
    """Each symbol once, from its own part of the initial capital; one without a sound price enters when it has one."""
    account, symbols = table.seat.account, table.scene.snapshot.symbols
    entered = {*account.positions, *(trade.symbol for trade in table.seat.closed)}
    # A trade that is no longer remembered could be any symbol's: then nothing is bought twice by mistake.
    if not table.entries_open or len(entered) < account.trades_opened:
        return
    missing = [symbol for symbol in symbols if symbol not in entered]
    for symbol in missing:
        if symbol not in table.marks:
            continue
        budget = min(table.seat.initial / len(symbols), table.free / len(missing))
        notional = table.notional(symbol, Side.LONG, budget, leverage=1)
        if notional > 0:
            yield _Entry(symbol, Side.LONG, notional, 1, f"one of {len(symbols)} equal parts, held from now on")


def _random(table: _Table) -> Iterator[_Entry | _Exit]:
    free = table.free
    for symbol in table.marks:
        if symbol in table.held:
            if table.chance(symbol, "close") < CHANCE:
                yield _Exit(symbol, "chance")
        elif table.entries_open and table.chance(symbol, "open") < CHANCE:
            budget = min(free, table.seat.account.equity(table.marks) * RANDOM_SHARE)
            entry = _random_entry(table, symbol, budget)
            if entry is not None:
                free -= budget
                yield entry


def _random_entry(table: _Table, symbol: str, budget: Decimal) -> _Entry | None:
    side = Side.LONG if table.chance(symbol, "side") < Decimal("0.5") else Side.SHORT
    drawn = RANDOM_LEVERAGES[int(table.chance(symbol, "leverage") * len(RANDOM_LEVERAGES))]
    leverage = table.leverage(symbol, drawn, budget * drawn)
    notional = table.notional(symbol, side, budget, leverage)
    if notional == 0:
        return None
    mark = table.marks[symbol]
    stop, target = _levels(side, mark, mark * RANDOM_STOP, mark * RANDOM_TARGET, table.instrument(symbol).tick)
    return _Entry(symbol, side, notional, leverage, "chance", stop, target)


def _momentum(table: _Table) -> Iterator[_Entry | _Exit]:
    """Time-series momentum: with the move of the last seven days, whatever the other symbols do."""
    entries: list[_Entry] = []
    budget, free = table.seat.account.equity(table.marks) / max(1, len(table.scene.snapshot.symbols)), table.free
    for symbol in table.marks:
        side, position = _direction(table, symbol), table.held.get(symbol)
        if position is not None:
            if side is not position.side:
                yield _Exit(symbol, "the seven-day move no longer points this way")
        elif side is not None and table.entries_open and not _stopped_out_in_this_bar(table, symbol):
            entry = _momentum_entry(table, symbol, side, min(budget, free))
            if entry is not None:
                free -= min(budget, free)
                entries.append(entry)
    # Exits first: they are never left out for want of room in the reply.
    yield from entries


def _momentum_entry(table: _Table, symbol: str, side: Side, budget: Decimal) -> _Entry | None:
    leverage = table.leverage(symbol, MOMENTUM_LEVERAGE, budget * MOMENTUM_LEVERAGE)
    notional = table.notional(symbol, side, budget, leverage)
    if notional == 0:
        return None
    mark, candles = table.marks[symbol], table.scene.snapshot.symbols[symbol].candles_4h
    distance = min(RANGES_TO_STOP * _mean_true_range(candles), mark * STOP_DISTANCE_MAX)
    stop, _ = _levels(side, mark, distance, distance, table.instrument(symbol).tick)
    reason = f"the last 4h close is {'above' if side is Side.LONG else 'below'} the close of seven days before"
    return _Entry(symbol, side, notional, leverage, reason, stop, invalidation="the seven-day move changes its sign")


def _direction(table: _Table, symbol: str) -> Side | None:
    """Where the seven-day move points; None without enough bars or without a move."""
    candles = table.scene.snapshot.symbols[symbol].candles_4h
    if len(candles) <= LOOKBACK_BARS:
        return None
    now, before = candles[-1].close, candles[-1 - LOOKBACK_BARS].close
    if now == before:
        return None
    return Side.LONG if now > before else Side.SHORT


def _stopped_out_in_this_bar(table: _Table, symbol: str) -> bool:
    """Whether the stop closed the last trade since the bar that still gives the direction: it would only be entered again."""
    closed_at = table.scene.snapshot.symbols[symbol].candles_4h[-1].open_time + Timeframe.FOUR_HOURS.width
    forced = (Purpose.STOP_LOSS, Purpose.LIQUIDATION)
    return any(trade.symbol == symbol and trade.exit_reason in forced and trade.closed_at >= closed_at for trade in table.seat.closed)


def _mean_true_range(candles: tuple[Candle, ...]) -> Decimal:
    """Plain mean of the last true ranges, USDT. Needs RANGE_BARS + 1 bars."""
    pairs = zip(candles[-RANGE_BARS - 1 : -1], candles[-RANGE_BARS:], strict=True)
    ranges = [max(bar.high, before.close) - min(bar.low, before.close) for before, bar in pairs]
    return sum(ranges, ZERO) / RANGE_BARS


def _levels(side: Side, mark: Decimal, down: Decimal, up: Decimal, tick: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """Stop `down` against the position, target `up` with it: on tick, rounded away from mark by a tick or more. None at or below zero."""
    against, along = max(down, tick), max(up, tick)
    stop, target = (
        (floor_to(mark - against, tick), ceil_to(mark + along, tick))
        if side is Side.LONG
        else (ceil_to(mark + against, tick), floor_to(mark - along, tick))
    )
    return stop if stop > 0 else None, target if target > 0 else None


def _summary(wanted: tuple[_Entry | _Exit, ...]) -> str:
    if not wanted:
        return "holds"
    words = [f"{'closes' if isinstance(one, _Exit) else 'opens'} {one.symbol}" for one in wanted]
    return ", ".join(words)


def _action(one: _Entry | _Exit) -> dict[str, Any]:
    if isinstance(one, _Exit):
        return {"action": "close", "symbol": one.symbol, "close_fraction": 1, "reason": one.reason}
    return {
        "action": "open_long" if one.side is Side.LONG else "open_short",
        "symbol": one.symbol,
        "notional_usdt": one.notional,
        "leverage": one.leverage,
        "stop_loss": one.stop_loss,
        "take_profit": one.take_profit,
        "invalidation": one.invalidation,
        "reason": one.reason,
    }


def _json(value: object) -> str:
    """JSON with every Decimal as a plain number, digit by digit: no float stands between a rule and the exchange."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)}: {_json(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(_json(one) for one in value) + "]"
        case Decimal():
            return plain(value)
        case _:
            return json.dumps(value)


_RULES: Mapping[Baseline, Callable[[_Table], Iterator[_Entry | _Exit]]] = {
    Baseline.CASH: _cash,
    Baseline.BUY_AND_HOLD: _buy_and_hold,
    Baseline.EQUAL_WEIGHT: _equal_weight,
    Baseline.RANDOM: _random,
    Baseline.MOMENTUM: _momentum,
}

_WORDS: Mapping[str, Mapping[Baseline, str]] = {
    "en": {
        Baseline.CASH: "Never trades. Whoever ends below it would have done better to do nothing.",
        Baseline.BUY_AND_HOLD: "Buys BTC once at 1x with all its money, less the fee and 1 % to spare, and never trades again.",
        Baseline.EQUAL_WEIGHT: (
            "Divides its initial capital into equal parts, one for each symbol of the contest, buys each once at 1x and never trades "
            "again. A symbol without a sound price is bought, from its own part, as soon as it has one."
        ),
        Baseline.RANDOM: (
            "Rolls dice. Each cycle it opens a symbol that it doesn't hold with a chance of 2 %, long or short, 1x to 3x, a tenth of its "
            "equity as margin, stop 3 % and target 6 % from mark, and closes one that it holds with a chance of 2 %. The same seed rolls "
            "the same dice."
        ),
        Baseline.MOMENTUM: (
            "Goes with the move of the last seven days, symbol by symbol: long when the last closed 4h bar is above the bar 42 before "
            "it, short when it is below, 2x on an equal part of its equity. Its stop lies three mean true ranges of 14 4h bars away; "
            "once stopped out it waits for the next 4h bar. Flat where there are too few bars."
        ),
    },
    "zh": {
        Baseline.CASH: "从不交易。排在它后面的选手,还不如什么都不做。",
        Baseline.BUY_AND_HOLD: "用全部资金(扣除手续费并留出 1%)以 1 倍杠杆买入一次 BTC,此后不再交易。",
        Baseline.EQUAL_WEIGHT: (
            "把初始资金按交易品种平均分成若干份,每个品种以 1 倍杠杆买入一次,此后不再交易。"
            "暂时没有可靠价格的品种,等价格恢复后用它自己的那一份买入。"
        ),
        Baseline.RANDOM: (
            "掷骰子。每一轮对未持有的品种以 2% 的概率开仓,多空随机,1 至 3 倍杠杆,保证金为权益的十分之一,止损距标记价格 3%,止盈 6%;"
            "对已持有的品种以 2% 的概率平仓。种子相同,骰子就相同。"
        ),
        Baseline.MOMENTUM: (
            "逐个品种跟随最近七天的走势:最近一根已收盘的 4 小时 K 线收盘价高于 42 根之前则做多,低于则做空,用权益的等分份额、2 倍杠杆。"
            "止损设在 14 根 4 小时 K 线平均真实波幅的三倍处;止损后等到下一根 4 小时 K 线再入场。K 线不足时空仓。"
        ),
    },
}
