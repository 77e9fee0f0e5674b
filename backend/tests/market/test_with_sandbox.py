"""The venue adapter against the local venue, over real HTTP and unmodified ccxt."""

import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.engine.clock import Clock
from app.engine.market import Quote, Snapshot
from app.market.ccxt_venue import CcxtVenue
from app.market.snapshot import decode, decode_books, encode, encode_books
from app.market.venue import SymbolsNotListedError, VenueError, VenueGarbledError, VenueRefusedError, VenueSlowError, VenueUnreachableError
from app.sandbox.serve import RunningSandbox, running_sandbox
from app.sandbox.server import SandboxConfig

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT")
OTHERS = SYMBOLS[1:]


class Hand:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, 30, 3, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    @property
    def clock(self) -> Clock:
        origin = datetime(2026, 1, 1, tzinfo=UTC)
        return Clock(self.now, origin, origin)


@pytest.fixture(scope="module")
def hand() -> Hand:
    return Hand()


@pytest.fixture(scope="module")
def local_venue(hand: Hand) -> Iterator[RunningSandbox]:
    with running_sandbox(SandboxConfig(seed=7), hand.clock) as running:
        yield running


@pytest.fixture
def sandbox(local_venue: RunningSandbox) -> Iterator[RunningSandbox]:
    yield local_venue
    local_venue.heal()


@pytest.fixture
async def venue(sandbox: RunningSandbox, hand: Hand) -> AsyncIterator[CcxtVenue]:
    opened = CcxtVenue("bitget", SYMBOLS, hand.clock, base_url=sandbox.venue_url, snapshot_seconds_max=15.0)
    await opened.load()
    yield opened
    await opened.close()


def accepted(snapshot: Snapshot) -> dict[str, Quote]:
    return {symbol: view.quote for symbol, view in snapshot.symbols.items() if view.quote is not None and view.unusable is None}


async def test_every_symbol_of_the_local_venue_is_usable_cycle_after_cycle(venue, hand):
    last: dict[str, Quote] = {}
    for _ in range(12):
        snapshot = await venue.see(hand.time, last)
        assert {symbol: view.unusable for symbol, view in snapshot.symbols.items()} == dict.fromkeys(SYMBOLS)
        for view in snapshot.symbols.values():
            for bars in (view.candles_5m, view.candles_4h):
                assert 300 <= len(bars) < 350
                assert all(after.open_time > before.open_time for before, after in pairwise(bars))
        encoded = encode(snapshot)
        again = decode(encoded.manifest, encoded.chunks)
        assert (again, again.content_hash) == (snapshot, encoded.content_hash)
        last = accepted(snapshot)
        hand.time += timedelta(minutes=5)


async def test_terms_books_minutes_and_time_are_there(venue, hand):
    for terms in venue.instruments.values():
        assert terms.tick > 0
        assert terms.taker_fee_rate > 0
        assert terms.tiers
        assert terms.max_market_quantity is not None
    books = await venue.books(SYMBOLS)
    assert set(books) == set(SYMBOLS)
    assert all(len(book.bids) == len(book.asks) == 50 for book in books.values())
    assert decode_books(encode_books(books)) == books
    minutes = await venue.mark_minutes(SYMBOLS, hand.time - timedelta(hours=26), hand.time)
    assert {symbol: len(bars) for symbol, bars in minutes.items()} == dict.fromkeys(SYMBOLS, 26 * 60 - 1)
    assert abs(await venue.server_time() - hand.time) < timedelta(seconds=1)
    assert set(await venue.quotes()) == set(SYMBOLS)


async def test_a_symbol_it_does_not_list_is_refused(sandbox, hand):
    venue = CcxtVenue("bitget", ("BTCUSDT", "PEPEUSDT"), hand.clock, base_url=sandbox.venue_url)
    with pytest.raises(SymbolsNotListedError, match="PEPEUSDT"):
        await venue.load()
    await venue.close()


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"kind": "rate_limit", "retry_after": 1}, VenueRefusedError),
        ({"kind": "server_error", "status": 503}, VenueUnreachableError),
        ({"kind": "cut"}, VenueUnreachableError),
        ({"kind": "wrong_json"}, VenueGarbledError),
        ({"kind": "blank"}, VenueGarbledError),
    ],
)
async def test_a_fault_of_the_tickers_skips_the_cycle_and_the_next_is_normal(venue, sandbox, hand, rule, error):
    sandbox.fail({"route": "venue.*", **rule})
    started = time.perf_counter()
    with pytest.raises(error) as caught:
        await venue.see(hand.time, {})
    assert isinstance(caught.value, VenueError)
    assert time.perf_counter() - started < 5
    sandbox.heal()
    assert set((await venue.see(hand.time, {})).marks) == set(SYMBOLS)


