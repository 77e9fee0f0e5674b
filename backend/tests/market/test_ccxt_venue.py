import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from app.engine.clock import Clock
from app.engine.instruments import LeverageTier
from app.engine.market import Quote, Snapshot
from app.market.ccxt_venue import CcxtVenue
from app.market.snapshot import decode, encode
from app.market.venue import (
    SymbolsNotListedError,
    UnknownVenueError,
    VenueGarbledError,
    VenueRefusedError,
    VenueSlowError,
    VenueUnreachableError,
)
from tests.market.bitget import CUT, HANG, PRICES, Bitget, bitget, stamp
from tests.market.values import AT, seconds

FIVE = timedelta(minutes=5)
OTHERS = tuple(symbol for symbol in PRICES if symbol != "BTCUSDT")


def venue_of(market: Bitget, symbols: tuple[str, ...] = tuple(PRICES), *, limit: float = 30.0) -> CcxtVenue:
    return CcxtVenue("bitget", symbols, Clock(lambda: market.at, AT, AT), base_url=market.url, snapshot_seconds_max=limit)


@asynccontextmanager
async def arena(*, loaded: bool = True, limit: float = 30.0, **named) -> AsyncIterator[tuple[Bitget, CcxtVenue]]:
    async with bitget(**named) as market:
        venue = venue_of(market, limit=limit)
        try:
            if loaded:
                await venue.load()
            yield market, venue
        finally:
            await venue.close()


def accepted(snapshot: Snapshot) -> dict[str, Quote]:
    return {symbol: view.quote for symbol, view in snapshot.symbols.items() if view.quote is not None and view.unusable is None}


def only(symbol: str, change):
    """Replace one symbol's answer or row, leave the others as they are."""

    def changed(query, usual):
        if "symbol" in query:
            return change(usual) if query["symbol"] == symbol else usual
        return [change(row) if row["symbol"] == symbol else row for row in usual]

    return changed


# -- contracts


async def test_contract_terms_are_read_exactly():
    async with arena(loaded=False) as (_, venue):
        terms = (await venue.load())["BTCUSDT"]
    numbers = (
        terms.tick,
        terms.lot,
        terms.min_quantity,
        terms.min_notional,
        terms.max_market_quantity,
        terms.taker_fee_rate,
        terms.maker_fee_rate,
    )
    assert numbers == tuple(Decimal(text) for text in ("0.5", "0.001", "0.001", "5", "220", "0.0006", "0.0002"))
    assert (terms.max_leverage, terms.funding_interval_hours, terms.price_band) == (125, 4, Decimal("0.01"))
    assert terms.tiers[1] == LeverageTier(2, Decimal(150000), Decimal(900000), 100, Decimal("0.005"))


async def test_a_symbol_that_is_not_listed_is_refused_with_similar_ones():
    async with bitget() as market:
        venue = venue_of(market, ("BTCUSDT", "DOGUSDT", "NOPEUSDT"))
        with pytest.raises(SymbolsNotListedError) as caught:
            await venue.load()
        await venue.close()
    assert caught.value.symbols == ("DOGUSDT", "NOPEUSDT")
    assert "DOGEUSDT" in caught.value.similar["DOGUSDT"]
    assert "correct SYMBOLS" in str(caught.value)


async def test_an_unknown_venue_is_refused_with_similar_ids():
    venue = CcxtVenue("bitgett", ("BTCUSDT",), Clock(lambda: AT, AT, AT))
    with pytest.raises(UnknownVenueError, match="set MARKET to one of bitget"):
        await venue.load()


async def test_a_venue_without_perpetuals_is_refused_with_some_that_have_them():
    async with arena(loaded=False) as (market, venue):
        market.replace["contracts"] = lambda query, usual: []
        with pytest.raises(UnknownVenueError, match="lists no USDT perpetuals: set MARKET to one of okx"):
            await venue.load()


