"""A venue at the rim: Bitget's v2 public wire format for a small still-life market, every answer of which a test may replace."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.market.values import AT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRICES = {
    "BTCUSDT": Decimal(67000),
    "ETHUSDT": Decimal(2600),
    "SOLUSDT": Decimal(150),
    "BNBUSDT": Decimal(590),
    "XRPUSDT": Decimal(2),
    "DOGEUSDT": Decimal("0.2"),
}
WIDTHS = {"1m": timedelta(minutes=1), "5m": timedelta(minutes=5), "4H": timedelta(hours=4)}
TICKER_PRICES = ("lastPr", "askPr", "bidPr", "high24h", "low24h", "open24h", "openUtc", "indexPrice", "markPrice")
TICKER = {
    "bidSz": "0.703",
    "askSz": "13.894",
    "change24h": "0.00471",
    "changeUtc24h": "-0.00009",
    "baseVolume": "79089.5",
    "quoteVolume": "8274870.8",
    "usdtVolume": "8274870.8",
    "fundingRate": "-0.000014",
    "holdingAmount": "7452.6421",
    "deliveryTime": None,
    "deliveryStatus": "",
}
CONTRACT = {
    "quoteCoin": "USDT",
    "supportMarginCoins": ["USDT"],
    "symbolType": "perpetual",
    "symbolStatus": "normal",
    "pricePlace": "1",
    "priceEndStep": "5",
    "volumePlace": "3",
    "sizeMultiplier": "0.001",
    "minTradeNum": "0.001",
    "minTradeUSDT": "5",
    "maxMarketOrderQty": "220",
    "makerFeeRate": "0.0002",
    "takerFeeRate": "0.0006",
    "buyLimitPriceRatio": "0.05",
    "sellLimitPriceRatio": "0.01",
    "minLever": "1",
    "maxLever": "125",
    "fundInterval": "4",
    "launchTime": "",
}
HANG = "hang"
CUT = "cut"


def stamp(time: datetime) -> int:
    return (time - EPOCH) // timedelta(milliseconds=1)


@dataclass
class Bitget:
    """`at` is its clock. `replace[route]` answers instead of the market: a function of (query, usual answer) giving data, HANG, CUT, or
    (HTTP status, body). `asked` lists the queries per route."""

    at: datetime = AT
    begins: datetime = AT - timedelta(days=60)
    symbols: tuple[str, ...] = tuple(PRICES)
    replace: dict[str, Callable[[dict[str, str], Any], Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""
    takes_seconds: dict[str, float] = field(default_factory=dict)

    def count(self, route: str) -> int:
        return sum(one == route for one, _ in self.asked)

    def close_of(self, symbol: str, open_time: datetime) -> Decimal:
        """Closes walk within one percent, a function of the time alone."""
        return PRICES[symbol] * (1 + Decimal(stamp(open_time) // 60_000 * 7 % 19 - 9) / 1000)

    def tickers(self, query: dict[str, str]) -> Any:
        return [self.ticker_row(symbol) for symbol in self.symbols] if query["productType"] == "USDT-FUTURES" else []

    def ticker(self, query: dict[str, str]) -> Any:
        return [self.ticker_row(query["symbol"])]

    def ticker_row(self, symbol: str) -> dict[str, Any]:
        price = self.close_of(symbol, self.at - timedelta(minutes=5))
        text, ts = f"{price}", f"{stamp(self.at - timedelta(seconds=1))}"
        return {**TICKER, **dict.fromkeys(TICKER_PRICES, text), "symbol": symbol, "ts": ts}

    def contracts(self, query: dict[str, str]) -> Any:
        if query["productType"] != "USDT-FUTURES":
            return []
        return [{**CONTRACT, "symbol": symbol, "baseCoin": symbol.removesuffix("USDT")} for symbol in self.symbols]

    def tiers(self, query: dict[str, str]) -> Any:
        rows = [("1", "0", "150000", "125", "0.004"), ("2", "150000", "900000", "100", "0.005")]
        names = ("level", "startUnit", "endUnit", "leverage", "keepMarginRate")
        return [{"symbol": query["symbol"], **dict(zip(names, row, strict=True))} for row in rows]

    def candles(self, query: dict[str, str]) -> Any:
        width, limit = WIDTHS[query["granularity"]], int(query.get("limit", "100"))
        end = min(int(query.get("endTime", stamp(self.at))), stamp(self.at))
        begin = max(int(query.get("startTime", "0")), stamp(self.begins))
        step = width // timedelta(milliseconds=1)
        newest = (end - 1) // step
        opens = [index * step for index in range(newest - limit + 1, newest + 1) if index * step >= begin]
        return [self.candle_row(query["symbol"], EPOCH + timedelta(milliseconds=one)) for one in opens]

    def candle_row(self, symbol: str, open_time: datetime) -> list[str]:
        close = self.close_of(symbol, open_time)
        return [
            f"{stamp(open_time)}",
            f"{close}",
            f"{close * Decimal('1.001')}",
            f"{close * Decimal('0.999')}",
            f"{close}",
            "26.26",
            "697887.6",
        ]

    def depth(self, query: dict[str, str]) -> Any:
        price = float(self.close_of(query["symbol"], self.at - timedelta(minutes=5)))
        # JSON numbers, as the venue sends them, and enough of them to pass a power of ten.
        asks = [[round(price * (1 + 0.0001 * index), 5), 0.25 + index] for index in range(1, int(query["limit"]) + 1)]
        bids = [[round(price * (1 - 0.0001 * index), 5), 0.25 + index] for index in range(1, int(query["limit"]) + 1)]
        return {"asks": asks, "bids": bids, "ts": f"{stamp(self.at)}", "scale": "0.1", "precision": "scale0", "isMaxPrecision": "NO"}

    def funding(self, query: dict[str, str]) -> Any:
        following = (stamp(self.at) // 14_400_000 + 1) * 14_400_000
        return [{"symbol": query["symbol"], "fundingRate": "-0.000013", "fundingRateInterval": "4", "nextUpdate": f"{following}"}]

    def funding_history(self, query: dict[str, str]) -> Any:
        """Newest first, every four hours, stamped one to three milliseconds late."""
        size, page, width = int(query.get("pageSize", "20")), int(query.get("pageNo", "1")), 14_400_000
        newest, oldest = stamp(self.at) // width, -(-stamp(self.begins) // width)
        return [
            {"symbol": query["symbol"], "fundingRate": self.rate_of(index * width), "fundingTime": f"{index * width + 1 + index % 3}"}
            for index in range(newest - (page - 1) * size, max(newest - page * size, oldest - 1), -1)
        ]

    @staticmethod
    def rate_of(instant: int) -> str:
        """A settled rate, a function of the time alone."""
        return f"{Decimal(instant // 14_400_000 * 13 % 41 - 20) / 1_000_000:f}"

    def open_interest(self, query: dict[str, str]) -> Any:
        return {"openInterestList": [{"symbol": query["symbol"], "size": "52234.134"}], "ts": f"{stamp(self.at)}"}

    def time(self, query: dict[str, str]) -> Any:
        return {"serverTime": f"{stamp(self.at)}"}

    def answer(self, path: str, query: dict[str, str]) -> Any:
        routes = {
            "/api/v2/mix/market/tickers": self.tickers,
            "/api/v2/mix/market/ticker": self.ticker,
            "/api/v2/mix/market/contracts": self.contracts,
            "/api/v2/mix/market/query-position-lever": self.tiers,
            "/api/v2/mix/market/candles": self.candles,
            "/api/v2/mix/market/history-mark-candles": self.candles,
            "/api/v2/mix/market/merge-depth": self.depth,
            "/api/v2/mix/market/current-fund-rate": self.funding,
            "/api/v2/mix/market/history-fund-rate": self.funding_history,
            "/api/v2/mix/market/open-interest": self.open_interest,
            "/api/v2/public/time": self.time,
        }
        if path not in routes:
            return 404, json.dumps({"code": "40404", "msg": "Request URL NOT FOUND", "requestTime": stamp(self.at), "data": None})
        route = routes[path].__name__
        self.asked.append((route, query))
        usual = routes[path](query)
        return self.replace.get(route, lambda _, same: same)(query, usual)


@asynccontextmanager
async def bitget(**named: Any) -> AsyncIterator[Bitget]:
    """The venue, listening."""
    market = Bitget(**named)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                url = urlsplit(head.split()[1])
                answer = market.answer(url.path, dict(parse_qsl(url.query)))
                await asyncio.sleep(market.takes_seconds.get(market.asked[-1][0] if market.asked else "", 0))
                if answer is HANG:
                    await reader.read()
                status, text = answer if isinstance(answer, tuple) else (200, None)
                if text is None:
                    text = json.dumps({"code": "00000", "msg": "success", "requestTime": stamp(market.at), "data": answer})
                content = text.encode()
                lines = [f"HTTP/1.1 {status} Whatever", "content-type: application/json", f"content-length: {len(content)}", "", ""]
                writer.write("\r\n".join(lines).encode() + (content[:20] if answer is CUT else content))
                await writer.drain()
                if answer is CUT:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    market.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield market
    finally:
        server.close()
