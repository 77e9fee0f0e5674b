"""Replaying accounts event by event through the engine: `apply` for decisions, `watch` for what the market does in between.

Right for everything, and the measure for every faster way. The engine sees only bars in which something may happen and the instants of
funding: cost grows with events. There is no one-minute series of mark prices on a tape: last stands in for mark.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from math import isnan
from operator import attrgetter

import numpy as np
import pyarrow as pa

from app.engine.books import Book, Level
from app.engine.exchange import apply
from app.engine.facts import Outcome
from app.engine.funding import Settlement
from app.engine.margin import liquidation_price
from app.engine.market import Candle
from app.engine.money import ZERO
from app.engine.orders import CloseOrder, OpenOrder, Order
from app.engine.placing import Market
from app.engine.positions import Account, Position
from app.engine.rules import MarginMode, TriggerPrice
from app.engine.trades import Side
from app.engine.triggers import watch
from app.replay.danger import next_danger
from app.replay.inputs import MINUTE_MS, Action, Bars, Decisions
from app.replay.records import Records
from app.replay.scaled import Ints, decimal_of
from app.replay.search import NEVER_ABOVE, NEVER_BELOW, next_touch
from app.replay.stage import Stage, close_at, closed_by, milliseconds, moment

UNLIMITED = Decimal(10) ** 18
"""Size of the one level of a book on a tape: no order exhausts it."""

Instant = tuple[int, tuple[Settlement, ...]]
"""A moment in ms and the settlements that take effect at it."""

SIDES = {Action.OPEN_LONG: Side.LONG, Action.OPEN_SHORT: Side.SHORT}


@dataclass(frozen=True, slots=True)
class Asked:
    """A decision row as an order: when, and the position of the bar whose close is its price."""

    row: int
    time: int
    bar: int
    order: OpenOrder | CloseOrder


def replay_accounts(stage: Stage, decisions: Decisions, codes: Ints) -> dict[str, pa.Table]:
    """Result tables (accounts and symbols as codes) of the accounts with these codes."""
    records = Records(decisions.symbols, stage.start)
    instants = instants_of(stage)
    ordered = decisions.account[decisions.order]
    for code in codes.tolist():
        first, last = np.searchsorted(ordered, [code, code + 1])
        course = Course(stage, instants, Account(str(decisions.accounts[code]), stage.terms.starting_balance))
        records.begin(code, course.account.available)
        _play(course, _asked(decisions, decisions.order[first:last]), records)
        records.end(course.account, {name: close_at(one, -1) for name, one in stage.bars.items()})
    return records.tables()


def _play(course: "Course", asked: Iterable[Asked], records: Records) -> None:
    for time, group in groupby(asked, key=attrgetter("time")):
        for outcome in course.run(time):
            records.add(outcome.facts, (), time)
        # A close row for a flat position does nothing: the stop or the target came first.
        live = [one for one in group if isinstance(one.order, OpenOrder) or one.order.symbol in course.account.positions]
        if live:
            outcome = course.decide([one.order for one in live], {one.order.symbol: one.bar for one in live}, time)
            records.add(outcome.facts, [one.row for one in live], time)
    for outcome in course.run(course.stage.end):
        records.add(outcome.facts, (), course.stage.end)


def _asked(decisions: Decisions, rows: Ints) -> Iterator[Asked]:
    columns = decisions.time, decisions.bar, decisions.symbol, decisions.action, decisions.leverage
    numbers = decisions.notional, decisions.stop_loss, decisions.take_profit
    listed = zip(*(column[rows].tolist() for column in (*columns, *numbers)), strict=True)
    for row, (time, bar, symbol, action, leverage, notional, stop, target) in zip(rows.tolist(), listed, strict=True):
        name, side = decisions.symbols[symbol], SIDES.get(action)
        if side is None:
            yield Asked(row, time, bar, CloseOrder(name))
            continue
        yield Asked(row, time, bar, OpenOrder(name, side, Decimal(repr(notional)), leverage, _level(stop), _level(target)))


def _level(value: float) -> Decimal | None:
    return None if isnan(value) else Decimal(repr(value))


@dataclass(frozen=True, slots=True)
class Touch:
    """The next bar that reaches a level of a position as it is held: its place on the tape and when it ends; NEVER_ABOVE without one."""

    held: Position
    position: int
    end: int


class Course:
    """One account on its way through the tape. Remembers the next bar that reaches a level, for each position as it is held."""

    def __init__(self, stage: Stage, instants: Sequence[Instant], account: Account) -> None:
        self.stage, self.account = stage, account
        self._instants, self._settled = instants, 0
        self._cross = stage.terms.rules.margin_mode is MarginMode.CROSS
        self._judged_until = stage.start
        self._touches: dict[str, Touch] = {}
        self._danger: tuple[Account, int] | None = None

    def run(self, until: int) -> Iterator[Outcome]:
        """What the market does up to an instant (ms), bars that close at it and settlements of it included."""
        while True:
            at, settling = self._instants[self._settled] if self._settled < len(self._instants) else (NEVER_ABOVE, ())
            end, positions = self._next_minute()
            if min(at, end) > until:
                return
            if end <= at:
                yield self._watch({name: (candle(self.stage.bars[name], position),) for name, position in positions.items()}, ())
                self._judged(end, positions)
                continue
            self._settled += 1
            # What a charge makes of the margins must not be held against bars from before it.
            self._judged_until = max(self._judged_until, at // MINUTE_MS * MINUTE_MS)
            due = [one for one in settling if one.symbol in self.account.positions]
            if due:
                names = self.account.positions if self._cross else [one.symbol for one in due]
                yield self._watch({name: (still(self.stage.bars[name], at),) for name in names}, due)

    def decide(self, orders: Sequence[Order], positions: Mapping[str, int], time: int) -> Outcome:
        """One round of orders at an instant; `positions` are those of the bars whose closes are the prices."""
        bars, at = self.stage.bars, moment(time)
        marks = {name: close_at(bars[name], position) for name, position in positions.items()}
        if self._cross:
            marks = {name: close_at(bars[name], closed_by(bars[name], time)) for name in self.account.positions} | marks
        books = {name: Book(name, at, (Level(marks[name], UNLIMITED),), (Level(marks[name], UNLIMITED),)) for name in positions}
        market = Market(self.stage.terms.instruments, marks, books, rules=self.stage.terms.rules)
        outcome = apply(self.account, market, orders, at)
        self.account, self._judged_until = outcome.account, time
        return outcome

    def _watch(self, candles: Mapping[str, tuple[Candle, ...]], settlements: Sequence[Settlement]) -> Outcome:
        terms = self.stage.terms
        last = candles if terms.rules.trigger_price is TriggerPrice.LAST else None
        outcome = watch(self.account, candles, terms.instruments, terms.rules, last=last, settlements=settlements)
        self.account = outcome.account
        return outcome

    def _judged(self, end: int, names: Iterable[str]) -> None:
        self._judged_until, self._danger = end, None
        for name in names:
            self._touches.pop(name, None)

    def _next_minute(self) -> tuple[int, dict[str, int]]:
        """(end in ms of the next minute in which something may happen, positions of the bars to judge by symbol)."""
        soonest, found = NEVER_ABOVE, dict[str, int]()
        for name, held in self.account.positions.items():
            touch = self._touches.get(name)
            if touch is None or touch.held is not held:
                touch = self._touches[name] = self._next_touch(name, held)
            if touch.end < soonest:
                soonest, found = touch.end, {name: touch.position}
            elif touch.end == soonest < NEVER_ABOVE:
                found[name] = touch.position
        return self._together(found) if self._cross and self.account.positions else (soonest, found)

    def _together(self, found: Mapping[str, int]) -> tuple[int, dict[str, int]]:
        """In cross margin positions stand and fall together, so each minute is judged with the bars of all. All have the same minutes."""
        bars = self.stage.bars[next(iter(self.account.positions))]
        if self._danger is None or self._danger[0] is not self.account:
            start = int(np.searchsorted(bars.time, self._judged_until))
            self._danger = self.account, next_danger(self.account, self.stage.bars, self.stage.terms.instruments, start)
        position = min([self._danger[1], *found.values()])
        if position == len(bars.time):
            return NEVER_ABOVE, {}
        return int(bars.time[position]) + MINUTE_MS, dict.fromkeys(self.account.positions, position)

    def _next_touch(self, name: str, held: Position) -> Touch:
        bars = self.stage.bars[name]
        start = int(bars.time.searchsorted(max(self._judged_until, milliseconds(held.armed_from))))
        liquidation = None if self._cross else liquidation_price(held, self.stage.terms.instruments[name])
        position = next_touch(bars, start, *thresholds(held, liquidation, bars.places))
        return Touch(held, position, int(bars.time[position]) + MINUTE_MS if position < len(bars.time) else NEVER_ABOVE)


def thresholds(held: Position, liquidation: Decimal | None, places: int) -> tuple[int, int]:
    """(below, above): a low at most the first or a high at least the second, in 10^-`places` USDT, reaches one of the position's levels.

    The liquidation price is widened by one unit to the near side, so that no rounding of it can let a bar through.
    """
    adverse = [] if held.stop_loss is None else [int(held.stop_loss.scaleb(places))]
    if liquidation is not None:
        adverse.append(int(liquidation.scaleb(places)) + held.side.sign)
    target = None if held.take_profit is None else int(held.take_profit.scaleb(places))
    if held.side is Side.LONG:
        return max(adverse, default=NEVER_BELOW), NEVER_ABOVE if target is None else target
    return NEVER_BELOW if target is None else target, min(adverse, default=NEVER_ABOVE)


def candle(bars: Bars, position: int) -> Candle:
    """One bar as the engine takes it."""
    opened, high, low, close = (decimal_of(int(column[position]), bars.places) for column in (bars.open, bars.high, bars.low, bars.close))
    return Candle(moment(int(bars.time[position])), opened, high, low, close, ZERO)


def still(bars: Bars, at: int) -> Candle:
    """A bar that ends at an instant and stands still at the last close before it: the mark of a settlement, which triggers nothing new."""
    price = close_at(bars, closed_by(bars, at))
    return Candle(moment(at - MINUTE_MS), price, price, price, price, ZERO)


def instants_of(stage: Stage) -> tuple[Instant, ...]:
    """All settlements of the tape by instant, oldest first; at one instant by symbol."""
    found: dict[int, list[Settlement]] = {}
    for name in sorted(stage.settlements):
        one = stage.settlements[name]
        for time, rate in zip(one.time.tolist(), one.rate.tolist(), strict=True):
            found.setdefault(time, []).append(Settlement(name, moment(time), decimal_of(rate, one.places)))
    return tuple((time, tuple(found[time])) for time in sorted(found))