async def test_terms_are_loaded_again_after_a_day_and_kept_when_that_fails():
    async with arena() as (market, venue):
        market.replace["contracts"] = lambda query, usual: [{**row, "takerFeeRate": "0.0005"} for row in usual]
        assert not await venue.refresh(AT + timedelta(hours=23))
        market.at += timedelta(hours=24)
        assert (await venue.see(market.at, {})).instruments["BTCUSDT"].taker_fee_rate == Decimal("0.0005")
        market.at += timedelta(hours=24)
        market.replace["contracts"] = lambda query, usual: (400, '{"code":"40017","msg":"Parameter verification failed","data":null}')
        with capture_logs() as logs:
            snapshot = await venue.see(market.at, {})
    assert snapshot.instruments["BTCUSDT"].taker_fee_rate == Decimal("0.0005")
    assert "contracts_not_refreshed" in [line["event"] for line in logs]


async def test_a_contract_in_maintenance_is_unusable():
    async with arena(loaded=False) as (market, venue):
        market.replace["contracts"] = only("BTCUSDT", lambda row: {**row, "symbolStatus": "maintain"})
        market.replace["contracts"] = _usdt_only(market.replace["contracts"])
        await venue.load()
        snapshot = await venue.see(market.at, {})
    assert snapshot.symbols["BTCUSDT"].unusable == "the venue has suspended trading (status maintain)"
    assert set(snapshot.marks) == set(OTHERS)


def _usdt_only(change):
    return lambda query, usual: change({}, usual) if usual else usual


# -- snapshots


