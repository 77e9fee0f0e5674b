"""Columns give back exactly what was put in, on both databases, or refuse it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from app.store.database import StoreError
from app.store.types import AnyText, ExactDecimal, Json, UtcTime, WholeNumber

samples = Table(
    "samples",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("amount", ExactDecimal),
    Column("at", UtcTime),
    Column("data", Json),
    Column("words", AnyText),
    Column("number", WholeNumber),
)
on_both = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1E+30"), max_value=Decimal("1E+30"))
moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the strategy adds the zone
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


async def round_trip(database, column, values):
    async with database.writing() as connection:
        await connection.run_sync(samples.drop, checkfirst=True)
        await connection.run_sync(samples.create)
        await connection.execute(insert(samples), [{"id": index, column: value} for index, value in enumerate(values)])
    async with database.reading() as connection:
        return list((await connection.execute(select(samples.c[column]).order_by(samples.c.id))).scalars())


def digits(value):
    """What must survive: the number, and the digits after the point. Zero has no sign in PostgreSQL, and 1E+3 is written 1000."""
    return value + 0 if value == 0 else value, max(0, -value.as_tuple().exponent)


@on_both
@given(values=st.lists(decimals, min_size=1, max_size=30))
async def test_a_decimal_comes_back_digit_for_digit(database, values):
    found = await round_trip(database, "amount", values)
    assert [digits(value) for value in found] == [digits(value) for value in values]


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), Decimal("Infinity"), "1.5"])
async def test_what_is_no_exact_number_is_refused(database, value):
    with pytest.raises(StoreError, match="exact, finite Decimal"):
        await round_trip(database, "amount", [value])


@on_both
@given(values=st.lists(moments, min_size=1, max_size=30))
async def test_a_time_comes_back_in_utc(database, values):
    found = await round_trip(database, "at", values)
    assert found == values
    assert all(moment.tzinfo is UTC for moment in found)


async def test_times_sort_as_they_follow_each_other(database):
    start = datetime(2026, 11, 25, 23, 59, 59, 999_000, tzinfo=UTC)
    values = [start + timedelta(milliseconds=step) for step in (0, 1, 2, 1000, 86_400_000)]
    await round_trip(database, "at", values[::-1])
    async with database.reading() as connection:
        assert list((await connection.execute(select(samples.c.at).order_by(samples.c.at))).scalars()) == values


async def test_a_time_of_another_zone_is_kept_as_the_same_moment(database):
    shanghai = datetime(2026, 1, 5, 20, 0, tzinfo=timezone(timedelta(hours=8)))
    assert await round_trip(database, "at", [shanghai]) == [datetime(2026, 1, 5, 12, 0, tzinfo=UTC)]


async def test_a_time_without_a_zone_is_refused(database):
    with pytest.raises(StoreError, match="with a zone"):
        await round_trip(database, "at", [datetime(2026, 1, 5)])  # noqa: DTZ001 - what is refused


async def test_json_comes_back_equal(database):
    values = [{"b": [1, "0.10", None], "a": {"文": True}}, [], "text"]
    assert await round_trip(database, "data", values) == values


@pytest.mark.parametrize("value", [{"price": Decimal("0.1")}, {"price": float("nan")}])
async def test_json_refuses_decimals_and_what_is_no_number(database, value):
    with pytest.raises(StoreError):
        await round_trip(database, "data", [value])


async def test_text_no_database_takes_is_made_storable(database):
    given_texts = ["plain", "zero\x00byte", "half \ud83d pair", "\ud83d\ude00 whole", "盘"]
    assert await round_trip(database, "words", given_texts) == ["plain", "zero\ufffdbyte", "half \ufffd pair", "😀 whole", "盘"]
    assert await round_trip(database, "data", [{"said": "zero\x00 \udc00"}]) == [{"said": "zero\x00 \ufffd"}]


async def test_a_whole_number_of_any_size_is_kept(database):
    values = [0, -1, 20, 10**29, None]
    assert await round_trip(database, "number", values) == values
