"""The venue's own form: envelopes, refusals, limits, text numbers, and what moves between two looks."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.venue.wire import decimal_text
from tests.sandbox.conftest import NOON, ask, market, raw_market

NOW = round(NOON.timestamp() * 1000)


def test_the_envelope_is_bitgets(sandbox):
    answer = ask(f"{sandbox.venue_url}/api/v2/public/time").json
    assert answer == {"code": "00000", "msg": "success", "requestTime": NOW, "data": {"serverTime": str(NOW)}}


@pytest.mark.parametrize(
    ("call", "query", "code", "word"),
    [
        ("ticker", {"symbol": "NOPEUSDT"}, "40034", "NOPEUSDT"),
        ("ticker", {}, "40019", "symbol"),
        ("ticker", {"symbol": "BTCUSDT", "productType": ""}, "40019", "productType"),
        ("tickers", {"productType": "STOCKS"}, "400172", "productType"),
        ("candles", {"symbol": "BTCUSDT", "granularity": "7m"}, "400172", "granularity"),
        ("candles", {"symbol": "BTCUSDT", "granularity": "1m", "limit": "1001"}, "400172", "1000"),
        ("candles", {"symbol": "BTCUSDT", "granularity": "1m", "limit": "0"}, "400172", "limit"),
        ("candles", {"symbol": "BTCUSDT", "granularity": "1m", "startTime": "yesterday"}, "400172", "startTime"),
        ("candles", {"symbol": "BTCUSDT", "granularity": "1m", "startTime": "2", "endTime": "1"}, "40054", "startTime"),
        ("candles", {"symbol": "BTCUSDT", "granularity": "1m", "kLineType": "mood"}, "400172", "kLineType"),
        ("history-candles", {"symbol": "BTCUSDT", "granularity": "1m", "limit": "201"}, "400172", "200"),
        ("history-candles", {"symbol": "BTCUSDT", "granularity": "1m", "startTime": "1", "endTime": "9999999999"}, "40054", "90 days"),
        ("merge-depth", {"symbol": "BTCUSDT", "limit": "7"}, "400172", "limit"),
        ("history-fund-rate", {"symbol": "BTCUSDT", "pageSize": "101"}, "400172", "pageSize"),
    ],
)
def test_a_bad_parameter_is_refused_with_the_venues_code(sandbox, call, query, code, word):
    answer = raw_market(sandbox, call, **query)
    assert answer.status == 400
    assert answer.json["code"] == code
    assert word in answer.json["msg"]
    assert answer.json["data"] is None


def test_other_product_types_are_known_and_empty(sandbox):
    assert market(sandbox, "contracts", productType="COIN-FUTURES") == []
    assert market(sandbox, "tickers", productType="usdc-futures") == []


def test_every_number_but_the_books_levels_is_text(sandbox):
    ticker = market(sandbox, "tickers")[0]
    assert all(isinstance(value, str) or value is None for value in ticker.values())
    assert all(isinstance(value, str) for value in market(sandbox, "candles", symbol="BTCUSDT", granularity="1m")[0])
    assert all(isinstance(number, float) for number in market(sandbox, "merge-depth", symbol="BTCUSDT")["bids"][0])


def test_a_hundred_candles_come_when_no_limit_is_given(sandbox):
    assert len(market(sandbox, "candles", symbol="BTCUSDT", granularity="5m")) == 100


def test_recent_candles_reach_back_a_month_and_history_further(sandbox):
    old = NOW - 40 * 86_400_000
    span = {"symbol": "BTCUSDT", "granularity": "5m", "startTime": old, "endTime": old + 3_600_000}
    assert market(sandbox, "candles", **span) == []
    assert len(market(sandbox, "history-candles", **span)) == 12


def test_candles_are_the_last_ones_that_open_before_the_end(sandbox):
    end = NOW // 300_000 * 300_000
    rows = market(sandbox, "candles", symbol="BTCUSDT", granularity="5m", startTime=end - 10 * 300_000, endTime=end, limit=3)
    assert [int(row[0]) for row in rows] == [end - 900_000, end - 600_000, end - 300_000]


def test_the_price_moves_within_a_minute_and_the_bar_remembers_it(sandbox, hand):
    started, seen = hand.time, []
    hand.time = started.replace(second=0)
    for _ in range(60):
        seen.append(Decimal(market(sandbox, "ticker", symbol="BTCUSDT")[0]["lastPr"]))
        hand.forward(seconds=1)
    bar = market(sandbox, "candles", symbol="BTCUSDT", granularity="1m", limit=2)[0]
    hand.time = started
    assert [seen[0], max(seen), min(seen), seen[-1]] == [Decimal(price) for price in bar[1:5]]
    assert len(set(seen)) > 20


def test_the_book_is_the_same_for_all_who_ask_in_one_second_and_another_in_the_next(sandbox, hand):
    started = hand.time
    first = market(sandbox, "merge-depth", symbol="ETHUSDT", limit=50)
    hand.forward(milliseconds=400)
    again = market(sandbox, "merge-depth", symbol="ETHUSDT", limit=50)
    hand.forward(seconds=1)
    later = market(sandbox, "merge-depth", symbol="ETHUSDT", limit=50)
    hand.time = started
    assert first == again != later


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT"])
def test_the_book_is_deep_ordered_and_on_tick_and_lot(sandbox, symbol):
    contract = market(sandbox, "contracts", symbol=symbol)[0]
    tick, lot = Decimal(1).scaleb(-int(contract["pricePlace"])), Decimal(contract["sizeMultiplier"])
    book = market(sandbox, "merge-depth", symbol=symbol, limit="max")
    bids, asks = ([(Decimal(repr(price)), Decimal(repr(size))) for price, size in book[side]] for side in ("bids", "asks"))
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0][0] < asks[0][0]
    assert len(bids) == len(asks) == 50
    assert all(price % tick == 0 and size % lot == 0 and size > 0 for price, size in bids + asks)
    assert sum(price * size for price, size in asks) > 300_000


def test_the_books_top_has_the_size_of_the_real_ones(sandbox, hand):
    started, sizes = hand.time, []
    for _ in range(40):
        sizes.append(market(sandbox, "merge-depth", symbol="BTCUSDT", limit=1)["asks"][0][1])
        hand.forward(seconds=7)
    hand.time = started
    assert 0.1 < sorted(sizes)[20] < 5


@given(st.integers(-(10**18), 10**18), st.integers(0, 12))
def test_decimal_text_is_exact_and_plain(value, places):
    text = decimal_text(value, places)
    assert Decimal(text) == Decimal(value).scaleb(-places)
    assert "E" not in text
    assert not (places and "." in text and text.endswith("0"))