async def test_a_snapshot_holds_quotes_funding_and_three_hundred_closed_candles():
    async with arena() as (market, venue):
        snapshot = await venue.see(market.at, {})
    view = snapshot.symbols["BTCUSDT"]
    assert view.unusable is None
    assert view.quote is not None
    assert (view.quote.last, view.quote.time) == (market.close_of("BTCUSDT", AT - seconds(3) - FIVE), AT - seconds(1))
    assert (view.quote.funding_rate, view.quote.open_interest) == (Decimal("-0.000014"), Decimal("7452.6421"))
    assert view.quote.change_24h == Decimal("0.00471")
    assert view.quote.next_funding_time == datetime(2025, 10, 17, 16, tzinfo=UTC)
    for bars, width in ((view.candles_5m, FIVE), (view.candles_4h, timedelta(hours=4))):
        assert 300 <= len(bars) < 350
        assert stamp(bars[0].open_time) % (50 * width // timedelta(milliseconds=1)) == 0
        assert bars[-1].open_time + width <= AT < bars[-1].open_time + 2 * width
        assert all(after.open_time - before.open_time == width for before, after in pairwise(bars))
    assert decode(encode(snapshot).manifest, encode(snapshot).chunks) == snapshot


async def test_two_venues_see_the_same_market_with_the_same_hash_whatever_they_saw_before():
    async with arena() as (market, venue):
        await venue.see(market.at, {})
        market.at += FIVE
        other = venue_of(market)
        await other.load()
        first, second = await venue.see(market.at, {}), await other.see(market.at, {})
        await other.close()
    assert first == second
    assert encode(first).content_hash == encode(second).content_hash


async def test_later_cycles_ask_for_the_tail_only():
    async with arena() as (market, venue):
        await venue.see(market.at, {})
        market.at += FIVE
        await venue.see(market.at, {})
        market.asked.clear()
        market.at += FIVE
        snapshot = await venue.see(market.at, {})
    asked = [query for route, query in market.asked if route == "candles"]
    assert {query["granularity"] for query in asked} == {"5m"}
    assert {int(query["limit"]) for query in asked} == {8}
    assert market.count("tickers") == 1
    assert market.count("funding") == market.count("open_interest") == 0
    assert snapshot.symbols["BTCUSDT"].candles_5m[-1].open_time == AT.replace(minute=5, second=0)


async def test_after_a_gap_longer_than_the_tail_the_window_is_fetched_whole():
    async with arena() as (market, venue):
        await venue.see(market.at, {})
        market.at += timedelta(hours=40)
        snapshot = await venue.see(market.at, {})
    bars = snapshot.symbols["BTCUSDT"].candles_5m
    assert 300 <= len(bars) < 350
    assert all(after.open_time - before.open_time == FIVE for before, after in pairwise(bars))


async def test_a_revised_bar_replaces_the_one_that_was_kept():
    async with arena() as (market, venue):
        first = await venue.see(market.at, {})
        revised = f"{stamp(first.symbols['BTCUSDT'].candles_5m[-1].open_time)}"
        market.replace["candles"] = only(
            "BTCUSDT", lambda rows: [[*row[:5], "99.5", *row[6:]] if row[0] == revised else row for row in rows]
        )
        market.at += FIVE
        second = await venue.see(market.at, {})
    assert second.symbols["BTCUSDT"].candles_5m[-2].volume == Decimal("99.5")


async def test_a_contract_that_has_just_begun_is_usable_with_the_candles_there_are():
    async with arena(begins=AT - timedelta(minutes=30)) as (market, venue):
        snapshot = await venue.see(market.at, {})
    view = snapshot.symbols["BTCUSDT"]
    assert view.unusable is None
    assert (len(view.candles_5m), len(view.candles_4h)) == (5, 0)


async def test_a_symbol_missing_from_the_tickers_is_unusable_and_the_others_are_not():
    async with arena() as (market, venue):
        market.replace["tickers"] = lambda query, usual: [row for row in usual if row["symbol"] != "BTCUSDT"]
        with capture_logs() as logs:
            snapshot = await venue.see(market.at, {})
    assert snapshot.symbols["BTCUSDT"].unusable == "the venue's tickers leave it out"
    assert set(snapshot.marks) == set(OTHERS)
    assert [line["symbol"] for line in logs if line["event"] == "symbol_unusable" and line["log_level"] == "warning"] == ["BTCUSDT"]


@pytest.mark.parametrize("bad", ["0", "-5", "NaN", "1e73", "67000000", "", None, "abc", "Infinity"])
@pytest.mark.parametrize("field", ["lastPr", "markPrice"])
async def test_an_absurd_price_makes_its_symbol_unusable_and_no_other(field, bad):
    async with arena() as (market, venue):
        before = accepted(await venue.see(market.at, {}))
        market.at += FIVE
        market.replace["tickers"] = only("BTCUSDT", lambda row: {**row, field: bad})
        market.replace["ticker"] = only("BTCUSDT", lambda rows: [{**rows[0], field: bad}])
        snapshot = await venue.see(market.at, before)
    assert snapshot.symbols["BTCUSDT"].unusable is not None
    assert set(snapshot.marks) == set(OTHERS)


async def test_a_stale_ticker_is_unusable_and_says_how_old():
    async with arena() as (market, venue):
        market.replace["tickers"] = only("BTCUSDT", lambda row: {**row, "ts": f"{stamp(AT - seconds(200))}"})
        snapshot = await venue.see(market.at, {})
    assert "200 s old" in (snapshot.symbols["BTCUSDT"].unusable or "")


async def test_a_ticker_without_its_time_is_unusable():
    async with arena() as (market, venue):
        market.replace["tickers"] = only("BTCUSDT", lambda row: {**row, "ts": "0"})
        snapshot = await venue.see(market.at, {})
    assert snapshot.symbols["BTCUSDT"].unusable == "the venue gave 0 as time of its price"


async def test_a_frozen_market_is_unusable_and_thaws():
    async with arena() as (market, venue):
        still = market.tickers({"productType": "USDT-FUTURES"})
        before = accepted(await venue.see(market.at, {}))
        market.at += FIVE
        market.replace["tickers"] = lambda query, usual: still if usual else usual
        frozen = await venue.see(market.at, before)
        market.replace.clear()
        thawed = await venue.see(market.at, before)
    assert frozen.marks == {}
    assert all((view.unusable or "").startswith("frozen") for view in frozen.symbols.values())
    assert set(thawed.marks) == set(PRICES)


@pytest.mark.parametrize(
    "answer",
    [
        (200, ""),
        (200, "not json"),
        (200, '{"code":"00000","msg":"success","data":null}'),
        (500, "boom"),
        (400, '{"code":"40017","msg":"Parameter verification failed","data":null}'),
        (429, '{"code":"429","msg":"Too Many Requests"}'),
        CUT,
        [["1", "2"]],
        [["x", "1", "1", "1", "1", "1", "1"]],
        [["1760702100000", "NaN", "1", "1", "1", "1", "1"]],
        {"rows": 1},
        HANG,
    ],
)
async def test_one_symbols_broken_candles_leave_the_others_usable(answer):
    async with arena(limit=4.5) as (market, venue):
        market.replace["candles"] = only("BTCUSDT", lambda usual: answer)
        snapshot = await venue.see(market.at, {})
        reason = snapshot.symbols["BTCUSDT"].unusable or ""
        assert "candle" in reason
        assert "http" not in reason
        assert set(snapshot.marks) == set(OTHERS)
        market.replace.clear()
        assert set((await venue.see(market.at, {})).marks) == set(PRICES)


async def test_absurd_candles_are_unusable_and_leave_no_trace_in_the_next_cycle():
    async with arena() as (market, venue):
        before = accepted(await venue.see(market.at, {}))
        market.at += FIVE
        market.replace["candles"] = only(
            "BTCUSDT", lambda rows: [[row[0], *(f"{Decimal(text) * 1000}" for text in row[1:5]), *row[5:]] for row in rows]
        )
        absurd = await venue.see(market.at, before)
        market.replace.clear()
        market.at += FIVE
        healed = await venue.see(market.at, before)
    assert "newest candle" in (absurd.symbols["BTCUSDT"].unusable or "")
    assert healed.symbols["BTCUSDT"].unusable is None
    assert max(bar.high for bar in healed.symbols["BTCUSDT"].candles_5m) < 70_000


async def test_a_missing_funding_time_is_missing_and_no_reason_not_to_trade():
    async with arena() as (market, venue):
        market.replace["funding"] = lambda query, usual: []
        snapshot = await venue.see(market.at, {})
    quote = snapshot.symbols["BTCUSDT"].quote
    assert quote is not None
    assert quote.next_funding_time is None
    assert set(snapshot.marks) == set(PRICES)


async def test_what_the_tickers_leave_out_is_asked_for_by_symbol():
    async with arena() as (market, venue):
        market.replace["tickers"] = only("BTCUSDT", lambda row: {**row, "fundingRate": "", "holdingAmount": ""})
        quote = (await venue.see(market.at, {})).symbols["BTCUSDT"].quote
    assert quote is not None
    assert (quote.funding_rate, quote.open_interest) == (Decimal("-0.000013"), Decimal("52234.134"))


# -- no prices at all


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ((503, "down"), VenueUnreachableError, None),
        ((500, '{"code":"50001","msg":"x"}'), VenueRefusedError, "50001"),
        (CUT, VenueUnreachableError, None),
        ((429, '{"code":"429","msg":"Too Many Requests"}'), VenueRefusedError, "429"),
        ((429, "slow down"), VenueRefusedError, "429"),
        ((400, '{"code":"40017","msg":"Parameter verification failed","data":null}'), VenueRefusedError, "40017"),
        ((403, "forbidden"), VenueRefusedError, "403"),
        ((200, "<html>"), VenueGarbledError, None),
        ((200, '{"code":"00000","msg":"success","data":null}'), VenueGarbledError, None),
        ((200, ""), VenueGarbledError, None),
        ([], VenueGarbledError, None),
        ([7], VenueGarbledError, None),
    ],
)
async def test_a_failure_of_the_tickers_fails_the_snapshot_in_our_words(answer, error, code):
    async with arena() as (market, venue):
        market.replace["tickers"] = lambda query, usual: answer
        market.replace["ticker"] = lambda query, usual: answer
        with pytest.raises(error) as caught:
            await venue.see(market.at, {})
    if isinstance(caught.value, VenueRefusedError):
        assert caught.value.code == code
    assert len(str(caught.value)) < 500


