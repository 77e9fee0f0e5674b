"""Settled funding rates as the venue tells them: complete over pages, exact, at whole seconds, and absent rather than wrong."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.engine.clock import Clock
from app.engine.funding import Settlement
from app.market.ccxt_venue import CcxtVenue
from app.sandbox.serve import running_sandbox
from app.sandbox.state import SandboxConfig
from tests.market.bitget import CUT, EPOCH, PRICES, stamp
from tests.market.test_ccxt_venue import FIVE, OTHERS, arena, only
from tests.market.test_other_venues import ANSWERS, binance
from tests.market.values import AT

FOUR_HOURS = timedelta(hours=4)
NOON = AT.replace(hour=12, minute=0, second=0, microsecond=0)


def expected(market, symbol, since, until):
    first = EPOCH + (since - EPOCH) // FOUR_HOURS * FOUR_HOURS + FOUR_HOURS
    instants = [first + index * FOUR_HOURS for index in range((until - first) // FOUR_HOURS + 1)]
    return tuple(Settlement(symbol, at, Decimal(market.rate_of(stamp(at)))) for at in instants)


@pytest.mark.parametrize(("days", "pages"), [(1, 1), (16, 1), (40, 3)])
async def test_the_settlements_of_any_span_are_complete_exact_and_on_whole_seconds(days, pages):
    async with arena(begins=AT - timedelta(days=90)) as (market, venue):
        since = AT - timedelta(days=days)
        found = await venue.funding_history(("BTCUSDT", "ETHUSDT"), since, AT)
    assert found == {symbol: expected(market, symbol, since, AT) for symbol in ("BTCUSDT", "ETHUSDT")}
    assert market.count("funding_history") == 2 * pages
    assert all(one.at.microsecond == 0 for one in found["BTCUSDT"])


async def test_a_span_begins_after_its_start_and_ends_with_its_end():
    async with arena() as (market, venue):
        found = await venue.funding_history(("BTCUSDT",), NOON - FOUR_HOURS, NOON)
        nothing = await venue.funding_history(("BTCUSDT",), NOON, NOON + timedelta(hours=3))
    assert [one.at for one in found["BTCUSDT"]] == [NOON]
    assert nothing == {"BTCUSDT": ()}
    assert market.count("funding_history") == 2


async def test_a_history_that_begins_within_the_span_is_given_as_far_as_it_goes():
    async with arena(begins=NOON - timedelta(hours=5)) as (_, venue):
        found = await venue.funding_history(("BTCUSDT",), AT - timedelta(days=200), AT)
    assert [one.at for one in found["BTCUSDT"]] == [NOON - FOUR_HOURS, NOON]


async def test_no_settled_rate_of_a_contract_without_funding_is_an_answer():
    async with arena() as (market, venue):
        market.replace["funding_history"] = only("BTCUSDT", lambda usual: [])
        without_rate = {"symbol": "BTCUSDT", "fundingRate": "", "fundingRateInterval": "4", "nextUpdate": ""}
        market.replace["funding"] = lambda query, usual: [without_rate]
        assert await venue.funding_history(("BTCUSDT",), NOON - FOUR_HOURS, NOON) == {"BTCUSDT": ()}


@pytest.mark.parametrize(
    "answer",
    [
        (200, "not json"),
        (200, ""),
        [],
        {"rows": 1},
        (200, '{"code":"00000","msg":"success","data":[{"symbol":"BTCUSDT","fundingRate":"NaN","fundingTime":"1760702400001"}]}'),
        (200, '{"code":"00000","msg":"success","data":[{"symbol":"BTCUSDT","fundingRate":"0.5","fundingTime":"1760702400001"}]}'),
        (200, '{"code":"00000","msg":"success","data":[{"symbol":"BTCUSDT","fundingRate":"0.0001","fundingTime":""}]}'),
        (500, "boom"),
        (429, '{"code":"429","msg":"Too Many Requests"}'),
        (400, '{"code":"40017","msg":"Parameter verification failed","data":null}'),
        CUT,
    ],
)
async def test_a_broken_answer_makes_its_symbol_absent_and_no_other(answer):
    async with arena() as (market, venue):
        market.replace["funding_history"] = only("BTCUSDT", lambda usual: answer)
        found = await venue.funding_history(tuple(PRICES), NOON - FOUR_HOURS, NOON)
        market.replace.clear()
        again = await venue.funding_history(("BTCUSDT",), NOON - FOUR_HOURS, NOON)
    assert set(found) == set(OTHERS)
    assert [one.at for one in again["BTCUSDT"]] == [NOON]


async def test_two_rates_for_one_instant_are_none():
    def twice(usual):
        return [usual[0], {**usual[0], "fundingRate": "0.09", "fundingTime": f"{int(usual[0]['fundingTime']) + 1}"}, *usual[1:]]

    async with arena() as (market, venue):
        market.replace["funding_history"] = only("BTCUSDT", twice)
        assert "BTCUSDT" not in await venue.funding_history(tuple(PRICES), NOON - FOUR_HOURS, NOON)


async def test_a_row_told_twice_counts_once():
    async with arena() as (market, venue):
        market.replace["funding_history"] = only("BTCUSDT", lambda usual: [usual[0], *usual])
        found = await venue.funding_history(("BTCUSDT",), NOON - FOUR_HOURS, NOON)
    assert [one.at for one in found["BTCUSDT"]] == [NOON]


async def test_a_venue_that_goes_forward_in_time_is_asked_until_the_end(monkeypatch):
    first = stamp(NOON) - 300 * 3_600_000

    def rates(query):
        start, limit = int(query["startTime"]), int(query["limit"])
        rows = [first + index * 3_600_000 for index in range(301)]
        return [{"symbol": "BTCUSDT", "fundingTime": at + 2, "fundingRate": "0.00010000"} for at in rows if at + 2 >= start][:limit]

    monkeypatch.setitem(ANSWERS, "fundingRate", rates)
    async with binance() as venue:
        await venue.load()
        found = await venue.funding_history(("BTCUSDT",), NOON - timedelta(hours=250), NOON)
    assert [one.at for one in found["BTCUSDT"]] == [NOON - timedelta(hours=back) for back in range(249, -1, -1)]
    assert {one.rate for one in found["BTCUSDT"]} == {Decimal("0.0001")}


async def test_the_local_venue_tells_its_settlements_and_recovers_from_faults():
    at = datetime(2026, 3, 2, 9, 30, 3, tzinfo=UTC)
    clock = Clock(lambda: at, at, at)
    symbols = ("BTCUSDT", "ETHUSDT")
    with running_sandbox(SandboxConfig(seed=7), clock) as sandbox:
        venue = CcxtVenue("bitget", symbols, clock, base_url=sandbox.venue_url)
        await venue.load()
        whole = await venue.funding_history(symbols, at - timedelta(days=60), at)
        for fault in ({"kind": "server_error", "status": 500}, {"kind": "wrong_json"}, {"kind": "blank"}, {"kind": "cut"}):
            sandbox.fail({"route": "venue.funding_history", "symbol": "BTCUSDT", **fault})
            assert set(await venue.funding_history(symbols, at - timedelta(days=1), at)) == {"ETHUSDT"}
            sandbox.heal()
        again = await venue.funding_history(symbols, at - timedelta(days=60), at)
        await venue.close()
    assert again == whole
    assert {symbol: len(rows) for symbol, rows in whole.items()} == dict.fromkeys(symbols, 180)
    assert {one.at.hour for one in whole["BTCUSDT"]} == {0, 8, 16}


async def test_last_minutes_are_the_trades_and_mark_minutes_the_marks():
    async with arena() as (market, venue):
        marks = await venue.mark_minutes(("BTCUSDT",), NOON - FIVE, AT)
        lasts = await venue.last_minutes(("BTCUSDT",), NOON - FIVE, AT)
    assert [bar.open_time for bar in lasts["BTCUSDT"]] == [bar.open_time for bar in marks["BTCUSDT"]]
    kinds = [query.get("kLineType") for route, query in market.asked if route == "candles"]
    assert sorted(kinds, key=str) == [None, "mark"]
