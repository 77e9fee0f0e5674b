"""Closed candles from the venue, kept between cycles so that only the newest are fetched, and one-minute candles for looking back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.engine.market import Candle, Timeframe
from app.market.candle_windows import WHOLE_BARS, Window, bars_to_ask, fitted, joined
from app.market.ccxt_line import CcxtLine
from app.market.ccxt_rows import closed_candles
from app.market.contracts import Contract
from app.market.venue import VenueGarbledError
from app.market.wire import milliseconds

MINUTE = timedelta(minutes=1)
MINUTES_PAGE = 200
"""What every endpoint of Bitget gives at once, the ones for old candles included."""


class CandleFeed:
    """Remembers one window of closed bars per symbol and timeframe."""

    def __init__(self, line: CcxtLine) -> None:
        self._line = line
        self._windows: dict[tuple[str, Timeframe], Window] = {}

    def bars(self, symbol: str, timeframe: Timeframe) -> tuple[Candle, ...]:
        """What is kept, oldest first."""
        window = self._windows.get((symbol, timeframe))
        return () if window is None else window.bars

    def forget(self, symbol: str) -> None:
        """Fetch this symbol's windows whole next time: something about it was not to be trusted."""
        for timeframe in Timeframe:
            self._windows.pop((symbol, timeframe), None)

    async def bring_up(self, contract: Contract, timeframe: Timeframe, at: datetime) -> None:
        """Complete the window with every bar closed by `at`. Raises VenueError, and then keeps nothing."""
        key = (contract.instrument.symbol, timeframe)
        window = self._windows.get(key)
        wanted = bars_to_ask(window, timeframe, at)
        if wanted == 0:
            return
        self._windows.pop(key, None)
        fresh: Window | None = None
        if window is not None and wanted < WHOLE_BARS:
            fresh = joined(window, await self._newest(contract, timeframe, wanted, at), timeframe, at)
        if fresh is None:
            fresh = fitted(await self._newest(contract, timeframe, WHOLE_BARS, at), timeframe, at)
        self._windows[key] = fresh

    async def minutes(self, contract: Contract, since: datetime, until: datetime, price: str) -> tuple[Candle, ...]:
        """Closed 1m candles within [since, until], page by page; `price` is mark or last. Raises VenueError."""
        found: dict[datetime, Candle] = {}
        start = since
        while start + MINUTE <= until:
            end = min(start + MINUTES_PAGE * MINUTE, until)
            params = {"until": milliseconds(end), **({"price": "mark"} if price == "mark" else {})}
            named: Mapping[str, Any] = {"limit": MINUTES_PAGE, "params": params}
            page = await self._rows(contract, Timeframe.MINUTE, until, since=milliseconds(start), **named)
            within = [candle for candle in page if start <= candle.open_time < end]
            found.update((candle.open_time, candle) for candle in within)
            # Some venues give shorter pages than asked: go on after the last bar that came. An empty page is a gap of the venue's own.
            start = max((candle.open_time + MINUTE for candle in within), default=end)
        return tuple(found[time] for time in sorted(found))

    async def _newest(self, contract: Contract, timeframe: Timeframe, count: int, at: datetime) -> tuple[Candle, ...]:
        return await self._rows(contract, timeframe, at, limit=count)

    async def _rows(self, contract: Contract, timeframe: Timeframe, at: datetime, **named: Any) -> tuple[Candle, ...]:
        symbol = contract.instrument.symbol
        rows = await self._line.ask(f"{timeframe} candles of {symbol}", "fetch_ohlcv", contract.venue_symbol, timeframe.value, **named)
        candles = closed_candles(rows, timeframe, at)
        if isinstance(candles, str):
            raise VenueGarbledError(candles)
        return candles