async def test_one_hiccup_of_the_line_is_asked_again():
    hiccups = [(503, "down")]
    async with arena() as (market, venue):
        market.replace["tickers"] = lambda query, usual: hiccups.pop() if hiccups else usual
        assert set((await venue.see(market.at, {})).marks) == set(PRICES)


async def test_tickers_that_do_not_come_are_slow_by_name_and_in_time():
    async with arena(limit=0.6) as (market, venue):
        market.replace["tickers"] = lambda query, usual: HANG
        started = time.perf_counter()
        with pytest.raises(VenueSlowError) as caught:
            await venue.see(market.at, {})
        assert time.perf_counter() - started < 3
    assert caught.value.missing == ("tickers",)


async def test_funding_and_open_interest_that_hang_cost_nobody_the_cycle():
    async with arena(limit=0.6) as (market, venue):
        market.replace["tickers"] = lambda query, usual: [{**row, "holdingAmount": "", "fundingRate": ""} for row in usual]
        market.replace["funding"] = lambda query, usual: HANG
        market.replace["open_interest"] = lambda query, usual: HANG
        snapshot = await venue.see(market.at, {})
    assert set(snapshot.marks) == set(PRICES)
    assert all(view.quote is not None and view.quote.open_interest is None for view in snapshot.symbols.values())


