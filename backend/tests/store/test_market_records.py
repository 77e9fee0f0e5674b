"""Prices, snapshots and equity: what was seen is kept as it was seen, once."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.engine.market import Quote
from app.store import blobs, equity, prices, snapshots, tables
from app.store.equity import NewEquity
from app.store.prices import NewPrice
from tests.engine.markets import NOON, D
from tests.store.stage import begin, claim

QUOTE = Quote("BTCUSDT", NOON, D("100000.10"), D("100000.0"), bid=D("99999.9"), next_funding_time=NOON + timedelta(hours=4))


def price(cycle_id, quote=QUOTE, symbol="BTCUSDT", reason=None):
    return NewPrice(cycle_id, symbol, quote, "bitget", NOON, reason is None, reason)


async def two_cycles(database):
    season_id = await begin(database)
    return season_id, [await claim(database, season_id, due_at=NOON + timedelta(minutes=5 * index)) for index in range(2)]


async def test_the_newest_sound_price_outlives_a_bad_one(database):
    _, (first, second) = await two_cycles(database)
    absurd = Quote("BTCUSDT", NOON, D("NaN"), D("1E+400"))
    async with database.writing() as connection:
        await prices.save_prices(connection, [price(first), price(first, None, "ETHUSDT", "no row")])
        await prices.save_prices(connection, [price(second, absurd, reason="not a number")])
        await prices.save_prices(connection, [])
        accepted = await prices.last_accepted_quotes(connection)
        (latest,) = await prices.latest_prices(connection)
        seen = await prices.prices_of_cycle(connection, first)
    assert accepted == {"BTCUSDT": QUOTE}
    assert (latest.cycle_id, latest.price, latest.mark, latest.usable, latest.reason) == (second, None, None, False, "not a number")
    assert [(row.symbol, row.price, row.usable) for row in seen] == [("BTCUSDT", D("100000.10"), True), ("ETHUSDT", None, False)]


async def test_mean_open_interest_is_over_the_sound_samples_since_a_time(database):
    _, cycles = await two_cycles(database)
    samples = [replace(QUOTE, open_interest=D(value)) for value in ("100.5", "101.5")]
    async with database.writing() as connection:
        for cycle_id, quote in zip(cycles, samples, strict=True):
            await prices.save_prices(connection, [price(cycle_id, quote), price(cycle_id, QUOTE, "ETHUSDT")])
            await prices.save_prices(connection, [price(cycle_id, quote, "SOLUSDT", "stale")])
        assert await prices.open_interest_means(connection, NOON) == {"BTCUSDT": D(101)}
        assert await prices.open_interest_means(connection, NOON + timedelta(minutes=1)) == {"BTCUSDT": D("101.5")}
        assert await prices.open_interest_means(connection, NOON + timedelta(days=1)) == {}


async def test_no_prices_are_no_rows(database):
    async with database.reading() as connection:
        assert await prices.latest_prices(connection) == []
        assert await prices.last_accepted_quotes(connection) == {}


async def test_a_snapshot_is_read_back_and_shared_chunks_are_stored_once(database):
    _, (first, second) = await two_cycles(database)
    chunk = b"candles" * 1_000
    name = hashlib.sha256(chunk).hexdigest()
    async with database.writing() as connection:
        await snapshots.save_snapshot(connection, first, NOON, "aa", b"manifest 1", {name: chunk})
        await snapshots.save_snapshot(connection, second, NOON, "bb", b"manifest 2", {name: chunk})
        stored = (await connection.execute(select(func.count()).select_from(tables.blobs))).scalar_one()
        packed = (await connection.execute(select(tables.blobs.c.content).where(tables.blobs.c.hash == name))).scalar_one()
    async with database.reading() as connection:
        assert await snapshots.load_manifest(connection, second) == b"manifest 2"
        assert await snapshots.content_hash_of(connection, first) == "aa"
        assert await snapshots.latest_cycle_with_snapshot(connection) == second
        assert await snapshots.load_manifest(connection, 99) is None
        assert await blobs.get_blobs(connection, [name, name]) == {name: chunk}
    assert (stored, len(packed) < 100) == (3, True)


async def test_content_that_is_not_stored_is_a_key_error(database):
    async with database.reading() as connection:
        with pytest.raises(KeyError):
            await blobs.get_blobs(connection, ["0" * 64])


def point(season_id, *, minute, cycle_id=None, contestant_id="qwen3", worth=10_000):
    return NewEquity(
        contestant_id=contestant_id,
        season_id=season_id,
        at=NOON + timedelta(minutes=minute),
        cycle_id=cycle_id,
        source="cycle" if cycle_id else "watch",
        equity=D(worth),
        wallet=D(worth),
        unrealised_pnl=D(0),
        available=D(worth),
        exposure=D(0),
    )


async def test_an_equity_point_is_written_once_and_the_series_runs_forwards(database):
    season_id, (first, _) = await two_cycles(database)
    async with database.writing() as connection:
        await equity.save_equity(connection, [point(season_id, minute=2, worth=9_990), point(season_id, minute=1, cycle_id=first)])
        await equity.save_equity(connection, [point(season_id, minute=2, worth=1)])
        await equity.save_equity(connection, [])
        series = await points_of(connection, "qwen3")
        late = await points_of(connection, "qwen3", start=NOON + timedelta(minutes=2), end=NOON + timedelta(minutes=3))
        joined = await points_of(connection, "kimi")
    assert [(row.at, row.equity) for row in series] == [
        (NOON + timedelta(minutes=at), worth) for at, worth in ((0, 10_000), (1, 10_000), (2, 9_990))
    ]
    assert [row.at for row in late] == [NOON + timedelta(minutes=2)]
    assert [row.equity for row in joined] == [10_000]


async def points_of(connection, contestant, **when):
    outline = await equity.equity_outline(connection, contestant, **when)
    rows = await equity.equity_points(connection, [row_id for row_id, _ in outline])
    assert [float(row.equity) for row in rows] == [value for _, value in outline]
    return rows


async def test_old_points_between_cycles_are_forgotten_and_those_of_cycles_stay(database):
    season_id, (first, _) = await two_cycles(database)
    async with database.writing() as connection:
        await equity.save_equity(
            connection, [point(season_id, minute=2, cycle_id=first), point(season_id, minute=1), point(season_id, minute=9)]
        )
        assert await equity.prune_between_cycles(connection, older_than=NOON + timedelta(minutes=5)) == 1
        kept = await points_of(connection, "qwen3")
    assert [row.at for row in kept] == [NOON, NOON + timedelta(minutes=2), NOON + timedelta(minutes=9)]


async def test_the_grid_holds_only_the_last_cycles(database):
    season_id, (first, second) = await two_cycles(database)
    async with database.writing() as connection:
        assert await equity.last_cycle_with_equity(connection, season_id) == 0
        rows = [
            point(season_id, minute=at, cycle_id=one, contestant_id=who)
            for at, one in ((1, first), (5, second))
            for who in ("qwen3", "kimi")
        ]
        await equity.save_equity(connection, [*rows, point(season_id, minute=7)])
        whole = await equity.cycle_grid(connection, season_id, points=10)
        last = await equity.cycle_grid(connection, season_id, points=1)
        assert await equity.last_cycle_with_equity(connection, season_id) == second
    assert [name for name, _, _ in whole] == ["qwen3", "kimi", "qwen3", "kimi"]
    assert sorted(name for name, _, _ in last) == ["kimi", "qwen3"]
    assert all(isinstance(value, float) for _, _, value in whole)
