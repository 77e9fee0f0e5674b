"""All round trips of one symbol at once, in whole numbers: entry when flat, whole exit by stop, target or close row, with fees and margin.

Computes what the engine would for trips beyond doubt, and marks the others: whatever could be refused, added to, liquidated or insured, or
might not fit 64 bits. Doubts are conservative; a marked trip's numbers mean nothing.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import numpy as np

from app.engine.instruments import Instrument
from app.engine.trades import Purpose
from app.replay.inputs import MINUTE_MS, Action, Bars, Decisions
from app.replay.scaled import Flags, Floats, Ints, half_even, places_of, scaled, smallest_places, to_places, whole
from app.replay.search import NEVER_ABOVE, NEVER_BELOW, Ladder, extremes, first_touches, ladder
from app.replay.stage import Stage
from app.replay.tables import CASH_PLACES, GAP, PRICE_PLACES, PURPOSES, QUANTITY_PLACES

FITS = 4e18
"""What a number may come to at most, a little under half of what 64 bits hold, so that doubling a remainder fits too."""

SLACK = 1e-6
"""Share of the notional by which equity must exceed the highest thinkable maintenance margin."""

CLOSE, STOP, TARGET = (PURPOSES.index(one) for one in (Purpose.CLOSE, Purpose.STOP_LOSS, Purpose.TAKE_PROFIT))


@dataclass(frozen=True, slots=True)
class Trips:
    """Round trips as columns of one length. Money in 1e-8 USDT, quantity in 1e-8 base coin, prices in 1e-12 USDT, times in ms.

    `row` and `exit_row` are decisions; `exit_row`, `reason` and `closed` are GAP where there is none. `left` is when the exit takes effect:
    the end of its bar, or its decision. What is never left is valued at `exit`, the last close, and has no `gross` and `exit_fee`.
    """

    row: Ints
    account: Ints
    symbol: Ints
    sign: Ints
    leverage: Ints
    opened: Ints
    quantity: Ints
    entry: Ints
    margin: Ints
    entry_fee: Ints
    exit_row: Ints
    reason: Ints
    left: Ints
    closed: Ints
    exit: Ints
    gross: Ints
    exit_fee: Ints
    doubtful: Flags


@dataclass(frozen=True, slots=True)
class Scale:
    """A contract's terms as whole numbers: prices in 10^-price, quantities in 10^-lot_places, their products in 10^-cost."""

    instrument: Instrument
    price: int
    lot_places: int

    @property
    def cost(self) -> int:
        return self.price + self.lot_places

    @property
    def tick(self) -> int:
        return whole(self.instrument.tick, self.price)

    @property
    def lot(self) -> int:
        return whole(self.instrument.lot, self.lot_places)

    @property
    def fee_places(self) -> int:
        return places_of(self.instrument.taker_fee_rate)

    @property
    def fee(self) -> int:
        return whole(self.instrument.taker_fee_rate, self.fee_places)

    def fees(self, costs: Ints) -> Ints:
        """Taker fee on costs, in cash."""
        return to_places(costs * self.fee, self.cost + self.fee_places, CASH_PLACES)


@dataclass(frozen=True, slots=True)
class Window:
    """The opens of one symbol: their decision rows, and the bars [start, end) in which each could be left before the next row of its
    account and symbol; `next_row` is that row, GAP where none follows.
    """

    rows: Ints
    start: Ints
    end: Ints
    next_row: Ints


@dataclass(frozen=True, slots=True)
class Entry:
    """Entries in the scale of the contract; levels that aren't set lie where no price goes."""

    price: Ints
    quantity: Ints
    cost: Ints
    long: Flags
    stop: Ints
    target: Ints
    doubtful: Flags


def find_trips(stage: Stage, decisions: Decisions, code: int) -> Trips:
    """The round trips of the symbol with this code, by account and time."""
    name = decisions.symbols[code]
    bars, instrument = stage.bars[name], stage.terms.instruments[name]
    scale = Scale(instrument, bars.places, places_of(instrument.lot))
    window = _windows(decisions, decisions.by_symbol[decisions.symbol[decisions.by_symbol] == code], len(bars.time))
    rungs = ladder(bars, int((window.end - window.start).max(initial=1)))
    entry = _entries(stage, decisions, window.rows, bars, scale)
    touched = _touches(rungs, window, entry)
    exits = _exits(stage, decisions, window, touched, bars, scale, entry)
    margin = _margins(entry, decisions.leverage[window.rows], scale)
    sign = np.where(entry.long, 1, -1)
    gross = to_places(sign * entry.quantity * (exits.price - entry.price), scale.cost, CASH_PLACES)
    exit_fee = scale.fees(exits.price * entry.quantity)
    doubtful = entry.doubtful | _may_be_liquidated(rungs, window, touched, scale, entry, margin) | (margin + gross < exit_fee)
    # The next row opens while this position is still held: an add, or the other side.
    doubtful |= (exits.reason == CLOSE) & (decisions.action[np.maximum(exits.row, 0)] != Action.CLOSE)
    still_open = exits.reason == GAP
    return Trips(
        row=window.rows,
        account=decisions.account[window.rows],
        symbol=np.full(len(window.rows), code, np.int64),
        sign=sign,
        leverage=decisions.leverage[window.rows],
        opened=decisions.time[window.rows],
        quantity=entry.quantity * 10 ** (QUANTITY_PLACES - scale.lot_places),
        entry=entry.price * 10 ** (PRICE_PLACES - scale.price),
        margin=margin,
        entry_fee=scale.fees(entry.cost),
        exit_row=exits.row,
        reason=exits.reason,
        left=exits.left,
        closed=exits.closed,
        exit=exits.price * 10 ** (PRICE_PLACES - scale.price),
        gross=np.where(still_open, 0, gross),
        exit_fee=np.where(still_open, 0, exit_fee),
        doubtful=doubtful,
    )


