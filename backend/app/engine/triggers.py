"""What the market does to positions between decisions: stops, targets, liquidations and funding, judged on closed one-minute bars.

The worst case for the contestant is taken where a bar leaves the order of events open. Inside one bar: an open beyond a level acts at the
open, liquidation first; else the one of stop and liquidation that the adverse path comes to first, for a long the higher; a bar that
holds both stop and target counts as the stop. Exits cost slippage inside the bar; see docs/concepts/intrabar.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from operator import itemgetter

from app.engine.books import Level
from app.engine.checks import check_books
from app.engine.facts import Fact, Filled, Outcome
from app.engine.fills import Execution, Leaving, leave
from app.engine.funding import Settlement, settle
from app.engine.instruments import Instrument
from app.engine.margin import bankruptcy_price, cross_collateral, liquidation_price
from app.engine.market import Candle
from app.engine.money import CASH_STEP, CONTEXT, ONE, ZERO, ceil_to, floor_to
from app.engine.positions import Account, Position
from app.engine.rules import MarginMode, Rules, TriggerPrice
from app.engine.trades import Purpose, Side

BAR = timedelta(minutes=1)

Bars = Mapping[str, Sequence[Candle]]
"""One-minute bars by symbol."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a bar set off: why, at which price, and when inside the bar (its open for a gap, its end otherwise)."""

    purpose: Purpose
    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Minute:
    """What one symbol's positions are judged on: its mark bar, and the bar that stops and targets look at."""

    mark: Candle
    stops: Candle
    end: datetime


Minutes = Mapping[str, Minute]
"""The bars of all symbols that ended at one moment."""

Phase = Callable[[Position, Minute, Instrument, Rules, Decimal | None], Trigger | None]
"""A step of judging a minute: what it sets off for a position with a given liquidation price."""

UNBOUNDED = Decimal("Infinity")
"""Stands for what stays open while it is not known yet what the insurance will have to bear."""


def watch(
    account: Account,
    bars: Bars,
    instruments: Mapping[str, Instrument],
    rules: Rules,
    width: timedelta = BAR,
    *,
    last: Bars | None = None,
    settlements: Sequence[Settlement] = (),
) -> Outcome:
    """Walk closed mark bars of `width` (any symbols, each oldest first) and funding settlements in time order, and carry out what follows.

    A bar that opened before a position's `armed_from` can't trigger it. `width` zero makes a bar one observed moment: a price, and no range
    that would bound the slippage. Bars that ended at or before a settlement's instant come before it; its mark is the close of the last of
    them, else the open of the first that follows.
    `last` holds the last-price bars that stops are judged on where the rules say so; a minute missing there is judged on mark.
    Raises ValueError for a settlement of a holding without any bar of its symbol.
    """
    with localcontext(CONTEXT):
        facts: list[Fact] = []
        new: Sequence[Fact]
        current, closes = account, dict[str, Decimal]()
        for happening in _timeline(account, bars, last if rules.trigger_price is TriggerPrice.LAST else None, settlements, width):
            if isinstance(happening, Settlement):
                symbol = happening.symbol
                mark = closes[symbol] if symbol in closes else _next_open(bars.get(symbol, ()), happening)
                current, new = settle(current, happening, mark, instruments[symbol], rules)
            else:
                current, new = _judge(current, happening, instruments, rules)
                closes.update((symbol, minute.mark.close) for symbol, minute in happening.items())
            facts += new
        outcome = Outcome(current, tuple(facts))
        check_books(account, outcome, rules.margin_mode)
        return outcome


def _timeline(
    account: Account, bars: Bars, last: Bars | None, settlements: Sequence[Settlement], width: timedelta
) -> list[Minutes | Settlement]:
    """Minutes (all symbols of one moment together) and settlements in the order they take effect, for the symbols the account is in."""
    minutes: dict[datetime, dict[str, Minute]] = {}
    for symbol in sorted(account.positions):
        elsewhere = {bar.open_time: bar for bar in last.get(symbol, ())} if last else {}
        for bar in bars.get(symbol, ()):
            end = bar.open_time + width
            minutes.setdefault(end, {})[symbol] = Minute(bar, elsewhere.get(bar.open_time, bar), end)
    concerned = {*account.positions, *(due.symbol for due in account.dues)}
    dated: list[tuple[datetime, int, str, Minutes | Settlement]] = [(end, 0, "", group) for end, group in minutes.items()]
    dated += [(one.at, 1, one.symbol, one) for one in settlements if one.symbol in concerned]
    return [happening for *_, happening in sorted(dated, key=itemgetter(0, 1, 2))]