async def test_a_venue_slower_than_the_limit_skips_the_cycle_in_time(sandbox, hand):
    venue = CcxtVenue("bitget", SYMBOLS, hand.clock, base_url=sandbox.venue_url, snapshot_seconds_max=1.5)
    await venue.load()
    sandbox.fail({"route": "venue.*", "kind": "delay", "seconds": 5})
    started = time.perf_counter()
    with pytest.raises(VenueSlowError):
        await venue.see(hand.time, {})
    assert time.perf_counter() - started < 3
    await venue.close()


@pytest.mark.parametrize("rule", [{"kind": "server_error", "status": 500}, {"kind": "cut"}, {"kind": "wrong_json"}, {"kind": "blank"}])
async def test_one_symbols_candles_failing_leaves_the_others_usable(venue, sandbox, hand, rule):
    sandbox.fail({"route": "venue.candles", "symbol": "BTCUSDT", **rule})
    assert set((await venue.see(hand.time, {})).marks) == set(OTHERS)


@pytest.mark.parametrize("value", ["x1000", "0", "negative", "nan"])
async def test_absurd_prices_of_one_symbol_make_it_unusable(venue, sandbox, hand, value):
    last = accepted(await venue.see(hand.time, {}))
    hand.time += timedelta(minutes=5)
    rule = {"symbol": "BTCUSDT", "kind": "absurd", "value": value}
    sandbox.fail({"route": "venue.tickers", **rule}, {"route": "venue.ticker", **rule})
    assert set((await venue.see(hand.time, last)).marks) == set(OTHERS)


async def test_a_frozen_feed_is_noticed_and_its_thaw_too(venue, sandbox, hand):
    last = accepted(await venue.see(hand.time, {}))
    sandbox.fail({"route": "venue.tickers", "kind": "frozen"})
    hand.time += timedelta(minutes=5)
    frozen = await venue.see(hand.time, last)
    assert frozen.marks == {}
    sandbox.heal()
    assert set((await venue.see(hand.time, last)).marks) == set(SYMBOLS)


async def test_a_symbol_missing_from_the_feed_is_unusable(venue, sandbox, hand):
    sandbox.fail({"route": "venue.tickers", "symbol": "SOLUSDT", "kind": "missing"})
    assert set((await venue.see(hand.time, {})).marks) == set(SYMBOLS) - {"SOLUSDT"}


async def test_depth_that_fails_for_one_symbol_is_absent(venue, sandbox):
    sandbox.fail({"route": "venue.depth", "symbol": "ETHUSDT", "kind": "server_error", "status": 500})
    assert set(await venue.books(SYMBOLS)) == set(SYMBOLS) - {"ETHUSDT"}


async def test_a_thousandfold_jump_of_the_mark_candles_triggers_nothing(venue, sandbox, hand):
    await venue.see(hand.time, {})
    sandbox.fail({"route": "venue.candles", "symbol": "ETHUSDT", "kind": "absurd", "value": "x1000"})
    minutes = await venue.mark_minutes(SYMBOLS, hand.time - timedelta(minutes=9), hand.time)
    assert "ETHUSDT" not in minutes


async def test_a_warm_snapshot_takes_less_than_sixty_milliseconds_of_processor(venue, hand):
    await venue.see(hand.time, {})
    spent = []
    for _ in range(6):
        hand.time += timedelta(minutes=5)
        # The sandbox answers from a thread of its own: only this one's time is counted.
        started = time.thread_time()
        await venue.see(hand.time, {})
        spent.append(time.thread_time() - started)
    assert min(spent) < 0.060
