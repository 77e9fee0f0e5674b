"""The numbers of one scene's market, apart from the words that show them: every template renders these, wherever they come from."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.agents.indicators import MACD_PERIOD, WARM_UP, Bars, Values, atr, ema, latest, macd, rsi, shown, volume_average
from app.agents.scene import Scene
from app.engine.market import Candle, Quote, SymbolView, Timeframe

SERIES_LENGTH = 10
VOLUME_BARS = 20
"""A plain mean has no seed that could show: it is sound from its first full window."""

HOURS_PER_YEAR = 24 * 365


@dataclass(frozen=True, slots=True)
class Series:
    """One timeframe's rows, oldest to newest, as long as there are closed bars. `until` is when the last bar closed."""

    closes: tuple[Decimal, ...]
    macd: Values
    rsi14: Values
    ema20: Values = ()
    rsi7: Values = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gauges:
    """One timeframe's latest values: averages and ranges in USDT, volumes in the base coin. `volume` is the last closed bar's."""

    ema20: float | None
    ema50: float | None
    atr3: float | None
    atr14: float | None
    volume: float | None
    volume_average: float | None
    macd_histogram: float | None = None


@dataclass(frozen=True, slots=True)
class CoinFigures:
    """One symbol that may be traded. Prices in USDT; None where the venue gave nothing. `near` are 5-minute bars, `far` 4-hour bars;
    `near_gauges` None leaves them out.
    """

    symbol: str
    tick: Decimal
    last: Decimal
    near: Series
    far: Series
    far_gauges: Gauges
    near_gauges: Gauges | None = None
    mark: Decimal | None = None
    index: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    change_24h: Decimal | None = None
    high_24h: Decimal | None = None
    low_24h: Decimal | None = None
    turnover_24h: Decimal | None = None
    funding_rate: Decimal | None = None
    funding_hours: int | None = None
    next_funding: datetime | None = None
    open_interest: Decimal | None = None
    open_interest_mean: Decimal | None = None

    @property
    def spread(self) -> Decimal | None:
        """Ask less bid as a fraction of their middle."""
        if self.bid is None or self.ask is None or self.bid + self.ask <= 0:
            return None
        return (self.ask - self.bid) * 2 / (self.ask + self.bid)

    @property
    def funding_per_year(self) -> Decimal | None:
        """The rate times the settlements of a year, as a fraction."""
        if self.funding_rate is None or not self.funding_hours:
            return None
        return self.funding_rate * HOURS_PER_YEAR / self.funding_hours


@dataclass(frozen=True, slots=True)
class UnusableCoin:
    """A symbol that nobody may trade in this cycle, and why."""

    symbol: str
    why: str


@dataclass(frozen=True, slots=True)
class MarketFigures:
    """Everything everybody sees. `age_seconds` is the age of the oldest price shown."""

    at: datetime
    coins: tuple[CoinFigures | UnusableCoin, ...]
    age_seconds: float | None = None


def market_figures(scene: Scene) -> MarketFigures:
    """The numbers of a scene, indicators over closed bars."""
    snapshot = scene.snapshot
    coins = tuple(_coin(symbol, view, scene.open_interest_means.get(symbol)) for symbol, view in snapshot.symbols.items())
    quotes = (view.quote for view in snapshot.symbols.values() if view.unusable is None and view.quote is not None)
    ages = [(snapshot.taken_at - quote.time).total_seconds() for quote in quotes]
    return MarketFigures(snapshot.taken_at, coins, max(0.0, *ages) if ages else None)


def _coin(symbol: str, view: SymbolView, open_interest_mean: Decimal | None) -> CoinFigures | UnusableCoin:
    if view.quote is None or view.unusable is not None:
        return UnusableCoin(symbol, view.unusable or "no price")
    quote, near, far = view.quote, Bars.of(view.candles_5m), Bars.of(view.candles_4h)
    return CoinFigures(
        symbol=symbol,
        tick=view.instrument.tick,
        last=quote.last,
        near=_near(near, view.candles_5m),
        far=_far(far, view.candles_4h),
        far_gauges=_gauges(far),
        near_gauges=_gauges(near),
        mark=quote.mark,
        index=quote.index,
        bid=quote.bid,
        ask=quote.ask,
        change_24h=quote.change_24h,
        high_24h=quote.high_24h,
        low_24h=quote.low_24h,
        turnover_24h=quote.volume_24h_usdt,
        funding_rate=quote.funding_rate,
        funding_hours=view.instrument.funding_interval_hours,
        next_funding=_coming(quote),
        open_interest=quote.open_interest,
        open_interest_mean=open_interest_mean,
    )


def _near(bars: Bars, candles: tuple[Candle, ...]) -> Series:
    return Series(
        closes=tuple(one.close for one in candles[-SERIES_LENGTH:]),
        macd=shown(macd(bars).line, WARM_UP * MACD_PERIOD, SERIES_LENGTH),
        rsi14=shown(rsi(bars, 14), WARM_UP * 14, SERIES_LENGTH),
        ema20=shown(ema(bars, 20), WARM_UP * 20, SERIES_LENGTH),
        rsi7=shown(rsi(bars, 7), WARM_UP * 7, SERIES_LENGTH),
        until=_until(candles, Timeframe.FIVE_MINUTES),
    )


def _far(bars: Bars, candles: tuple[Candle, ...]) -> Series:
    return Series(
        closes=tuple(one.close for one in candles[-SERIES_LENGTH:]),
        macd=shown(macd(bars).line, WARM_UP * MACD_PERIOD, SERIES_LENGTH),
        rsi14=shown(rsi(bars, 14), WARM_UP * 14, SERIES_LENGTH),
        until=_until(candles, Timeframe.FOUR_HOURS),
    )


def _gauges(bars: Bars) -> Gauges:
    return Gauges(
        ema20=latest(ema(bars, 20), WARM_UP * 20),
        ema50=latest(ema(bars, 50), WARM_UP * 50),
        atr3=latest(atr(bars, 3), WARM_UP * 3),
        atr14=latest(atr(bars, 14), WARM_UP * 14),
        volume=latest(bars.volume, 1),
        volume_average=latest(volume_average(bars, VOLUME_BARS), VOLUME_BARS),
        macd_histogram=latest(macd(bars).histogram, WARM_UP * MACD_PERIOD),
    )


def _until(candles: tuple[Candle, ...], timeframe: Timeframe) -> datetime | None:
    return candles[-1].open_time + timeframe.width if candles else None


def _coming(quote: Quote) -> datetime | None:
    """The next settlement; a venue's row that names one in its own past names none."""
    return quote.next_funding_time if quote.next_funding_time is not None and quote.next_funding_time >= quote.time else None
