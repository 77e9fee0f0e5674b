"""A venue whose tickers know no mark price and whose leverage tiers need a key: Binance's wire format, through the same code."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import ccxt
from structlog.testing import capture_logs

from app.engine.clock import Clock
from app.market.ccxt_line import SUGGESTIONS
from app.market.ccxt_venue import CcxtVenue
from tests.market.bitget import stamp
from tests.market.values import AT

NOW = stamp(AT)
WIDTHS = {"1m": 60_000, "5m": 300_000, "4h": 14_400_000}
CONTRACT = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "deliveryDate": 4133404800000,
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"},
        {"filterType": "MARKET_LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "120"},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
    ],
}
TICKER = {
    "symbol": "BTCUSDT",
    "lastPrice": "100.5",
    "openPrice": "101",
    "highPrice": "102",
    "lowPrice": "99",
    "priceChangePercent": "-0.5",
    "quoteVolume": "500",
}
PREMIUM = {
    "symbol": "BTCUSDT",
    "markPrice": "100.4",
    "indexPrice": "100.3",
    "lastFundingRate": "0.0001",
    "nextFundingTime": NOW + 3_600_000,
    "time": NOW,
}


def klines(query: dict[str, str]) -> Any:
    width, limit = WIDTHS[query["interval"]], int(query["limit"])
    first = -(-int(query["startTime"]) // width) if "startTime" in query else NOW // width - limit + 1
    indices = range(first, min(first + limit, NOW // width + 1))
    return [[index * width, "100", "101", "99", "100.5", "3", index * width + width - 1, "1", 1, "1", "1", "0"] for index in indices]


ANSWERS = {
    "exchangeInfo": lambda query: {"timezone": "UTC", "serverTime": NOW, "symbols": [CONTRACT]},
    "24hr": lambda query: [{**TICKER, "closeTime": NOW - 500}],
    "premiumIndex": lambda query: PREMIUM,
    "openInterest": lambda query: {"openInterest": "10659.509", "symbol": "BTCUSDT", "time": NOW},
    "klines": klines,
    "markPriceKlines": klines,
    "depth": lambda query: {"lastUpdateId": 1, "E": NOW, "T": NOW, "bids": [["100.4", "1"]], "asks": [["100.6", "2"]]},
}


@asynccontextmanager
async def binance() -> AsyncIterator[CcxtVenue]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        url = urlsplit((await reader.readuntil(b"\r\n\r\n")).decode().split()[1])
        body = json.dumps(ANSWERS[url.path.rsplit("/", 1)[1]](dict(parse_qsl(url.query)))).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    venue = CcxtVenue("binanceusdm", ("BTCUSDT",), Clock(lambda: AT, AT, AT), base_url=url)
    try:
        yield venue
    finally:
        await venue.close()
        server.close()


async def test_a_mark_price_the_tickers_lack_is_asked_for():
    async with binance() as venue:
        await venue.load()
        view = (await venue.see(AT, {})).symbols["BTCUSDT"]
        watched = (await venue.quotes())["BTCUSDT"]
    assert view.unusable is None
    assert view.quote is not None
    assert (view.quote.last, view.quote.mark, watched.mark) == (Decimal("100.5"), Decimal("100.4"), Decimal("100.4"))
    assert (view.quote.funding_rate, view.quote.next_funding_time) == (Decimal("0.0001"), AT + timedelta(hours=1))
    assert view.quote.open_interest == Decimal("10659.509")
    assert 300 <= len(view.candles_5m) < 350


async def test_tiers_for_account_holders_only_are_said_to_be_missing():
    async with binance() as venue:
        with capture_logs() as logs:
            terms = (await venue.load())["BTCUSDT"]
    assert [line["event"] for line in logs] == ["no_leverage_tiers"]
    assert (terms.tiers, terms.max_leverage) == ((), 1)
    assert (terms.tick, terms.lot, terms.min_notional, terms.max_market_quantity) == (
        Decimal("0.1"),
        Decimal("0.001"),
        Decimal(100),
        Decimal(120),
    )


async def test_books_and_mark_minutes_come_from_there_too():
    async with binance() as venue:
        await venue.load()
        book = (await venue.books(("BTCUSDT",)))["BTCUSDT"]
        minutes = await venue.mark_minutes(("BTCUSDT",), AT - timedelta(hours=5), AT)
    assert (book.bids[0].price, book.asks[0].price) == (Decimal("100.4"), Decimal("100.6"))
    assert len(minutes["BTCUSDT"]) == 299


def test_every_venue_that_is_suggested_exists():
    assert set(SUGGESTIONS) <= set(ccxt.exchanges)