def _next_open(bars: Sequence[Candle], settlement: Settlement) -> Decimal | None:
    return next((bar.open for bar in bars if bar.open_time >= settlement.at), None)


def _judge(account: Account, minutes: Minutes, instruments: Mapping[str, Instrument], rules: Rules) -> tuple[Account, list[Filled]]:
    """Carry out the exits of one minute. Isolated positions don't touch each other; in cross each exit changes what backs the rest."""
    if rules.margin_mode is MarginMode.CROSS:
        return _judge_together(account, minutes, instruments, rules)
    exits: list[Filled] = []
    for held, minute in _armed(account, minutes):
        instrument = instruments[held.symbol]
        level = liquidation_price(held, instrument)
        trigger = at_the_open(held, minute, instrument, rules, level) or inside_the_bar(held, minute, instrument, rules, level)
        if trigger is not None:
            account, fact = _exit(account, held, trigger, instrument, rules)
            exits.append(fact)
    return account, exits


def _judge_together(
    account: Account, minutes: Minutes, instruments: Mapping[str, Instrument], rules: Rules
) -> tuple[Account, list[Filled]]:
    """Cross margin, one exit after the other, the largest loser first: what is due at the opens, then what the worst prices bring about.

    How the bars of several symbols ran beside each other is not known, so all positions are taken to be at their worst price at once. The
    account can be judged only while it is the same for the whole minute and all of it has a price: else nobody is liquidated in it. What
    would be left below zero is borne by the insurance with the last exit.
    """
    whole = all(symbol in minutes and minutes[symbol].mark.open_time >= held.armed_from for symbol, held in account.positions.items())
    exits: list[Filled] = []
    before, last = account, None
    for phase, price in ((at_the_open, _opening), (inside_the_bar, _worst)):
        while (due := _largest_loser(account, minutes, instruments, rules, phase, price if whole else None)) is not None:
            before, last = account, due
            account, fact = _exit(before, *due, instruments[due[0].symbol], rules, UNBOUNDED)
            exits.append(fact)
    if last is not None and whole:
        ends = {symbol: minutes[symbol].mark.close for symbol in account.positions}
        account, exits[-1] = _exit(before, *last, instruments[last[0].symbol], rules, account.unrealised_pnl(ends))
    return account, exits


def _largest_loser(
    account: Account,
    minutes: Minutes,
    instruments: Mapping[str, Instrument],
    rules: Rules,
    phase: Phase,
    price: Callable[[Position, Minute], Decimal] | None,
) -> tuple[Position, Trigger] | None:
    """The position that a phase of the minute ends next, or None; without `price` nobody is liquidated."""
    prices = {name: price(held, minutes[name]) for name, held in account.positions.items()} if price is not None else {}
    found: list[tuple[Decimal, Position, Trigger]] = []
    for held, minute in _armed(account, minutes):
        instrument, level = instruments[held.symbol], None
        if prices:
            level = liquidation_price(held, instrument, cross_collateral(account, held.symbol, prices, instruments))
        trigger = phase(held, minute, instrument, rules, level)
        if trigger is not None:
            found.append((held.unrealised_pnl(prices.get(held.symbol, minute.mark.close)), held, trigger))
    if not found:
        return None
    _, held, trigger = min(found, key=itemgetter(0))
    return held, trigger


def _armed(account: Account, minutes: Minutes) -> list[tuple[Position, Minute]]:
    """The positions that these bars may end."""
    held = ((account.positions[symbol], minute) for symbol, minute in minutes.items() if symbol in account.positions)
    return [(position, minute) for position, minute in held if minute.mark.open_time >= position.armed_from]


def _opening(_held: Position, minute: Minute) -> Decimal:
    """Where a position stands when the minute begins."""
    return minute.mark.open


def _worst(held: Position, minute: Minute) -> Decimal:
    """The price of this minute that is worst for a position."""
    return minute.mark.low if held.side is Side.LONG else minute.mark.high


