"""Quotes from one tickers call, filled up from funding and open-interest calls only where the tickers leave something out."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from app.engine.market import Quote
from app.market import ccxt_rows
from app.market.ccxt_line import CcxtLine
from app.market.contracts import Contract
from app.market.venue import VenueError, VenueGarbledError
from app.market.wire import above_zero

ASKED_AGAIN_AFTER = timedelta(hours=1)
"""A venue may move its next funding time, rarely; in between it is not asked for in every cycle."""

log = structlog.get_logger()


class QuoteFeed:
    """Remembers each symbol's next funding time, nothing else."""

    def __init__(self, line: CcxtLine) -> None:
        self._line = line
        self._next_funding: dict[str, tuple[datetime, datetime]] = {}

    async def tickers(self, contracts: Mapping[str, Contract]) -> dict[str, Quote | str]:
        """A quote per symbol, or a sentence that says why there is none. Raises VenueError when no ticker can be had at all."""
        rows = await self._ticker_rows(contracts)
        if not rows:
            raise VenueGarbledError(f"the tickers hold none of {', '.join(contracts)}")
        found = await asyncio.gather(*(self._quote(contract, rows.get(symbol)) for symbol, contract in contracts.items()))
        return dict(zip(contracts, found, strict=True))

    async def full(self, contracts: Mapping[str, Contract], at: datetime) -> dict[str, Quote | str]:
        """As `tickers`, with funding and open interest from calls of their own where the tickers lack them."""
        found = await self.tickers(contracts)
        filled = await asyncio.gather(*(self._filled(contracts[symbol], quote, at) for symbol, quote in found.items()))
        return dict(zip(found, filled, strict=True))

    async def _ticker_rows(self, contracts: Mapping[str, Contract]) -> dict[str, Mapping[str, Any] | str]:
        names = {contract.venue_symbol: symbol for symbol, contract in contracts.items()}
        try:
            rows: Mapping[str, Any] = await self._line.ask("tickers", "fetch_tickers", list(names))
        except VenueGarbledError:
            # One row with a NaN breaks ccxt's reading of all: ask one by one, so that only the broken one is lost.
            return await self._rows_one_by_one(contracts)
        return {names[name]: row for name, row in rows.items() if name in names}

    async def _rows_one_by_one(self, contracts: Mapping[str, Contract]) -> dict[str, Mapping[str, Any] | str]:
        asked = (self._line.ask(f"ticker of {symbol}", "fetch_ticker", one.venue_symbol) for symbol, one in contracts.items())
        answers = await asyncio.gather(*asked, return_exceptions=True)
        rows: dict[str, Mapping[str, Any] | str] = {}
        for symbol, answer in zip(contracts, answers, strict=True):
            if isinstance(answer, BaseException) and not isinstance(answer, VenueError):
                raise answer
            if isinstance(answer, VenueError):
                log.warning("ticker_missing", symbol=symbol, why=str(answer))
            rows[symbol] = f"no price: {answer.in_short}" if isinstance(answer, VenueError) else answer
        if all(isinstance(row, str) for row in rows.values()):
            raise VenueGarbledError(f"no ticker can be read: {next(iter(rows.values()), '')}")
        return rows

    async def _quote(self, contract: Contract, row: Mapping[str, Any] | str | None) -> Quote | str:
        if row is None:
            return "the venue's tickers leave it out"
        if isinstance(row, str):
            return row
        if row.get("markPrice") is None and "markPrice" not in (row.get("info") or ()):
            row = {**row, "markPrice": await self._mark_price(contract)}
        return ccxt_rows.quote(contract.instrument.symbol, row)

    async def _mark_price(self, contract: Contract) -> object:
        exchange = await self._line.open()
        method = "fetch_mark_price" if exchange.has.get("fetchMarkPrice") else "fetch_funding_rate"
        row = await self._soft("mark price", contract, method)
        return None if row is None else row.get("markPrice")

    async def _filled(self, contract: Contract, quote: Quote | str, at: datetime) -> Quote | str:
        if isinstance(quote, str):
            return quote
        quote = self._with_known_funding_time(quote, at)
        if quote.funding_rate is None or quote.next_funding_time is None:
            row = await self._soft("funding", contract, "fetch_funding_rate")
            quote = quote if row is None else ccxt_rows.with_funding(quote, row)
            if quote.next_funding_time is not None and quote.next_funding_time > at:
                self._next_funding[quote.symbol] = (quote.next_funding_time, at)
        if quote.open_interest is None:
            row = await self._soft("open interest", contract, "fetch_open_interest")
            amount = None if row is None else above_zero(row.get("openInterestAmount"))
            quote = replace(quote, open_interest=amount)
        return quote

    def _with_known_funding_time(self, quote: Quote, at: datetime) -> Quote:
        following, asked_at = self._next_funding.get(quote.symbol, (at, at))
        if quote.next_funding_time is not None or following <= at or at - asked_at >= ASKED_AGAIN_AFTER:
            return quote
        return replace(quote, next_funding_time=following)

    async def _soft(self, what: str, contract: Contract, method: str) -> Mapping[str, Any] | None:
        symbol = contract.instrument.symbol
        try:
            row: Mapping[str, Any] = await self._line.ask(f"{what} of {symbol}", method, contract.venue_symbol)
        except VenueError as error:
            log.warning("quote_incomplete", symbol=symbol, what=what, why=f"{error}")
            return None
        return row
