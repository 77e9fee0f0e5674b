from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.market import Candle, Timeframe
from app.market.soundness import judge, judge_candles, judge_minutes
from tests.market.values import AT, candle, candles, quote, seconds

MINUTES_AGO = AT - timedelta(minutes=5)


def test_a_fresh_price_in_line_with_everything_is_sound():
    assert judge(quote("101"), AT, quote("100", time=MINUTES_AGO), candles(20)) is None


def test_the_first_price_of_all_is_sound_when_the_candles_agree():
    assert judge(quote("101"), AT, None, candles(20)) is None


def test_no_price_is_unusable():
    assert judge(None, AT, None, candles(20)) == "the venue gave no price"


@pytest.mark.parametrize("bad", ["0", "-5", "-0", "NaN", "sNaN", "Infinity", "-Infinity", "1e73", "1e-73", "1e99", "9" * 60])
@pytest.mark.parametrize("field", ["last", "mark"])
def test_a_number_that_can_be_no_price_is_unusable_and_named(field, bad):
    broken = replace(quote("100"), **{field: Decimal(bad)})
    verdict = judge(broken, AT, quote("100", time=MINUTES_AGO), candles(20))
    assert verdict is not None
    assert field in verdict
    assert len(verdict) < 120


def test_a_price_older_than_ninety_seconds_is_stale():
    assert judge(quote(time=AT - seconds(90)), AT, None, candles(20)) is None
    verdict = judge(quote(time=AT - seconds(91)), AT, None, candles(20))
    assert verdict == "stale: the price is from 11:58:32 UTC, 91 s old (limit 90 s)"


def test_a_price_from_a_little_ahead_is_sound_and_from_a_day_ahead_is_not():
    assert judge(quote(time=AT + seconds(200)), AT, None, candles(20)) is None
    assert judge(quote(time=AT + timedelta(days=2)), AT, None, candles(20)) is not None


def test_a_price_that_has_not_moved_with_its_time_is_frozen():
    still = quote("100", time=MINUTES_AGO)
    verdict = judge(still, AT, still, candles(20))
    assert verdict is not None
    assert verdict.startswith("frozen: last 100, mark 100")
    assert "300 s" in verdict


def test_the_same_row_seen_twice_within_ninety_seconds_is_sound():
    row = quote("100", time=AT - seconds(60))
    assert judge(row, AT, row, candles(20)) is None


def test_flat_candles_and_a_time_that_does_not_move_are_frozen_at_once():
    row = quote("100", time=AT - seconds(60))
    verdict = judge(row, AT, row, candles(20, wiggle=False))
    assert verdict is not None
    assert "12 candles flat at 100" in verdict


def test_a_flat_market_whose_time_moves_is_sound():
    assert judge(quote("100"), AT, quote("100", time=MINUTES_AGO), candles(20, wiggle=False)) is None


@pytest.mark.parametrize("last", ["121", "79"])
def test_a_jump_over_twenty_percent_that_no_candle_confirms_is_impossible(last):
    verdict = judge(quote(last), AT, quote("100", time=MINUTES_AGO), candles(20, "100"))
    assert verdict is not None
    assert "100" in verdict
    assert "21.0%" in verdict


@pytest.mark.parametrize("last", ["120", "80"])
def test_a_jump_of_exactly_twenty_percent_is_sound(last):
    assert judge(quote(last), AT, quote("100", time=MINUTES_AGO), candles(20, "100")) is None


def test_a_jump_is_sound_once_a_candle_opened_since_agrees():
    long_ago = quote("100", time=AT - timedelta(hours=3))
    assert judge(quote("150"), AT, long_ago, candles(20, "149")) is None


def test_a_candle_that_opened_before_the_accepted_price_confirms_nothing():
    just_accepted = quote("100", time=AT - seconds(30))
    verdict = judge(quote("150"), AT, just_accepted, candles(20, "149"))
    assert verdict is not None
    assert "no candle since agrees" in verdict


def test_a_candle_that_only_half_agrees_confirms_nothing():
    assert judge(quote("150"), AT, quote("100", time=AT - timedelta(hours=3)), candles(20, "140")) is not None


def test_without_candles_a_jump_can_not_be_confirmed():
    assert judge(quote("150"), AT, quote("100", time=MINUTES_AGO), ()) is not None


def test_the_first_price_of_all_far_from_the_candles_is_impossible():
    verdict = judge(quote("100000"), AT, None, candles(20, "100"))
    assert verdict == "last 100000 is 99900.0% from the newest candle's close 100 (limit 20%)"


def test_a_mark_far_from_last_is_unusable():
    verdict = judge(quote("100", mark="121"), AT, None, candles(20))
    assert verdict == "mark 121 is 21.0% from last 100 (limit 20%)"


@settings(deadline=None)
@given(
    last=st.decimals(allow_nan=True, allow_infinity=True),
    mark=st.decimals(allow_nan=True, allow_infinity=True),
    before=st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(100000)),
)
def test_no_number_whatever_breaks_the_judge_or_passes_far_from_the_last_accepted(last, mark, before):
    accepted = replace(quote(), last=before, mark=before, time=MINUTES_AGO)
    verdict = judge(replace(quote(), last=last, mark=mark), AT, accepted, ())
    if verdict is None:
        assert before * Decimal("0.8") <= last <= before * Decimal("1.2")
        assert mark > 0


def test_candles_that_end_in_time_are_sound():
    assert judge_candles(candles(300), Timeframe.FIVE_MINUTES, AT) is None


def test_no_candles_are_unusable():
    assert judge_candles((), Timeframe.FIVE_MINUTES, AT) == "no closed 5m candles"


def test_candles_that_end_more_than_three_bars_ago_are_unusable():
    assert judge_candles(candles(300, until=AT - timedelta(minutes=15)), Timeframe.FIVE_MINUTES, AT) is None
    verdict = judge_candles(candles(300, until=AT - timedelta(minutes=20)), Timeframe.FIVE_MINUTES, AT)
    assert verdict is not None
    assert "the 4 after it are missing" in verdict


@pytest.mark.parametrize(
    "broken",
    [
        {"low": Decimal(0)},
        {"high": Decimal("NaN")},
        {"close": Decimal("1e73")},
        {"open": Decimal(-1)},
        {"low": Decimal(101)},
        {"high": Decimal(99)},
    ],
)
def test_a_candle_that_can_not_be_is_named(broken):
    bars = candles(5)
    bad = (*bars[:2], replace(bars[2], **broken), *bars[3:])
    verdict = judge_candles(bad, Timeframe.FIVE_MINUTES, AT)
    assert verdict is not None
    assert f"{bars[2].open_time:%H:%M:%S}" in verdict


def minutes(*closes: str) -> tuple[Candle, ...]:
    return tuple(candle(AT.replace(second=0) + timedelta(minutes=index), close) for index, close in enumerate(closes))


def test_mark_minutes_of_a_crash_are_sound():
    assert judge_minutes(minutes("100", "70", "60", "85"), Decimal(100)) is None


@pytest.mark.parametrize("closes", [("100", "100000"), ("100", "0.1"), ("100", "0"), ("100", "-3")])
def test_an_absurd_mark_minute_is_unusable(closes):
    assert judge_minutes(minutes(*closes), None) is not None


def test_mark_minutes_all_in_another_world_than_the_accepted_price_are_unusable():
    verdict = judge_minutes(minutes("100000", "100001"), Decimal(100))
    assert verdict is not None
    assert "from 100 before it" in verdict


def test_no_mark_minutes_are_nothing_to_object_to():
    assert judge_minutes((), Decimal(100)) is None
