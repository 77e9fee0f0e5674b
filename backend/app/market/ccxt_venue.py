"""Any exchange that ccxt knows and that lists linear USDT perpetuals, as a Venue. Tested against Bitget's wire format.

Reads public prices only: no credentials, no orders. The market's time is an argument or comes from the given clock, never from the system.
Every wait has a limit; what could not be had is said, not replaced.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from app.engine.books import Book
from app.engine.clock import Clock
from app.engine.funding import Settlement
from app.engine.instruments import Instrument
from app.engine.market import Candle, Quote, Snapshot, SymbolView, Timeframe
from app.market import ccxt_rows
from app.market.candle_feed import MINUTE, CandleFeed
from app.market.ccxt_line import CcxtLine
from app.market.contracts import Contract, load_contracts
from app.market.funding_feed import FundingFeed
from app.market.quote_feed import QuoteFeed
from app.market.soundness import STALE_AFTER, judge, judge_candles, judge_minutes
from app.market.venue import VenueError, VenueGarbledError, VenueSlowError
from app.market.wire import moment

SNAPSHOT_SECONDS_MAX = 30.0
BOOK_SECONDS_MAX = 5.0
MINUTES_SECONDS_MAX = 30.0
"""For each day that is looked back on: pages come one after the other."""

FUNDING_SECONDS_MAX = 10.0
"""For each month that is looked back on."""

BOOK_LEVELS = 50
TERMS_HOLD_FOR = timedelta(days=1)
TERMS_ASKED_AGAIN_AFTER = timedelta(hours=1)
CANDLES = (Timeframe.FIVE_MINUTES, Timeframe.FOUR_HOURS)

Found = TypeVar("Found")

log = structlog.get_logger()


class CcxtVenue:
    """`exchange_id` is a ccxt id such as "bitget"; `symbols` are like BTCUSDT. `load` first, `close` last.

    `base_url` sends all requests elsewhere (a proxy, the sandbox). `snapshot_seconds_max` bounds one `see`, in real seconds; a single
    request may take a third of it, so that one slow symbol doesn't use up everybody's time.
    """

    def __init__(
        self,
        exchange_id: str,
        symbols: Sequence[str],
        clock: Clock,
        *,
        name: str | None = None,
        base_url: str | None = None,
        snapshot_seconds_max: float = SNAPSHOT_SECONDS_MAX,
    ) -> None:
        self.name = name or exchange_id
        self._symbols = tuple(symbols)
        self._clock = clock
        self._seconds_max = snapshot_seconds_max
        self._line = CcxtLine(exchange_id, clock, base_url=base_url, request_seconds_max=snapshot_seconds_max / 3)
        self._quotes = QuoteFeed(self._line)
        self._candles = CandleFeed(self._line)
        self._funding = FundingFeed(self._line)
        self._contracts: Mapping[str, Contract] = {}
        self._terms_hold_until: datetime | None = None
        self._accepted: dict[str, Quote] = {}

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Contract terms by symbol, as last loaded."""
        return {symbol: contract.instrument for symbol, contract in self._contracts.items()}

    async def load(self) -> Mapping[str, Instrument]:
        """Fetch contracts and leverage tiers. Raises SymbolsNotListedError and UnknownVenueError for settings to mend, else VenueError."""
        self._contracts = await load_contracts(self._line, self._symbols)
        self._terms_hold_until = self._clock.now() + TERMS_HOLD_FOR
        return self.instruments

    async def refresh(self, at: datetime) -> bool:
        """Load again once a day; the old terms stay when that fails. `see` does this itself. True when the terms are new."""
        if self._terms_hold_until is None:
            await self.load()
            return True
        if at < self._terms_hold_until:
            return False
        try:
            async with asyncio.timeout(self._seconds_max):
                await self.load()
        except (VenueError, TimeoutError) as error:
            log.warning("contracts_not_refreshed", venue=self.name, why=str(error) or "too slow", kept=list(self._contracts))
            self._terms_hold_until = at + TERMS_ASKED_AGAIN_AFTER
            return False
        return True

    async def see(self, at: datetime, last_accepted: Mapping[str, Quote]) -> Snapshot:
        """Everything one cycle needs, fetched at once and judged; a symbol that can't be trusted is marked unusable with the reason.

        Not hashed: whoever stores the snapshot encodes it, once.
        `at` is the market's time. Raises VenueError when tickers can't be had, VenueSlowError when the time limit passes.
        """
        await self.refresh(at)
        quotes, without_candles = await self._fetch(at)
        views: dict[str, SymbolView] = {}
        for symbol in self._symbols:
            previous = last_accepted.get(symbol)
            views[symbol] = view = self._view(symbol, at, quotes[symbol], previous, without_candles.get(symbol))
            if view.unusable is not None:
                log.warning("symbol_unusable", venue=self.name, symbol=symbol, why=view.unusable)
                self._candles.forget(symbol)
            elif view.quote is not None:
                self._accepted[symbol] = view.quote
        return Snapshot(at, self.name, views)

    async def books(self, symbols: Sequence[str]) -> dict[str, Book]:
        """Fresh depth of 50 levels a side. A symbol whose book is late (5 s), old, broken, crossed or empty is absent, and logged."""
        return await self._each(symbols, "order_book_missing", BOOK_SECONDS_MAX, self._book)

    async def mark_minutes(self, symbols: Sequence[str], since: datetime, until: datetime) -> dict[str, tuple[Candle, ...]]:
        """Closed 1m mark candles with `since` <= open and close <= `until`. Impossible candles make their symbol absent, as errors do."""
        return await self._minutes(symbols, since, until, "mark")

    async def last_minutes(self, symbols: Sequence[str], since: datetime, until: datetime) -> dict[str, tuple[Candle, ...]]:
        """The same of last prices."""
        return await self._minutes(symbols, since, until, "last")

    async def funding_history(self, symbols: Sequence[str], since: datetime, until: datetime) -> dict[str, tuple[Settlement, ...]]:
        """Settlements with `since` < instant <= `until`, oldest first. Absurd rates make their symbol absent, as errors do."""

        async def history(contract: Contract) -> tuple[Settlement, ...]:
            return await self._funding.history(contract, since, until)

        seconds_max = FUNDING_SECONDS_MAX * (1 + (until - since).days / 30)
        return await self._each(symbols, "funding_rates_missing", seconds_max, history)

    async def quotes(self) -> dict[str, Quote]:
        """Tickers as they are, unjudged: put each through `soundness.judge` before acting on it. Raises VenueError."""
        found = await self._quotes.tickers(self._contracts)
        return {symbol: quote for symbol, quote in found.items() if not isinstance(quote, str)}

    async def server_time(self) -> datetime:
        """The venue's own clock. Raises VenueError."""
        time = moment(await self._line.ask("its time", "fetch_time"))
        if time is None:
            raise VenueGarbledError(f"{self.name} does not tell its time")
        return time

    async def close(self) -> None:
        """Close the connections."""
        await self._line.close()

    async def _fetch(self, at: datetime) -> tuple[dict[str, Quote | str], dict[str, str]]:
        """Quotes by symbol, and why candles are missing for those that have none."""
        tickers = asyncio.create_task(self._quotes.full(self._contracts, at))
        candles = {
            (symbol, frame): asyncio.create_task(self._candles.bring_up(contract, frame, at))
            for symbol, contract in self._contracts.items()
            for frame in CANDLES
        }
        await self._all_of({"tickers": tickers} | {f"{frame} candles of {symbol}": task for (symbol, frame), task in candles.items()})
        failed: dict[str, str] = {}
        for (symbol, frame), task in candles.items():
            error = _venue_error(task)
            if error is not None:
                log.warning("candles_missing", venue=self.name, symbol=symbol, timeframe=frame.value, why=str(error))
                failed[symbol] = f"no {frame} candles: {error.in_short}"
        return tickers.result(), failed

    async def _all_of(self, named: Mapping[str, asyncio.Task[Any]]) -> None:
        """Wait until every task has ended, well or badly; past the time limit cancel all and raise VenueSlowError."""
        try:
            await asyncio.wait(named.values(), timeout=self._seconds_max)
            late = tuple(name for name, task in named.items() if not task.done())
            if late:
                raise VenueSlowError(f"{self.name} took longer than {self._seconds_max:g} s; still missing: {', '.join(late)}", late)
        finally:
            for task in named.values():
                task.cancel()
            await asyncio.gather(*named.values(), return_exceptions=True)

    def _view(self, symbol: str, at: datetime, found: Quote | str, previous: Quote | None, without_candles: str | None) -> SymbolView:
        contract = self._contracts[symbol]
        quote = None if isinstance(found, str) else found
        short, long = (self._candles.bars(symbol, frame) for frame in CANDLES)
        unusable = (
            contract.suspended
            or (found if isinstance(found, str) else None)
            or without_candles
            or judge_candles(short, Timeframe.FIVE_MINUTES, at)
            or _judge_long(short, long, at)
            or judge(quote, at, previous, short)
        )
        return SymbolView(contract.instrument, quote, short, long, unusable)

    async def _each(
        self, symbols: Sequence[str], event: str, seconds_max: float, ask: Callable[[Contract], Coroutine[Any, Any, Found]]
    ) -> dict[str, Found]:
        async def one(symbol: str) -> tuple[str, Found] | None:
            try:
                async with asyncio.timeout(seconds_max):
                    return symbol, await ask(self._contracts[symbol])
            except (VenueError, TimeoutError) as error:
                log.warning(event, venue=self.name, symbol=symbol, why=str(error) or f"not answered within {seconds_max:g} s")
                return None

        found = await asyncio.gather(*(one(symbol) for symbol in symbols))
        return dict(pair for pair in found if pair is not None)

    async def _book(self, contract: Contract) -> Book:
        symbol = contract.instrument.symbol
        row = await self._line.ask(f"order book of {symbol}", "fetch_order_book", contract.venue_symbol, BOOK_LEVELS)
        book = ccxt_rows.book(symbol, row, ccxt_rows.contract_size(contract.market))
        if isinstance(book, str):
            raise VenueGarbledError(book)
        age = self._clock.now() - book.time
        if age > STALE_AFTER:
            raise VenueGarbledError(f"the order book is {age.total_seconds():.0f} s old")
        return book

    async def _minutes(self, symbols: Sequence[str], since: datetime, until: datetime, price: str) -> dict[str, tuple[Candle, ...]]:
        if since + MINUTE > until:
            return dict.fromkeys(symbols, ())

        async def minutes(contract: Contract) -> tuple[Candle, ...]:
            return await self._sound_minutes(contract, since, until, price)

        seconds_max = MINUTES_SECONDS_MAX * (1 + (until - since).days)
        return await self._each(symbols, f"{price}_candles_missing", seconds_max, minutes)

    async def _sound_minutes(self, contract: Contract, since: datetime, until: datetime, price: str) -> tuple[Candle, ...]:
        minutes = await self._candles.minutes(contract, since, until, price)
        accepted = self._accepted.get(contract.instrument.symbol)
        broken = judge_minutes(minutes, None if accepted is None else accepted.mark if price == "mark" else accepted.last)
        if broken is not None:
            raise VenueGarbledError(broken)
        return minutes


def _venue_error(task: asyncio.Task[None]) -> VenueError | None:
    error = task.exception()
    if error is not None and not isinstance(error, VenueError):
        raise error
    return error


def _judge_long(short: Sequence[Candle], long: Sequence[Candle], at: datetime) -> str | None:
    # A contract or a tape that has just begun has no closed 4h bar yet, and that is nothing to hold against it.
    if not long and short and short[0].open_time > at - 2 * Timeframe.FOUR_HOURS.width:
        return None
    return judge_candles(long, Timeframe.FOUR_HOURS, at)
