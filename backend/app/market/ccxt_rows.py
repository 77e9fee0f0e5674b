"""From ccxt's rows to the arena's values: contracts, tickers, candles, books. Pure; reads a venue's raw field where ccxt drops it.

A row that lacks what it must have gives a sentence instead of a value; what is merely missing is None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.engine.books import Book, Level
from app.engine.instruments import Instrument, LeverageTier
from app.engine.market import Candle, Quote, Timeframe
from app.engine.money import ONE, ZERO
from app.market.wire import above_zero, legible, moment, number

DEFAULT_PRICE_BAND = Decimal("0.02")
DEFAULT_FUNDING_INTERVAL_HOURS = 8
"""What nearly every contract has; the time of the next funding is taken from the venue wherever it says one."""

FUNDING_RATE_MAX = Decimal("0.1")
ENDLESS = Decimal("1e15")
RAW_LAST = ("lastPr", "lastPrice", "last", "lastPx", "last_price", "lastTradePrice")
"""What venues call the last price."""

DECIMAL_PLACES = 2
"""ccxt's mark for venues that give steps as a number of decimals."""


def instrument(symbol: str, market: Mapping[str, Any], tier_rows: Sequence[Mapping[str, Any]], precision_mode: int) -> Instrument | str:
    """Contract terms from a ccxt market and its leverage tiers; a sentence when the venue leaves out what trading needs."""
    info, limits = _part(market, "info"), _part(market, "limits")
    size = contract_size(market)
    tick = _step(_part(market, "precision").get("price"), precision_mode)
    lot = _step(_part(market, "precision").get("amount"), precision_mode)
    taker, maker = number(market.get("taker")), number(market.get("maker"))
    if tick is None or lot is None or taker is None or maker is None:
        return f"the venue gives no tick, lot or fee rate for {symbol}"
    tiers = leverage_tiers(tier_rows)
    largest = above_zero(info.get("maxMarketOrderQty")) or above_zero(_part(limits, "market").get("max"))
    return Instrument(
        symbol=symbol,
        tick=tick,
        lot=lot * size,
        min_quantity=(above_zero(_part(limits, "amount").get("min")) or lot) * size,
        min_notional=above_zero(_part(limits, "cost").get("min")) or ZERO,
        max_market_quantity=None if largest is None else largest * size,
        taker_fee_rate=taker,
        maker_fee_rate=maker,
        max_leverage=_max_leverage(limits, tiers),
        funding_interval_hours=int(above_zero(info.get("fundInterval")) or DEFAULT_FUNDING_INTERVAL_HOURS),
        price_band=_price_band(info),
        tiers=tiers,
    )


def contract_size(market: Mapping[str, Any]) -> Decimal:
    """Base coins per contract: quantities of such venues are multiplied by it, the arena counts in base coins."""
    return above_zero(market.get("contractSize")) or ONE


def leverage_tiers(rows: Sequence[Mapping[str, Any]]) -> tuple[LeverageTier, ...]:
    """Tiers by rising notional; rows without a rate or a leverage are left out."""
    found: list[LeverageTier] = []
    for row in sorted(rows, key=lambda one: number(one.get("minNotional")) or ZERO):
        rate, leverage = number(row.get("maintenanceMarginRate")), above_zero(row.get("maxLeverage"))
        if rate is None or leverage is None:
            continue
        lower, upper = number(row.get("minNotional")) or ZERO, above_zero(row.get("maxNotional")) or ENDLESS
        found.append(LeverageTier(len(found) + 1, lower, upper, int(leverage), rate))
    return tuple(found)


def quote(symbol: str, ticker: Mapping[str, Any]) -> Quote | str:
    """A ticker as a Quote; a sentence when it lacks its time, last or mark price."""
    info = _part(ticker, "info")
    time, last, mark = moment(ticker.get("timestamp")), _last(ticker, info), number(ticker.get("markPrice"))
    if last is None:
        return _absent("last price", info, RAW_LAST)
    if mark is None:
        return _absent("mark price", info, ("markPrice",))
    if time is None:
        return _absent("time of its price", info, ("ts",))
    percentage = number(ticker.get("percentage"))
    return Quote(
        symbol=symbol,
        time=time,
        last=last,
        mark=mark,
        index=above_zero(ticker.get("indexPrice")),
        bid=above_zero(ticker.get("bid")),
        ask=above_zero(ticker.get("ask")),
        funding_rate=funding_rate(info.get("fundingRate")),
        next_funding_time=moment(info.get("nextFundingTime") or info.get("nextUpdate")),
        open_interest=above_zero(info.get("holdingAmount")) or above_zero(info.get("openInterest")),
        high_24h=above_zero(ticker.get("high")),
        low_24h=above_zero(ticker.get("low")),
        change_24h=None if percentage is None else percentage / 100,
        volume_24h_usdt=above_zero(ticker.get("quoteVolume")),
    )