def _windows(decisions: Decisions, rows: Ints, bars: int) -> Window:
    opening = np.flatnonzero(decisions.action[rows] != Action.CLOSE)
    following = np.append(rows[1:], GAP)[opening]
    row = rows[opening]
    same = following != GAP
    same &= decisions.account[row] == decisions.account[np.where(same, following, row)]
    next_row = np.where(same, following, GAP)
    end = np.where(same, decisions.bar[np.where(same, following, 0)] + 1, bars)
    return Window(row, decisions.bar[row] + 1, end, next_row)


def _entries(stage: Stage, decisions: Decisions, rows: Ints, bars: Bars, scale: Scale) -> Entry:
    price = bars.close[decisions.bar[rows]]
    long = decisions.action[rows] == Action.OPEN_LONG
    notional, exact = scaled(decisions.notional[rows], CASH_PLACES)
    shift = scale.cost - CASH_PLACES
    fits = exact & (notional > 0) & (notional * 10.0 ** max(0, shift) < FITS) & (price * (scale.lot * 10.0 ** max(0, -shift)) < FITS)
    wanted = np.where(fits, notional, 0) * 10 ** max(0, shift)
    quantity = wanted // (price * (scale.lot * 10 ** max(0, -shift))) * scale.lot
    highest = float(bars.high.max())
    slipping = 2 * 10.0 ** places_of(stage.terms.rules.slippage)
    spread = 10.0 ** max(0, CASH_PLACES - scale.cost)
    fits &= quantity * highest * max(scale.fee, 1) * spread < FITS
    fits &= quantity * 10.0 ** max(0, QUANTITY_PLACES - scale.lot_places) < FITS
    quantity = np.where(fits, quantity, 0)
    stop, target, levels_doubtful = _levels(decisions, rows, price, long, scale)
    doubtful = ~fits | levels_doubtful | (highest * max(slipping, 10.0 ** (PRICE_PLACES - scale.price)) >= FITS)
    doubtful |= _unfit(stage, decisions.leverage[rows], price, quantity, scale)
    return Entry(price, quantity, price * quantity, long, stop, target, doubtful)


def _unfit(stage: Stage, leverage: Ints, price: Ints, quantity: Ints, scale: Scale) -> Flags:
    """Whatever a venue may refuse an entry for, by its size or leverage."""
    terms, rules = scale.instrument, stage.terms.rules
    cost = price * quantity
    unfit = (quantity <= 0) | (quantity < _ceiling(terms.min_quantity.scaleb(scale.lot_places)))
    unfit |= cost < _ceiling(terms.min_notional.scaleb(scale.cost))
    if terms.max_market_quantity is not None:
        unfit |= quantity > int(terms.max_market_quantity.scaleb(scale.lot_places))
    allowed = np.full(len(cost), min(rules.max_leverage, terms.max_leverage), np.int64)
    if terms.tiers:
        limits = np.array([tier.max_leverage for tier in terms.tiers], np.int64)
        allowed = np.minimum(allowed, limits[_tier_rows(scale, cost)])
    result: Flags = unfit | (leverage < 1) | (leverage > allowed)
    return result


def _tier_rows(scale: Scale, cost: Ints) -> Ints:
    """Which tier each cost falls in, the last one beyond all."""
    uppers = np.array([min(NEVER_ABOVE, int(tier.upper.scaleb(scale.cost))) for tier in scale.instrument.tiers[:-1]], np.int64)
    found: Ints = np.searchsorted(uppers, cost, side="left").astype(np.int64)
    return found


def _levels(decisions: Decisions, rows: Ints, price: Ints, long: Flags, scale: Scale) -> tuple[Ints, Ints, Flags]:
    """(stops, targets, doubtful): levels on tick, a level on the wrong side of the price in doubt."""
    stop, stop_doubtful = _on_tick(decisions.stop_loss[rows], np.where(long, NEVER_BELOW, NEVER_ABOVE), scale)
    target, target_doubtful = _on_tick(decisions.take_profit[rows], np.where(long, NEVER_ABOVE, NEVER_BELOW), scale)
    wrong = np.where(long, (stop >= price) | (target <= price), (stop <= price) | (target >= price))
    return stop, target, stop_doubtful | target_doubtful | wrong


