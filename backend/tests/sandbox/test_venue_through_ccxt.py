"""Every call the arena makes of a venue, through unmodified ccxt over real HTTP."""

from decimal import Decimal
from itertools import pairwise

import ccxt.async_support as ccxt
import pytest

from app.sandbox.prices.contracts import CONTRACTS
from tests.sandbox.conftest import NOON, pointed_at

pytestmark = pytest.mark.asyncio(loop_scope="module")

BTC = "BTC/USDT:USDT"
NOW = round(NOON.timestamp() * 1000)
ALL = {f"{contract.base}/USDT:USDT" for contract in CONTRACTS.values()}


async def test_six_perpetuals_are_listed_with_their_terms(exchange):
    markets = await exchange.load_markets()
    assert set(markets) == ALL
    assert all(market["swap"] and market["linear"] and market["active"] for market in markets.values())
    btc = markets[BTC]
    assert (btc["precision"]["price"], btc["precision"]["amount"], btc["contractSize"]) == ("0.1", "0.0001", 1)
    assert (btc["taker"], btc["maker"], btc["limits"]["cost"]["min"], btc["limits"]["leverage"]["max"]) == ("0.0006", "0.0002", "5", "125")
    assert Decimal(btc["info"]["maxMarketOrderQty"]) == 220


async def test_markets_load_with_ccxts_defaults_too(sandbox, hand):
    exchange = ccxt.bitget({"enableRateLimit": False})
    exchange.urls["api"] = dict.fromkeys(exchange.urls["api"], sandbox.venue_url)
    assert set(await exchange.load_markets()) == ALL
    await exchange.close()


async def test_the_venues_time_is_the_markets(exchange):
    assert await exchange.fetch_time() == NOW


async def test_all_tickers_come_in_one_call_with_exact_numbers(exchange):
    tickers = await exchange.fetch_tickers()
    assert set(tickers) == ALL
    for ticker in tickers.values():
        assert ticker["timestamp"] == NOW
        last, mark, index = (Decimal(ticker[name]) for name in ("last", "markPrice", "indexPrice"))
        assert abs(mark / last - 1) < Decimal("0.01")
        assert abs(index / mark - 1) < Decimal("0.005")
        assert Decimal(ticker["bid"]) < Decimal(ticker["ask"])
        assert Decimal(ticker["bid"]) <= last <= Decimal(ticker["ask"])
        assert Decimal(ticker["low"]) <= last <= Decimal(ticker["high"])
        assert Decimal(ticker["quoteVolume"]) > 10_000_000
        assert Decimal(ticker["info"]["holdingAmount"]) > 0


async def test_one_ticker_says_the_same_as_all(exchange):
    assert (await exchange.fetch_ticker(BTC))["info"] == (await exchange.fetch_tickers())[BTC]["info"]


async def test_mark_price_is_the_tickers(exchange):
    assert (await exchange.fetch_mark_price(BTC))["markPrice"] == (await exchange.fetch_ticker(BTC))["markPrice"]


@pytest.mark.parametrize(
    ("timeframe", "width", "rows"), [("1m", 60, 360), ("5m", 300, 360), ("1h", 3600, 360), ("4h", 14400, 360), ("1d", 86400, 90)]
)
async def test_candles_rise_in_time_and_end_with_the_open_one(exchange, timeframe, width, rows):
    candles = await exchange.fetch_ohlcv(BTC, timeframe, limit=360)
    assert len(candles) == rows
    assert all(after[0] - before[0] == width * 1000 for before, after in pairwise(candles))
    assert candles[-1][0] == NOW // (width * 1000) * width * 1000
    assert candles[-1][4] == (await exchange.fetch_ticker(BTC))["last"]


@pytest.mark.parametrize("kind", ["mark", "index"])
async def test_mark_and_index_candles_end_at_the_tickers_price(exchange, kind):
    candles = await exchange.fetch_ohlcv(BTC, "1m", limit=30, params={"price": kind})
    assert len(candles) == 30
    assert candles[-1][4] == (await exchange.fetch_ticker(BTC))[f"{kind}Price"]


