"""A stretch of closed minutes and funding settlements, and how an account walks through it. Pure.

The result does not depend on how time was divided into stretches: a minute at a time in the live arena, a day at once after downtime, from
cycle to cycle in a replay.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from app.engine.facts import Fact, Outcome
from app.engine.funding import Settlement
from app.engine.instruments import Instrument
from app.engine.market import Candle, Snapshot
from app.engine.positions import Account
from app.engine.rules import MarginMode, Rules
from app.engine.triggers import watch

MINUTE = timedelta(minutes=1)

Bars = Mapping[str, Sequence[Candle]]


@dataclass(frozen=True, slots=True)
class Terms:
    """What watching goes by: contract terms by symbol, and the rules of the contest. A cycle's own hold from its first moment on."""

    instruments: Mapping[str, Instrument]
    rules: Rules


@dataclass(frozen=True, slots=True)
class Stretch:
    """Closed one-minute bars of mark and (where stops look at it) last price, each oldest first, and settlements, rate None if unknown."""

    marks: Bars
    lasts: Bars = field(default_factory=dict)
    settlements: Sequence[Settlement] = ()

    def between(self, since: datetime, until: datetime) -> "Stretch":
        """Bars that open in [since, until), and settlements within (since, until]."""
        settlements = [one for one in self.settlements if since < one.at <= until]
        return Stretch(_between(self.marks, since, until), _between(self.lasts, since, until), settlements)


def walk(account: Account, stretch: Stretch, terms: Terms) -> Outcome:
    """What a stretch does to an account. Raises ValueError where a settlement has no bar of its symbol at or around it."""
    facts: list[Fact] = []
    for piece in _pieces(account, stretch, terms.rules):
        outcome = watch(account, piece.marks, terms.instruments, terms.rules, last=piece.lasts or None, settlements=list(piece.settlements))
        account = outcome.account
        facts += outcome.facts
    return Outcome(account, tuple(facts))


def walk_moment(account: Account, snapshot: Snapshot, at: datetime, terms: Terms) -> Outcome:
    """What the sound prices of a snapshot do to an account at one moment: levels that the price already lies beyond."""
    quotes = {symbol: view.quote for symbol, view in snapshot.symbols.items() if view.quote is not None and view.unusable is None}
    marks = {symbol: (Candle(at, *(quote.mark,) * 4, quote.mark * 0),) for symbol, quote in quotes.items()}
    lasts = {symbol: (Candle(at, *(quote.last,) * 4, quote.last * 0),) for symbol, quote in quotes.items()}
    return watch(account, marks, terms.instruments, terms.rules, timedelta(0), last=lasts)


def _pieces(account: Account, stretch: Stretch, rules: Rules) -> list[Stretch]:
    """The stretch cut where the engine would otherwise look back over a cut that another division of time might have.

    A settlement is marked by the bar that ended in its instant; where that one is missing, by the next. In cross margin every minute is a
    piece, so that a symbol's missing minute is always judged alike.
    """
    symbols = {*account.positions, *(due.symbol for due in account.dues)}
    settlements = [one for one in stretch.settlements if one.symbol in symbols]
    ended = {(symbol, bar.open_time + MINUTE) for symbol in symbols for bar in stretch.marks.get(symbol, ())} if settlements else set()
    late = {(one.symbol, one.at) for one in settlements if (one.symbol, one.at) not in ended}
    edges = {at for _, at in late}
    if rules.margin_mode is MarginMode.CROSS:
        edges |= {bar.open_time + MINUTE for symbol in symbols for bar in stretch.marks.get(symbol, ())}
    for symbol, at in sorted(late, key=itemgetter(1)):
        edges = _without_cuts_before_next(edges, at, stretch.marks.get(symbol, ()))
    return _cut(stretch, sorted(edges), settlements, late) if edges else [Stretch(stretch.marks, stretch.lasts, settlements)]


def _without_cuts_before_next(edges: set[datetime], at: datetime, bars: Sequence[Candle]) -> set[datetime]:
    """The edges without those that would part a late settlement from the bar that marks it."""
    place = bisect_left(bars, at, key=_opened)
    if place == len(bars):
        return edges
    return {edge for edge in edges if not at < edge <= bars[place].open_time}


def _cut(stretch: Stretch, edges: Sequence[datetime], settlements: Sequence[Settlement], late: set[tuple[str, datetime]]) -> list[Stretch]:
    """Pieces up to and from each edge. A settlement in an edge's instant belongs before it, unless it is late."""
    due: list[list[Settlement]] = [[] for _ in range(len(edges) + 1)]
    for one in settlements:
        place = bisect_left(edges, one.at)
        on_edge = place < len(edges) and edges[place] == one.at
        due[place + 1 if on_edge and (one.symbol, one.at) in late else place].append(one)
    bounds = [None, *edges, None]
    return [
        Stretch(_between(stretch.marks, bounds[index], bounds[index + 1]), _between(stretch.lasts, bounds[index], bounds[index + 1]), mine)
        for index, mine in enumerate(due)
    ]


def _between(bars: Bars, since: datetime | None, until: datetime | None) -> dict[str, Sequence[Candle]]:
    found: dict[str, Sequence[Candle]] = {}
    for symbol, series in bars.items():
        first = 0 if since is None else bisect_left(series, since, key=_opened)
        last = len(series) if until is None else bisect_left(series, until, key=_opened)
        found[symbol] = series[first:last]
    return found


def _opened(bar: Candle) -> datetime:
    return bar.open_time
