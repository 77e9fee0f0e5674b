"""A season over the recorded month: every player's decisions through `apply`, everything in between through `watch`, without a database.

Bars are searched for the first that reaches a level of what is held; stretches in which nothing can happen are not walked.
The ledger of it is kept by `tests/golden/ledger.py`.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal, localcontext

import numpy as np

from app.engine.exchange import Market, apply
from app.engine.facts import Fact, Filled
from app.engine.margin import liquidation_price, maintenance_margin
from app.engine.money import CONTEXT, ZERO
from app.engine.positions import Account, Position
from app.engine.rules import MarginMode
from app.engine.trades import Side, Trade
from app.engine.triggers import watch
from tests.golden.players import EXITS, Player, View
from tests.golden.tape import MINUTE_MS, Tape, milliseconds, moment

CAPITAL = Decimal(10_000)
FIRST_DECISION = 300
"""Minutes of history before anybody decides; the first settlement comes later."""

LATE = timedelta(minutes=7)
"""How long after its instant a rate is published to players with `late_rates`."""


@dataclass(slots=True)
class Course:
    """One player's way through the month. `exits` keeps what each triggered exit left, for the questions the test asks."""

    tape: Tape
    player: Player
    account: Account
    facts: list[Fact] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    exits: list[tuple[Position, Filled]] = field(default_factory=list)
    all_bars: bool = False

    def add(self, before, outcome):
        self.account = outcome.account
        self.facts += outcome.facts
        for fact in outcome.facts:
            if isinstance(fact, Filled):
                if fact.trade.closed_at is not None:
                    self.trades.append(fact.trade)
                if fact.purpose in EXITS:
                    self.exits.append((before.positions[fact.symbol], fact))


def play(tape, player, last_bar=None, *, all_bars=False):
    """The player's course to the end of the tape, or to a bar of it. `all_bars` walks every bar, which must change nothing."""
    end = len(tape.opened) if last_bar is None else last_bar
    course = Course(tape, player, Account(player.name, CAPITAL), all_bars=all_bars)
    settlements = _instants(tape, player)
    with localcontext(CONTEXT):
        walked = 0
        for turn, bar in enumerate(range(FIRST_DECISION, end, player.every)):
            at = moment(int(tape.opened[bar])) + timedelta(seconds=player.delay_seconds)
            walked = _walk(course, walked, bar, at, settlements)
            view = View(tape, bar - 1, course.account, tuple(course.trades), turn)
            orders = player.rule(view)
            if orders:
                course.add(course.account, apply(course.account, _market(course, orders, bar - 1), orders, at))
        _walk(course, walked, end, moment(int(tape.opened[end - 1]) + MINUTE_MS), settlements)
    return course


def _instants(tape, player):
    """Settlements as the player comes to know them, oldest first: (when known, settlement)."""
    known = [(one.at, one) for one in tape.settlements]
    if player.late_rates:
        known = [(one.at, replace(one, rate=None)) for one in tape.settlements] + [(one.at + LATE, one) for one in tape.settlements]
    known.sort(key=lambda pair: (pair[0], pair[1].symbol, pair[1].rate is not None))
    return known


def _market(course, orders, closed):
    tape, account = course.tape, course.account
    asked = {order.symbol for order in orders if order.symbol in tape.minutes}
    marks = {name: tape.bar(name, closed).close for name in {*asked, *account.positions}}
    books = {name: tape.book(name, closed) for name in sorted(asked)}
    return Market(tape.instruments, marks, books, rules=course.player.rules)


def _walk(course, first, end, until, known):
    """What happens to the account in bars [first, end) and in the settlements known by `until`; those come off the list."""
    tape = course.tape
    while known and known[0][0] <= until:
        when = known[0][0]
        group = [one for at, one in known if at == when]
        del known[: len(group)]
        ended = int(np.searchsorted(tape.opened, milliseconds(when) - MINUTE_MS, side="right"))
        _stretch(course, first, min(ended, end), group)
        first = max(first, min(ended, end))
    _stretch(course, first, end, ())
    return end


def _stretch(course, first, end, settlements):
    """Bars [first, end), then settlements. Only bars from the first that may change something on are walked."""
    account, tape, rules = course.account, course.tape, course.player.rules
    if not account.positions and not account.dues:
        return
    start = first if course.all_bars else _first_touch(course, first, end)
    if start >= end and not settlements:
        return
    start = max(0, min(start, end - 1)) if settlements else start
    bars = {name: [tape.bar(name, index) for index in range(start, end)] for name in account.positions}
    course.add(account, watch(account, bars, tape.instruments, rules, settlements=settlements))


def _first_touch(course, first, end):
    """Index of the first bar of [first, end) that may reach a level; `end` when none does."""
    if first >= end:
        return end
    if course.player.rules.margin_mode is MarginMode.CROSS:
        return _first_danger(course, first, end)
    return min((_touch(course, held, first, end, own=True) for held in course.account.positions.values()), default=end)


def _touch(course, held, first, end, *, own):
    one = course.tape.minutes[held.symbol]
    level = liquidation_price(held, one.instrument) if own else None
    places = -one.instrument.tick.as_tuple().exponent
    below, above = -1, np.iinfo(np.int64).max
    adverse = [price for price in (held.stop_loss, level) if price is not None]
    if held.side is Side.LONG:
        below = max((int(price.scaleb(places)) + 1 for price in adverse), default=below)
        above = above if held.take_profit is None else int(held.take_profit.scaleb(places))
    else:
        above = min((int(price.scaleb(places)) for price in adverse), default=above)
        below = below if held.take_profit is None else int(held.take_profit.scaleb(places))
    hit = (one.low[first:end] <= below) | (one.high[first:end] >= above)
    return first + int(hit.argmax()) if hit.any() else end


def _first_danger(course, first, end):
    """Cross margin: the whole stretch, unless even its worst prices all at once leave twice the maintenance margin."""
    account, tape = course.account, course.tape
    spare = account.wallet
    for held in account.positions.values():
        one = tape.minutes[held.symbol]
        step = one.instrument.tick
        low, high = int(one.low[first:end].min()) * step, int(one.high[first:end].max()) * step
        worst = low if held.side is Side.LONG else high
        spare += held.unrealised_pnl(worst) - 2 * maintenance_margin(one.instrument, held.notional(high))
    if spare <= ZERO:
        return first
    return min((_touch(course, held, first, end, own=False) for held in account.positions.values()), default=end)