def _on_tick(levels: Floats, never: Ints, scale: Scale) -> tuple[Ints, Flags]:
    set_ = ~np.isnan(levels)
    fit = smallest_places(np.where(set_, levels, 0.0), scale.price)
    if fit is None:
        return never, set_
    places, numbers = fit
    ticks = half_even(numbers, scale.tick * 10 ** (places - scale.price)) * scale.tick
    doubtful = set_ & ((ticks <= 0) | (levels * 10.0**places >= FITS))
    return np.where(set_, ticks, never), doubtful


def _touches(rungs: Ladder, window: Window, entry: Entry) -> Ints:
    below, above = np.where(entry.long, entry.stop, entry.target), np.where(entry.long, entry.target, entry.stop)
    return first_touches(rungs, window.start, window.end, below, above)


@dataclass(frozen=True, slots=True)
class Exit:
    """How each position is left, prices in the scale of the contract."""

    price: Ints
    reason: Ints
    row: Ints
    left: Ints
    closed: Ints


def _exits(stage: Stage, decisions: Decisions, window: Window, touched: Ints, bars: Bars, scale: Scale, entry: Entry) -> Exit:
    triggered, follows = touched < window.end, window.next_row != GAP
    bar, sign = np.minimum(touched, len(bars.time) - 1), np.where(entry.long, 1, -1)
    opened, worst = bars.open[bar], np.where(entry.long, bars.low[bar], bars.high[bar])
    gap_stop, gap_target = sign * opened <= sign * entry.stop, sign * opened >= sign * entry.target
    stopped = gap_stop | (~gap_target & (sign * worst <= sign * entry.stop))
    level = np.where(gap_stop | gap_target, opened, np.where(stopped, entry.stop, entry.target))
    exit_price = _slipped(stage, np.where(triggered, level, opened), bars.low[bar], bars.high[bar], entry.long, scale)
    bar_end, decided = bars.time[bar] + MINUTE_MS, decisions.time[np.where(follows, window.next_row, 0)]
    return Exit(
        price=np.where(triggered, exit_price, bars.close[window.end - 1]),
        reason=np.where(triggered, np.where(stopped, STOP, TARGET), np.where(follows, CLOSE, GAP)),
        row=np.where(triggered, GAP, window.next_row),
        left=np.where(triggered, bar_end, np.where(follows, decided, stage.end)),
        closed=np.where(triggered, np.where(gap_stop | gap_target, bars.time[bar], bar_end), np.where(follows, decided, GAP)),
    )


def _slipped(stage: Stage, level: Ints, low: Ints, high: Ints, long: Flags, scale: Scale) -> Ints:
    """The level less slippage, on tick against the contestant, but not outside the bar."""
    places = places_of(stage.terms.rules.slippage)
    one, slippage = 10**places, whole(stage.terms.rules.slippage, places)
    step = scale.tick * one
    down = level * (one - slippage) // step * scale.tick
    up = -(level * -(one + slippage) // step) * scale.tick
    price: Ints = np.where(long, np.maximum(down, low), np.minimum(up, high))
    return price


def _margins(entry: Entry, leverage: Ints, scale: Scale) -> Ints:
    """Cost / leverage in cash, rounded up."""
    shift = scale.cost - CASH_PLACES
    divisors = np.maximum(leverage, 1) * 10 ** max(0, shift)
    result: Ints = -(-entry.cost * 10 ** max(0, -shift) // divisors)
    return result


def _may_be_liquidated(rungs: Ladder, window: Window, touched: Ints, scale: Scale, entry: Entry, margin: Ints) -> Flags:
    """Whether equity at the worst price on the way, the bar of the exit included, fails to exceed any maintenance margin by the slack.

    Floats, because nothing of it enters the books.
    """
    first, last = window.start, np.maximum(np.minimum(touched + 1, window.end), window.start + 1)
    on_tape = first < len(rungs.lowest[0])
    low, high = extremes(rungs, np.where(on_tape, first, 0), np.where(on_tape, last, 1))
    worst = np.where(entry.long, np.minimum(low, entry.price), np.maximum(high, entry.price))
    worst = np.where(on_tape, worst, entry.price)
    unit = 10.0**-scale.cost
    loss = entry.quantity * np.abs(worst - entry.price).astype(np.float64) * unit
    notional = entry.quantity * np.maximum(worst, entry.price).astype(np.float64) * unit
    tiers = scale.instrument.tiers
    rates = np.maximum.accumulate([float(tier.maintenance_rate) for tier in tiers]) if tiers else np.zeros(1)
    uppers = [float(tier.upper) for tier in tiers[:-1]]
    needed = notional * (
        rates[np.searchsorted(uppers, notional * (1 + SLACK), side="left")] + float(scale.instrument.taker_fee_rate) + SLACK
    )
    result: Flags = margin * 10.0**-CASH_PLACES - loss <= needed + SLACK
    return result


def _ceiling(value: Decimal) -> int:
    """The smallest whole number not below a value."""
    return int(value.to_integral_value(ROUND_CEILING))
