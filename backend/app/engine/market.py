"""What a venue shows at one moment, as frozen values: candles, quotes, and the snapshot everybody is shown in a cycle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from app.engine.instruments import Instrument


class Timeframe(StrEnum):
    """Candle widths the arena works with."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    FOUR_HOURS = "4h"

    @property
    def width(self) -> timedelta:
        """Length of one bar."""
        return {"1m": timedelta(minutes=1), "5m": timedelta(minutes=5), "4h": timedelta(hours=4)}[self.value]


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed bar. Prices in USDT, volume in the base coin (zero for mark candles)."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """One row of the venue's tickers. `time` is the venue's own stamp of the row; None where the venue gave nothing."""

    symbol: str
    time: datetime
    last: Decimal
    mark: Decimal
    index: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    funding_rate: Decimal | None = None
    next_funding_time: datetime | None = None
    open_interest: Decimal | None = None
    high_24h: Decimal | None = None
    low_24h: Decimal | None = None
    change_24h: Decimal | None = None
    volume_24h_usdt: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SymbolView:
    """What is known of one symbol in one snapshot. `unusable` says why nobody may trade it now; None when it is sound."""

    instrument: Instrument
    quote: Quote | None
    candles_5m: tuple[Candle, ...] = ()
    candles_4h: tuple[Candle, ...] = ()
    unusable: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The market as everybody sees it in one cycle. `content_hash` is SHA-256 over its canonical JSON."""

    taken_at: datetime
    venue: str
    symbols: Mapping[str, SymbolView]
    content_hash: str = field(default="", compare=False)

    @property
    def marks(self) -> dict[str, Decimal]:
        """Mark price of every symbol that may be traded."""
        return {name: view.quote.mark for name, view in self.symbols.items() if view.quote is not None and view.unusable is None}

    @property
    def instruments(self) -> dict[str, Instrument]:
        """Contract terms by symbol."""
        return {name: view.instrument for name, view in self.symbols.items()}