def at_the_open(held: Position, minute: Minute, instrument: Instrument, rules: Rules, liquidation: Decimal | None) -> Trigger | None:
    """What the first price of a minute sets off for one position: a level it lies at or beyond. Liquidation comes first."""
    sign, start = held.side.sign, minute.mark.open_time
    if _beyond(minute.mark.open, liquidation, -sign):
        return Trigger(Purpose.LIQUIDATION, _exit_price(held, minute.mark.open, minute.mark, minute, instrument, rules), start)
    for purpose, level, direction in ((Purpose.STOP_LOSS, held.stop_loss, -sign), (Purpose.TAKE_PROFIT, held.take_profit, sign)):
        if _beyond(minute.stops.open, level, direction):
            return Trigger(purpose, _exit_price(held, minute.stops.open, minute.stops, minute, instrument, rules), start)
    return None


def inside_the_bar(held: Position, minute: Minute, instrument: Instrument, rules: Rules, liquidation: Decimal | None) -> Trigger | None:
    """What a minute that began between the levels sets off for one position, the worse first."""
    sign, stop, mark, other = held.side.sign, held.stop_loss, minute.mark, minute.stops
    long = held.side is Side.LONG
    liquidated = _beyond(mark.low if long else mark.high, liquidation, -sign)
    stop_first = not liquidated or (stop is not None and liquidation is not None and sign * (stop - liquidation) >= 0)
    if stop is not None and stop_first and _beyond(other.low if long else other.high, stop, -sign):
        return Trigger(Purpose.STOP_LOSS, _exit_price(held, stop, other, minute, instrument, rules), minute.end)
    if liquidation is not None and liquidated:
        # In cross margin others may have used up what backs this one: then it goes at once, at its own open.
        level = min(liquidation, mark.open) if long else max(liquidation, mark.open)
        return Trigger(Purpose.LIQUIDATION, _exit_price(held, level, mark, minute, instrument, rules), minute.end)
    target = held.take_profit
    if target is not None and _beyond(other.high if long else other.low, target, sign):
        return Trigger(Purpose.TAKE_PROFIT, _exit_price(held, target, other, minute, instrument, rules), minute.end)
    return None


def _beyond(price: Decimal, level: Decimal | None, direction: int) -> bool:
    """Whether a price lies at a level or past it, in a direction of +1 (up) or -1 (down)."""
    return level is not None and direction * (price - level) >= 0


def _exit(
    account: Account, held: Position, trigger: Trigger, instrument: Instrument, rules: Rules, still_open: Decimal = ZERO
) -> tuple[Account, Filled]:
    """Leave whole. An isolated liquidation is a takeover at the bankruptcy price: the insurance closes it at the trigger's price."""
    takeover = trigger.purpose is Purpose.LIQUIDATION and rules.margin_mode is MarginMode.ISOLATED
    price = _bankrupt(held, instrument) if takeover else trigger.price
    done = Execution(held.quantity, price, (Level(price, held.quantity),), False, trigger.at, trigger.at)
    why = Leaving(
        trigger.purpose,
        instrument.taker_fee_rate,
        rules.margin_mode,
        closed_at_price=trigger.price if takeover else None,
        still_open=still_open,
    )
    return leave(account, held, done, why)


def _exit_price(held: Position, level: Decimal, bar: Candle, minute: Minute, instrument: Instrument, rules: Rules) -> Decimal:
    """The level less slippage, on tick against the contestant, but not outside the bar; a moment is no range."""
    moment = minute.end == minute.mark.open_time
    if held.side is Side.LONG:
        price = floor_to(level * (ONE - rules.slippage), instrument.tick)
        return max(price, instrument.tick) if moment else max(price, bar.low)
    price = ceil_to(level * (ONE + rules.slippage), instrument.tick)
    return price if moment else min(price, bar.high)


def _bankrupt(held: Position, instrument: Instrument) -> Decimal:
    """The bankruptcy price to 1e-8, finer for contracts whose tick is."""
    step = min(CASH_STEP, Decimal(1).scaleb(instrument.tick.adjusted() - 2))
    return max(bankruptcy_price(held, instrument.taker_fee_rate), step).quantize(step, rounding=ROUND_HALF_EVEN)
