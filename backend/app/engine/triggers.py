"""Stops, targets and liquidations between cycles, judged on mark-price bars. The worst case for the contestant is taken where a bar
leaves the order of events open.

Inside one bar: an open beyond a level acts at the open, liquidation first; else on the adverse path the one of stop and liquidation that
lies nearer to the entry is met first; a bar that holds both stop and target counts as the stop. A stop costs slippage; a target never
fills better than its level; a liquidation costs exactly the margin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from app.engine.books import Level
from app.engine.checks import check_books
from app.engine.facts import Fact, Outcome
from app.engine.fills import Execution, leave
from app.engine.instruments import Instrument
from app.engine.market import Candle
from app.engine.money import CASH_STEP, CONTEXT, ONE, ceil_to, floor_to
from app.engine.order_checks import Rules
from app.engine.positions import Account, Position, bankruptcy_price, liquidation_price
from app.engine.trades import Purpose, Side

BAR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a bar set off: why, at which price, and when inside the bar (its open for a gap, its end otherwise)."""

    purpose: Purpose
    price: Decimal
    at: datetime


def watch(
    account: Account, bars: Mapping[str, Sequence[Candle]], instruments: Mapping[str, Instrument], rules: Rules, width: timedelta = BAR
) -> Outcome:
    """Walk closed mark bars of `width` (any symbols, each oldest first) in time order and carry out what they trigger.

    A bar that opened before a position's `armed_from` can't trigger it. `width` zero makes a bar one observed moment.
    """
    with localcontext(CONTEXT):
        facts: list[Fact] = []
        current = account
        for symbol, bar in _in_time_order(bars, account):
            held = current.positions.get(symbol)
            if held is None or bar.open_time < held.armed_from:
                continue
            trigger = triggered(held, bar, instruments[symbol], rules, width)
            if trigger is None:
                continue
            execution = Execution(held.quantity, trigger.price, (Level(trigger.price, held.quantity),), False, trigger.at, trigger.at)
            current, fact = leave(
                current, held, execution, purpose=trigger.purpose, fee_rate=instruments[symbol].taker_fee_rate, index=None
            )
            facts.append(fact)
        outcome = Outcome(current, tuple(facts))
        check_books(account, outcome)
        return outcome


def triggered(held: Position, bar: Candle, instrument: Instrument, rules: Rules, width: timedelta = BAR) -> Trigger | None:
    """What this bar sets off for one position, or None."""
    sign = held.side.sign
    adverse, favourable = (bar.low, bar.high) if held.side is Side.LONG else (bar.high, bar.low)
    liquidation, stop, target = liquidation_price(held, instrument), held.stop_loss, held.take_profit
    end = bar.open_time + width

    def beyond(price: Decimal, level: Decimal | None, direction: int) -> bool:
        return level is not None and direction * (price - level) >= 0

    def exit_at(purpose: Purpose, level: Decimal, at: datetime) -> Trigger:
        return Trigger(purpose, _slipped(level, bar, held.side, instrument, rules), at)

    if beyond(bar.open, liquidation, -sign):
        return Trigger(Purpose.LIQUIDATION, _bankrupt(held, instrument), bar.open_time)
    if stop is not None and beyond(bar.open, stop, -sign):
        return exit_at(Purpose.STOP_LOSS, bar.open, bar.open_time)
    if target is not None and beyond(bar.open, target, sign):
        return Trigger(Purpose.TAKE_PROFIT, target, bar.open_time)
    stop_first = stop is not None and (liquidation is None or sign * (stop - liquidation) >= 0)
    if stop is not None and stop_first and beyond(adverse, stop, -sign):
        return exit_at(Purpose.STOP_LOSS, stop, end)
    if beyond(adverse, liquidation, -sign):
        return Trigger(Purpose.LIQUIDATION, _bankrupt(held, instrument), end)
    if target is not None and beyond(favourable, target, sign):
        return exit_at(Purpose.TAKE_PROFIT, target, end)
    return None


def _in_time_order(bars: Mapping[str, Sequence[Candle]], account: Account) -> list[tuple[str, Candle]]:
    held = [(symbol, bar) for symbol, series in bars.items() if symbol in account.positions for bar in series]
    return sorted(held, key=lambda pair: (pair[1].open_time, pair[0]))


def _slipped(level: Decimal, bar: Candle, side: Side, instrument: Instrument, rules: Rules) -> Decimal:
    """The level less slippage, on tick against the contestant, but not outside the bar."""
    if side is Side.LONG:
        return max(floor_to(level * (ONE - rules.slippage), instrument.tick), bar.low)
    return min(ceil_to(level * (ONE + rules.slippage), instrument.tick), bar.high)


def _bankrupt(held: Position, instrument: Instrument) -> Decimal:
    return max(bankruptcy_price(held, instrument.taker_fee_rate), CASH_STEP).quantize(CASH_STEP, rounding=ROUND_HALF_EVEN)