async def test_a_venue_that_drips_past_the_limit_is_slow_and_names_what_is_missing():
    async with arena(limit=0.9) as (market, venue):
        market.takes_seconds = {"tickers": 0.25, "funding": 0.25}
        hiccups = [(503, "down")]
        market.replace["tickers"] = lambda query, usual: hiccups.pop() if hiccups else usual
        with pytest.raises(VenueSlowError, match="tickers") as caught:
            await venue.see(market.at, {})
    assert caught.value.missing == ("tickers",)


async def test_a_venue_that_is_down_is_unreachable():
    async with arena() as (market, venue):
        url = market.url
    venue = CcxtVenue("bitget", ("BTCUSDT",), Clock(lambda: AT, AT, AT), base_url=url)
    with pytest.raises(VenueUnreachableError):
        await venue.load()
    await venue.close()


async def test_a_host_name_that_does_not_resolve_is_unreachable():
    venue = CcxtVenue("bitget", ("BTCUSDT",), Clock(lambda: AT, AT, AT), base_url="http://nobody.invalid")
    with pytest.raises(VenueUnreachableError):
        await venue.load()
    await venue.close()


async def test_a_cancelled_cycle_leaves_nothing_running():
    async with arena() as (market, venue):
        market.replace["tickers"] = lambda query, usual: HANG
        before = asyncio.all_tasks()
        looking = asyncio.create_task(venue.see(market.at, {}))
        await asyncio.wait([looking], timeout=0.2)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        left = {task for task in asyncio.all_tasks() - before if "serve" not in repr(task.get_coro())}
    assert left == set()


# -- books


async def test_books_are_fifty_exact_levels_a_side_best_first():
    async with arena() as (market, venue):
        books = await venue.books(("BTCUSDT", "XRPUSDT"))
        sent = json.loads(json.dumps(market.depth({"symbol": "BTCUSDT", "limit": "50"})))
    book = books["BTCUSDT"]
    assert set(books) == {"BTCUSDT", "XRPUSDT"}
    assert [(level.price, level.quantity) for level in book.asks] == [
        (Decimal(repr(price)), Decimal(repr(size))) for price, size in sent["asks"]
    ]
    assert [level.price for level in book.bids] == sorted((level.price for level in book.bids), reverse=True)
    assert len(book.bids) == 50
    assert book.time == AT


async def test_a_book_around_a_power_of_ten_is_sorted_as_numbers():
    async with arena() as (market, venue):
        market.replace["depth"] = lambda query, usual: {
            **usual,
            "asks": [[9.9, 1], [10.1, 1], [100.2, 1]],
            "bids": [[9.8, 1], [8.7, 1], [0.9, 1]],
        }
        book = (await venue.books(("BTCUSDT",)))["BTCUSDT"]
    assert [str(level.price) for level in book.asks] == ["9.9", "10.1", "100.2"]
    assert [str(level.price) for level in book.bids] == ["9.8", "8.7", "0.9"]


@pytest.mark.parametrize(
    "change",
    [
        {"asks": []},
        {"bids": []},
        {"asks": [[1.0, 1]]},
        {"asks": [["NaN", 1]]},
        {"asks": [[-1, 1]]},
        {"asks": [[1e999, 1]]},
        {"ts": ""},
        {"asks": 5},
    ],
)
async def test_a_book_that_can_not_be_is_absent_and_logged_and_the_others_are_there(change):
    async with arena() as (market, venue):
        market.replace["depth"] = only("BTCUSDT", lambda usual: {**usual, **change})
        with capture_logs() as logs:
            books = await venue.books(tuple(PRICES))
    assert set(books) == set(OTHERS)
    assert [(line["event"], line["symbol"]) for line in logs if line["log_level"] == "warning"] == [("order_book_missing", "BTCUSDT")]


async def test_without_any_book_nothing_is_raised():
    async with arena() as (market, venue):
        market.replace["depth"] = lambda query, usual: (503, "down")
        assert await venue.books(tuple(PRICES)) == {}


