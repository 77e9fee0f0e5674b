"""The market of the fill: one fresh look for everybody after the last answer or the deadline."""

from collections.abc import Mapping
from datetime import datetime

from app.cycle.parts import Parts
from app.engine.clock import floor_time
from app.engine.market import Quote, Snapshot
from app.engine.rules import Rules
from app.market.fill_market import FillMarket
from app.market.soundness import judge
from app.market.stretch import MINUTE


async def fresh_market(parts: Parts, snapshot: Snapshot, rules: Rules) -> FillMarket:
    """Books and quotes as they are now. A symbol whose price is not sound now, or was not at the cycle's start, is unusable.

    Raises VenueError when the venue doesn't answer.
    """
    books = await parts.venue.books(parts.symbols)
    quotes = await parts.venue.quotes()
    at = parts.clock.now()
    unusable = _unsound(parts.symbols, quotes, snapshot, at)
    parts.latest.take(at, quotes, unusable)
    marks = {name: quotes[name].mark for name in parts.symbols if unusable.get(name) is None and name in quotes}
    return FillMarket(at, floor_time(at, MINUTE), books, marks, {name: why for name, why in unusable.items() if why is not None}, rules)


def _unsound(symbols: tuple[str, ...], quotes: Mapping[str, Quote], snapshot: Snapshot, at: datetime) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in symbols:
        view = snapshot.symbols.get(name)
        if view is None or view.unusable is not None:
            found[name] = view.unusable if view is not None else "it was not in this cycle's snapshot"
            continue
        found[name] = judge(quotes.get(name), at, view.quote, view.candles_5m)
    return found