def with_funding(found: Quote, row: Mapping[str, Any]) -> Quote:
    """The quote with what only the funding row had: rate, next time, index price."""
    following = moment(row.get("nextFundingTimestamp")) if row.get("fundingTimestamp") is None else moment(row.get("fundingTimestamp"))
    return replace(
        found,
        funding_rate=found.funding_rate if found.funding_rate is not None else funding_rate(row.get("fundingRate")),
        next_funding_time=found.next_funding_time or following,
        index=found.index or above_zero(row.get("indexPrice")),
    )


def funding_rate(value: object) -> Decimal | None:
    """A rate per interval as a fraction; None when it is beyond 10%, which no venue charges."""
    rate = number(value)
    return rate if rate is not None and abs(rate) <= FUNDING_RATE_MAX else None


def closed_candles(rows: Sequence[Sequence[Any]], timeframe: Timeframe, at: datetime) -> tuple[Candle, ...] | str:
    """Rows [ms, open, high, low, close, volume] as candles closed by `at`, oldest first, one per time; a sentence for an unreadable one."""
    found: dict[datetime, Candle] = {}
    for row in rows:
        candle = _candle(row)
        if candle is None:
            return f"{timeframe} candle {list(row)!s:.120} can't be read"
        if candle.open_time + timeframe.width <= at:
            found[candle.open_time] = candle
    return tuple(found[time] for time in sorted(found))


def book(symbol: str, row: Mapping[str, Any], size: Decimal) -> Book | str:
    """A ccxt order book, best level first; a sentence when it is empty, crossed or can't be read."""
    time = moment(row.get("timestamp"))
    bids, asks = _levels(row.get("bids"), size), _levels(row.get("asks"), size)
    if time is None or bids is None or asks is None:
        return "the order book can't be read"
    if not bids or not asks:
        return "the order book has an empty side"
    # ccxt sorts exact prices as text, where 9 stands above 10.
    best_first = Book(symbol, time, tuple(sorted(bids, key=_price, reverse=True)), tuple(sorted(asks, key=_price)))
    if best_first.bids[0].price >= best_first.asks[0].price:
        return f"the order book is crossed: bid {best_first.bids[0].price}, ask {best_first.asks[0].price}"
    return best_first


def _candle(row: Sequence[Any]) -> Candle | None:
    if len(row) < 6:  # noqa: PLR2004 - time, four prices, volume
        return None
    time = moment(row[0])
    opening, high, low, close = (number(value) for value in row[1:5])
    if time is None or opening is None or high is None or low is None or close is None:
        return None
    return Candle(time, opening, high, low, close, number(row[5]) or ZERO)


def _levels(rows: object, size: Decimal) -> list[Level] | None:
    if not isinstance(rows, Sequence):
        return None
    found: list[Level] = []
    for row in rows:
        price, quantity = above_zero(row[0]), number(row[1])
        if price is None or quantity is None:
            return None
        if quantity > 0:
            found.append(Level(price, quantity * size))
    return found


def _price(level: Level) -> Decimal:
    return level.price


def _max_leverage(limits: Mapping[str, Any], tiers: tuple[LeverageTier, ...]) -> int:
    listed = above_zero(_part(limits, "leverage").get("max"))
    return int(listed) if listed is not None else max((tier.max_leverage for tier in tiers), default=1)


def _price_band(info: Mapping[str, Any]) -> Decimal:
    ratios = [above_zero(info.get(name)) for name in ("buyLimitPriceRatio", "sellLimitPriceRatio")]
    return min((ratio for ratio in ratios if ratio is not None), default=DEFAULT_PRICE_BAND)


def _last(ticker: Mapping[str, Any], info: Mapping[str, Any]) -> Decimal | None:
    # Where a venue sends 0 or nothing, ccxt makes up a last price from the opening price and the day's change.
    raw = next((name for name in RAW_LAST if name in info), None)
    return number(ticker.get("last") if raw is None else info[raw])


def _step(value: object, precision_mode: int) -> Decimal | None:
    step = number(value)
    if step is None or precision_mode != DECIMAL_PLACES:
        return step if step is None or step > 0 else None
    return Decimal(1).scaleb(-int(step))


def _absent(what: str, info: Mapping[str, Any], names: Sequence[str]) -> str:
    raw = next((str(info[name]) for name in names if info.get(name) is not None), None)
    return f"the venue gave no {what}" if raw in {None, ""} else f"the venue gave {legible(raw)} as {what}"


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, Mapping) else {}