@pytest.mark.parametrize("kind", [None, "mark", "index"])
async def test_candles_from_long_ago_come_from_the_history_endpoints(exchange, sandbox, kind):
    since = NOW // 60_000 * 60_000 - 45 * 86_400_000
    before = sandbox.requests("venue.candles")
    candles = await exchange.fetch_ohlcv(BTC, "1m", since=since, limit=150, params={"price": kind} if kind else {})
    assert sandbox.requests("venue.candles") == before + 1
    assert len(candles) == 150
    assert candles[0][0] == since


async def test_candles_of_a_gap_are_all_there_page_by_page(exchange):
    since = NOW // 60_000 * 60_000 - 900 * 60_000
    candles = await exchange.fetch_ohlcv(BTC, "1m", since=since, limit=900, params={"price": "mark", "paginate": True})
    assert [candle[0] for candle in candles[:900]] == list(range(since, since + 900 * 60_000, 60_000))


@pytest.mark.parametrize(("limit", "levels"), [(1, 1), (5, 5), (15, 15), (50, 50), ("max", 50)])
async def test_the_book_has_as_many_levels_as_asked(exchange, limit, levels):
    book = await exchange.fetch_order_book(BTC, limit)
    assert len(book["bids"]) == len(book["asks"]) == levels
    assert abs(book["timestamp"] - NOW) < 1000


async def test_the_books_top_is_the_tickers(exchange):
    ticker, book = await exchange.fetch_ticker(BTC), await exchange.fetch_order_book(BTC, 50)
    assert Decimal(str(book["bids"][0][0])) == Decimal(ticker["bid"])
    assert Decimal(str(book["asks"][0][1])) == Decimal(ticker["askVolume"])


async def test_funding_tells_its_rate_and_when_it_is_due(exchange):
    rate = await exchange.fetch_funding_rate(BTC)
    assert rate["fundingTimestamp"] == NOW // 28_800_000 * 28_800_000 + 28_800_000
    assert rate["interval"] == "8h"
    assert abs(Decimal(rate["fundingRate"])) <= Decimal("0.003")
    due = await exchange.fetch_funding_rate(BTC, {"method": "publicMixGetV2MixMarketFundingTime"})
    assert due["fundingTimestamp"] == rate["fundingTimestamp"]
    assert (await exchange.fetch_funding_rates([BTC]))[BTC]["fundingRate"] == rate["fundingRate"]


async def test_past_funding_lies_on_the_eight_hour_grid(exchange):
    rates = await exchange.fetch_funding_rate_history(BTC, limit=100)
    assert len(rates) == 100
    assert all(after["timestamp"] - before["timestamp"] == 28_800_000 for before, after in pairwise(rates))
    assert rates[-1]["timestamp"] == NOW // 28_800_000 * 28_800_000


async def test_open_interest_and_leverage_tiers_are_there(exchange):
    assert Decimal((await exchange.fetch_open_interest(BTC))["openInterestAmount"]) > 1000
    tiers = await exchange.fetch_market_leverage_tiers(BTC)
    assert [tier["maxLeverage"] for tier in tiers[:3]] == ["125", "100", "50"]
    assert (tiers[0]["minNotional"], tiers[0]["maxNotional"], tiers[0]["maintenanceMarginRate"]) == ("0", "150000", "0.004")
    assert all(Decimal(before["maxNotional"]) == Decimal(after["minNotional"]) for before, after in pairwise(tiers))
    assert all(Decimal(before["maintenanceMarginRate"]) < Decimal(after["maintenanceMarginRate"]) for before, after in pairwise(tiers))


async def test_at_three_hundred_fold_speed_a_five_minute_bar_takes_a_second(sandbox, hand):
    exchange = pointed_at(sandbox.venue_url, hand)
    first = await exchange.fetch_ohlcv(BTC, "5m", limit=2)
    started = hand.time
    hand.forward(minutes=5)
    second = await exchange.fetch_ohlcv(BTC, "5m", limit=3)
    hand.time = started
    await exchange.close()
    assert second[0] == first[0]
    assert second[1][:2] == first[1][:2]
    assert Decimal(second[1][2]) >= Decimal(first[1][2])
