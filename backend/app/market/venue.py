"""The seam between the arena and whatever shows it prices, and the errors that any venue may raise.

    VenueError                  no prices now; the cycle is skipped with this text as its reason
    ├── VenueUnreachableError   down, cut off, 5xx, DNS: try again later
    ├── VenueSlowError          did not answer within the time limit; `missing` names what had not come
    ├── VenueRefusedError       rate limited, in maintenance, or it found the request bad; `code` is the venue's own
    ├── VenueGarbledError       it answered, but not in the shape it promises
    ├── SymbolsNotListedError   a setting to mend: names the symbols and similar ones that are listed
    └── UnknownVenueError       a setting to mend: no such venue, or one without USDT perpetuals

A venue is asked and answers; it never decides whether to trade, opens no database and knows no contestant.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from app.engine.books import Book
from app.engine.funding import Settlement
from app.engine.instruments import Instrument
from app.engine.market import Candle, Quote, Snapshot


class Venue(Protocol):
    """What a cycle needs of a venue. Times are the market's, UTC; prices USDT; quantities base coins."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Contract terms by symbol, as last loaded; empty before."""
        ...

    async def see(self, at: datetime, last_accepted: Mapping[str, Quote]) -> Snapshot:
        """The whole market for one cycle. Raises VenueError when there are no prices at all; one bad symbol is only marked unusable."""
        ...

    async def books(self, symbols: Sequence[str]) -> dict[str, Book]:
        """Fresh depth, at most 50 levels a side. Symbols whose book could not be had are absent."""
        ...

    async def mark_minutes(self, symbols: Sequence[str], since: datetime, until: datetime) -> dict[str, tuple[Candle, ...]]:
        """Closed one-minute mark candles lying wholly within [since, until], oldest first. Symbols that could not be had are absent."""
        ...

    async def last_minutes(self, symbols: Sequence[str], since: datetime, until: datetime) -> dict[str, tuple[Candle, ...]]:
        """The same of last prices."""
        ...

    async def funding_history(self, symbols: Sequence[str], since: datetime, until: datetime) -> dict[str, tuple[Settlement, ...]]:
        """Funding settlements with `since` < instant <= `until`, oldest first. Symbols whose history could not be had are absent."""
        ...

    async def quotes(self) -> dict[str, Quote]:
        """One row of prices per symbol, unjudged, for watching between cycles. Raises VenueError."""
        ...


class VenueError(Exception):
    """No usable answer from the venue. The text holds the venue's own words; `in_short` holds ours, and may be shown to contestants."""

    in_short = "the venue gave no answer"


class VenueUnreachableError(VenueError):
    """The venue is down or the way to it is."""

    in_short = "the venue can't be reached"


class VenueSlowError(VenueError):
    """The time limit passed. `missing` names what had not arrived."""

    in_short = "the venue is too slow"

    def __init__(self, message: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.missing = missing


class VenueRefusedError(VenueError):
    """The venue said no. `code` is its own error code or HTTP status, as text; None where it gave none."""

    in_short = "the venue refused"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class VenueGarbledError(VenueError):
    """The answer can't be read."""

    in_short = "the venue's answer can't be read"


class SymbolsNotListedError(VenueError):
    """`symbols` are not perpetuals of this venue; `similar` holds listed ones that look alike."""

    def __init__(self, venue: str, similar: Mapping[str, tuple[str, ...]]) -> None:
        parts = [f"{symbol} (similar: {', '.join(near)})" if near else symbol for symbol, near in similar.items()]
        super().__init__(f"{venue} lists no USDT perpetual {', '.join(parts)}: correct SYMBOLS")
        self.symbols = tuple(similar)
        self.similar = dict(similar)


class UnknownVenueError(VenueError):
    """`suggestions` are ids that would work."""

    def __init__(self, message: str, suggestions: tuple[str, ...]) -> None:
        super().__init__(f"{message}: set MARKET to one of {', '.join(suggestions)}")
        self.suggestions = suggestions
