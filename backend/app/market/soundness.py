"""Whether a symbol's prices may be traded on. Pure: every question gets the evidence and answers with a sentence, or None when sound.

A sentence has the numbers in it and is shown to contestants and operators as it is. Nothing is corrected: a price is sound or unusable.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from app.engine.market import Candle, Quote, Timeframe
from app.engine.money import ONE, plain

STALE_AFTER = timedelta(seconds=90)
AHEAD_MAX = timedelta(days=1)
JUMP_MAX = Decimal("0.20")
AGREEMENT = Decimal("0.05")
MINUTE_JUMP_MAX = Decimal("0.50")
FLAT_BARS = 12
LATE_BARS = 3
PRICE_MAX = Decimal("1e9")
PRICE_MIN = Decimal("1e-12")


def judge(quote: Quote | None, at: datetime, previous: Quote | None, candles_5m: Sequence[Candle]) -> str | None:
    """Why `quote` must not be traded on at market time `at`. `previous` is the last quote that was accepted, candles are closed ones."""
    if quote is None:
        return "the venue gave no price"
    return (
        impossible_number("last price", quote.last)
        or impossible_number("mark price", quote.mark)
        or _frozen(quote, at, previous, candles_5m)
        or _out_of_time(quote, at)
        or _mark_apart(quote)
        or _jumped(quote, previous, candles_5m)
    )


def judge_candles(candles: Sequence[Candle], timeframe: Timeframe, at: datetime) -> str | None:
    """Why closed candles of one timeframe can't be relied on: none, impossible ones, or ones that end too long ago."""
    if not candles:
        return f"no closed {timeframe} candles"
    for candle in candles:
        broken = broken_candle(candle)
        if broken is not None:
            return f"{timeframe} candle of {_clock(candle.open_time)}: {broken}"
    last = candles[-1].open_time
    missing = (at - last) // timeframe.width - 1
    if missing > LATE_BARS:
        return f"{timeframe} candles end with the bar of {last:%Y-%m-%d %H:%M} UTC; the {missing} after it are missing"
    return None


def judge_minutes(minutes: Sequence[Candle], reference: Decimal | None) -> str | None:
    """Why mark candles must not trigger anything: one that can't be, or one that opens more than 50% away from the price before it."""
    before = reference
    for minute in minutes:
        broken = broken_candle(minute)
        if broken is not None:
            return f"mark candle of {_clock(minute.open_time)}: {broken}"
        if before is not None and _apart(minute.open, before) > MINUTE_JUMP_MAX:
            apart = f"{_percent(minute.open, before)} from {shown(before)} before it"
            return f"mark candle of {_clock(minute.open_time)} opens at {shown(minute.open)}, {apart}"
        before = minute.close
    return None


def broken_candle(candle: Candle) -> str | None:
    """Why a bar can't be, whatever came before it."""
    for name, price in (("open", candle.open), ("high", candle.high), ("low", candle.low), ("close", candle.close)):
        impossible = impossible_number(name, price)
        if impossible is not None:
            return impossible
    if not candle.low <= min(candle.open, candle.close) or not candle.high >= max(candle.open, candle.close):
        return f"low {shown(candle.low)} and high {shown(candle.high)} don't hold open {shown(candle.open)} and close {shown(candle.close)}"
    return None


def impossible_number(name: str, price: Decimal) -> str | None:
    """Why a price can't be one, looked at alone."""
    if not price.is_finite():
        return f"{name} is {price}, not a number"
    if price <= 0:
        return f"{name} is {shown(price)}, not above zero"
    if price > PRICE_MAX or price < PRICE_MIN:
        return f"{name} is {shown(price)}, beyond anything that trades"
    return None


def shown(value: Decimal) -> str:
    """A number for a sentence: plain digits, or scientific where it would be endless."""
    return plain(value) if value.is_finite() and -15 <= value.adjusted() <= 15 and len(value.as_tuple().digits) <= 20 else f"{value:.3E}"  # noqa: PLR2004 - readable lengths


def _out_of_time(quote: Quote, at: datetime) -> str | None:
    age = at - quote.time
    if age > STALE_AFTER:
        return f"stale: the price is from {_clock(quote.time)}, {_seconds(age)} s old (limit {_seconds(STALE_AFTER)} s)"
    if -age > AHEAD_MAX:
        return f"the price is stamped {quote.time:%Y-%m-%d %H:%M:%S} UTC, {_seconds(-age)} s ahead of the market's clock"
    return None


def _frozen(quote: Quote, at: datetime, previous: Quote | None, candles: Sequence[Candle]) -> str | None:
    if previous is None or quote.time != previous.time:
        return None
    if (quote.last, quote.mark) == (previous.last, previous.mark) and at - previous.time > STALE_AFTER:
        what = f"last {shown(quote.last)}, mark {shown(quote.mark)} and their time {_clock(quote.time)}"
        return f"frozen: {what} have not moved for {_seconds(at - quote.time)} s"
    tail = candles[-FLAT_BARS:]
    if len(tail) == FLAT_BARS and all(bar.high == bar.low == tail[0].close for bar in tail):
        return f"frozen: {FLAT_BARS} candles flat at {shown(tail[0].close)}, and the price's time {_clock(quote.time)} does not move"
    return None


def _mark_apart(quote: Quote) -> str | None:
    if _apart(quote.mark, quote.last) > JUMP_MAX:
        return f"mark {shown(quote.mark)} is {_percent(quote.mark, quote.last)} from last {shown(quote.last)} (limit 20%)"
    return None


def _jumped(quote: Quote, previous: Quote | None, candles: Sequence[Candle]) -> str | None:
    newest = candles[-1] if candles else None
    if newest is not None and impossible_number("close", newest.close) is None and _apart(quote.last, newest.close) > JUMP_MAX:
        apart = _percent(quote.last, newest.close)
        return f"last {shown(quote.last)} is {apart} from the newest candle's close {shown(newest.close)} (limit 20%)"
    if previous is None or _apart(quote.last, previous.last) <= JUMP_MAX:
        return None
    if newest is not None and newest.open_time > previous.time and _apart(newest.close, quote.last) <= AGREEMENT:
        return None
    accepted = f"{shown(previous.last)} accepted at {_clock(previous.time)}"
    return f"last {shown(quote.last)} is {_percent(quote.last, previous.last)} from {accepted}, and no candle since agrees"


def _apart(price: Decimal, reference: Decimal) -> Decimal:
    return abs(price / reference - ONE)


def _percent(price: Decimal, reference: Decimal) -> str:
    return f"{shown(round(_apart(price, reference) * 100, 1))}%"


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())


def _clock(time: datetime) -> str:
    return f"{time:%H:%M:%S} UTC"
