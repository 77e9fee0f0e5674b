"""Small readable markets for tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.engine.market import Candle, Quote, Timeframe

AT = datetime(2025, 10, 17, 12, 0, 3, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def quote(last: str = "100", mark: str | None = None, time: datetime = AT - timedelta(seconds=2)) -> Quote:
    return Quote("BTCUSDT", time, Decimal(last), Decimal(last if mark is None else mark))


def candle(open_time: datetime, close: str = "100", *, high: str | None = None, low: str | None = None) -> Candle:
    price = Decimal(close)
    return Candle(open_time, price, Decimal(high or close), Decimal(low or close), price, Decimal(1))


def candles(
    count: int, close: str = "100", *, until: datetime = AT, timeframe: Timeframe = Timeframe.FIVE_MINUTES, wiggle: bool = True
) -> tuple[Candle, ...]:
    """`count` closed bars ending with the newest closed by `until`; they move a little unless told not to."""
    last = (
        datetime(1970, 1, 1, tzinfo=UTC) + (until - datetime(1970, 1, 1, tzinfo=UTC)) // timeframe.width * timeframe.width - timeframe.width
    )
    high = str(Decimal(close) * Decimal("1.001")) if wiggle else None
    return tuple(candle(last - (count - 1 - index) * timeframe.width, close, high=high) for index in range(count))
