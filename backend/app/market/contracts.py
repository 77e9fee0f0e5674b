"""Which contracts of a ccxt exchange the arena trades, and their terms. Asks the venue; judges only whether the terms suffice."""

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from app.engine.instruments import Instrument
from app.market import ccxt_rows
from app.market.ccxt_line import KEY_NEEDED, SUGGESTIONS, CcxtLine
from app.market.venue import SymbolsNotListedError, UnknownVenueError, VenueGarbledError, VenueRefusedError
from app.market.wire import legible

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Contract:
    """One perpetual: the arena's terms, and ccxt's market behind them."""

    instrument: Instrument
    market: Mapping[str, Any]

    @property
    def venue_symbol(self) -> str:
        """What ccxt calls it, like BTC/USDT:USDT."""
        return str(self.market["symbol"])

    @property
    def suspended(self) -> str | None:
        """Why the venue itself doesn't let it trade; None when it does."""
        if self.market.get("active") is not False:
            return None
        info = self.market.get("info")
        status = info.get("symbolStatus") if isinstance(info, Mapping) else None
        return f"the venue has suspended trading (status {legible(status)})" if status else "the venue has suspended trading"


async def load_contracts(line: CcxtLine, symbols: Sequence[str]) -> dict[str, Contract]:
    """Contracts by symbol (BTCUSDT). Raises SymbolsNotListedError or UnknownVenueError for settings to mend, else VenueError."""
    exchange = await line.open()
    markets = _chosen(exchange.id, symbols, await line.ask("contracts", "load_markets", reload=True))
    tiers = await asyncio.gather(*(_tier_rows(line, exchange, market["symbol"]) for market in markets.values()))
    contracts: dict[str, Contract] = {}
    for (symbol, market), rows in zip(markets.items(), tiers, strict=True):
        terms = ccxt_rows.instrument(symbol, market, rows, exchange.precisionMode)
        if isinstance(terms, str):
            raise VenueGarbledError(f"{exchange.id}: {terms}")
        contracts[symbol] = Contract(terms, market)
    return contracts


def _chosen(venue: str, symbols: Sequence[str], listed: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    perpetuals = {
        f"{market['base']}USDT": market
        for market in listed.values()
        if market.get("swap") and market.get("linear") and market.get("quote") == market.get("settle") == "USDT"
    }
    if not perpetuals:
        raise UnknownVenueError(f"{venue} lists no USDT perpetuals", tuple(name for name in SUGGESTIONS if name != venue))
    absent = [symbol for symbol in symbols if symbol not in perpetuals]
    if absent:
        raise SymbolsNotListedError(venue, {symbol: tuple(difflib.get_close_matches(symbol, perpetuals, n=3)) for symbol in absent})
    return {symbol: perpetuals[symbol] for symbol in symbols}


async def _tier_rows(line: CcxtLine, exchange: Any, venue_symbol: str) -> Sequence[Mapping[str, Any]]:
    what = f"leverage tiers of {venue_symbol}"
    try:
        if exchange.has.get("fetchMarketLeverageTiers") is True:
            rows: Sequence[Mapping[str, Any]] = await line.ask(what, "fetch_market_leverage_tiers", venue_symbol)
            return rows
        if exchange.has.get("fetchLeverageTiers"):
            by_symbol: Mapping[str, Sequence[Mapping[str, Any]]] = await line.ask(what, "fetch_leverage_tiers", [venue_symbol])
            return by_symbol.get(venue_symbol, ())
    except VenueRefusedError as error:
        if error.code != KEY_NEEDED:
            raise
    log.warning(
        "no_leverage_tiers", venue=exchange.id, symbol=venue_symbol, why="the venue shows them to account holders only, or not at all"
    )
    return ()