# -- looking back and watching


async def test_mark_minutes_are_the_closed_ones_within_the_span():
    async with arena() as (market, venue):
        since = AT - timedelta(minutes=3)
        minutes = (await venue.mark_minutes(("BTCUSDT",), since, AT))["BTCUSDT"]
    assert [bar.open_time for bar in minutes] == [datetime(2025, 10, 17, 11, minute, tzinfo=UTC) for minute in (58, 59)]
    assert market.asked[-1][1]["kLineType"] == "mark"


async def test_mark_minutes_of_a_whole_day_are_complete():
    async with arena() as (_, venue):
        until = AT.replace(second=0)
        minutes = await venue.mark_minutes(("BTCUSDT", "ETHUSDT"), until - timedelta(days=1), until)
    for bars in minutes.values():
        assert [bar.open_time for bar in bars] == [until - timedelta(minutes=1440 - index) for index in range(1440)]


async def test_mark_minutes_from_before_a_month_come_from_the_history():
    async with arena() as (market, venue):
        until = AT.replace(second=0) - timedelta(days=40)
        minutes = await venue.mark_minutes(("BTCUSDT",), until - timedelta(hours=5), until)
    assert len(minutes["BTCUSDT"]) == 300
    assert market.asked[-1][1]["limit"] == "200"


async def test_between_two_minutes_nothing_is_asked():
    async with arena() as (market, venue):
        market.asked.clear()
        assert await venue.mark_minutes(("BTCUSDT",), AT, AT + seconds(30)) == {"BTCUSDT": ()}
    assert market.asked == []


async def test_absurd_mark_minutes_trigger_nothing():
    async with arena() as (market, venue):
        await venue.see(market.at, {})
        market.replace["candles"] = only(
            "BTCUSDT", lambda rows: [[row[0], *(f"{Decimal(text) * 1000}" for text in row[1:5]), *row[5:]] for row in rows]
        )
        with capture_logs() as logs:
            minutes = await venue.mark_minutes(tuple(PRICES), AT - timedelta(minutes=10), AT)
    assert set(minutes) == set(OTHERS)
    assert "mark_candles_missing" in [line["event"] for line in logs]


async def test_quotes_are_one_call():
    async with arena() as (market, venue):
        market.asked.clear()
        quotes = await venue.quotes()
    assert [route for route, _ in market.asked] == ["tickers"]
    assert quotes["BTCUSDT"].mark == market.close_of("BTCUSDT", AT - seconds(3) - FIVE)
    assert set(quotes) == set(PRICES)


async def test_the_venues_clock_is_told():
    async with arena() as (_, venue):
        assert await venue.server_time() == AT


async def test_a_clock_years_away_from_the_walls_asks_for_the_same_candles():
    far = datetime(2031, 3, 1, 12, 0, 3, tzinfo=UTC)
    async with bitget(at=far, begins=far - timedelta(days=60)) as market:
        venue = CcxtVenue("bitget", ("BTCUSDT",), Clock(lambda: market.at, far, far), base_url=market.url)
        await venue.load()
        snapshot = await venue.see(far, {})
        minutes = await venue.mark_minutes(("BTCUSDT",), far - timedelta(hours=5), far)
        await venue.close()
    assert snapshot.symbols["BTCUSDT"].unusable is None
    assert len(minutes["BTCUSDT"]) == 299


# -- cost


async def test_a_warm_snapshot_of_six_symbols_takes_less_than_sixty_milliseconds_of_processor():
    async with arena() as (market, venue):
        await venue.see(market.at, {})
        spent = []
        for _ in range(5):
            market.at += FIVE
            started = time.process_time()
            await venue.see(market.at, {})
            # The answering side runs in this process too, so this is an upper bound.
            spent.append(time.process_time() - started)
    assert min(spent) < 0.060


def test_the_market_of_these_tests_moves_within_one_percent():
    market = Bitget()
    rows = {row["symbol"]: row for row in market.tickers({"productType": "USDT-FUTURES"})}
    assert all(abs(Decimal(rows[symbol]["lastPr"]) / price - 1) < Decimal("0.01") for symbol, price in PRICES.items())
    assert replace(market, at=AT + FIVE).ticker_row("BTCUSDT") != rows["BTCUSDT"]
