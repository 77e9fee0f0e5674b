"""Rows in the shapes of Bitget's v2 futures market endpoints (2025-06 to 2026-02, as ccxt reads them); every number is text. Pure."""

from decimal import Decimal
from typing import Any

from app.sandbox.prices.bars import DAY_MINUTES, MINUTE_MS, Bars
from app.sandbox.prices.contracts import (
    FUNDING_HOURS,
    FUNDING_MS,
    LISTED_SINCE_MINUTE,
    MAKER_FEE,
    MIN_NOTIONAL,
    TAKER_FEE,
    VOLUME_PLACES,
    Contract,
)
from app.sandbox.prices.feed import Kind
from app.sandbox.venue.depth import Depth
from app.sandbox.venue.quotes import Sight
from app.sandbox.venue.wire import decimal_text, plain_text, ratio_text

CENTS_PLACES = 2
FUNDING_RATE_MAX = "0.003"


def contract_row(contract: Contract) -> dict[str, Any]:
    """A row of `contracts`."""
    lot = decimal_text(1, contract.lot_places)
    return {
        "symbol": contract.symbol,
        "baseCoin": contract.base,
        "quoteCoin": "USDT",
        "buyLimitPriceRatio": "0.05",
        "sellLimitPriceRatio": "0.05",
        "feeRateUpRatio": "0.005",
        "makerFeeRate": plain_text(MAKER_FEE),
        "takerFeeRate": plain_text(TAKER_FEE),
        "openCostUpRatio": "0.01",
        "supportMarginCoins": ["USDT"],
        "minTradeNum": lot,
        "priceEndStep": "1",
        "volumePlace": str(contract.lot_places),
        "pricePlace": str(contract.price_places),
        "sizeMultiplier": lot,
        "symbolType": "perpetual",
        "minTradeUSDT": plain_text(MIN_NOTIONAL),
        "maxSymbolOrderNum": "200",
        "maxProductOrderNum": "400",
        "maxPositionNum": "150",
        "symbolStatus": "normal",
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": "",
        "deliveryStartTime": "",
        "deliveryPeriod": "",
        "launchTime": str(LISTED_SINCE_MINUTE * MINUTE_MS),
        "fundInterval": str(FUNDING_HOURS),
        "minLever": "1",
        "maxLever": str(contract.max_leverage),
        "posLimit": "0.1",
        "maintainTime": "",
        "maxMarketOrderQty": decimal_text(contract.max_market_lots, contract.lot_places),
        "maxOrderQty": decimal_text(contract.max_market_lots * 5, contract.lot_places),
        "isRwa": "NO",
    }


def tier_rows(contract: Contract) -> list[dict[str, str]]:
    """Rows of `query-position-lever`."""
    lowers = [0, *(tier.upper for tier in contract.tiers)]
    return [
        {
            "symbol": contract.symbol,
            "level": str(level),
            "startUnit": str(lower),
            "endUnit": str(tier.upper),
            "leverage": str(tier.leverage),
            "keepMarginRate": plain_text(tier.rate.normalize()),
        }
        for level, (lower, tier) in enumerate(zip(lowers, contract.tiers, strict=False), start=1)
    ]


def ticker_row(seen: Sight) -> dict[str, Any]:
    """A row of `tickers`."""
    contract, day, depth = seen.contract, seen.past_day(), seen.depth()
    last, opened = int(day.close[-1]), int(day.open[0])
    today = int(day.open[day.minute.searchsorted(seen.as_of_ms // MINUTE_MS // DAY_MINUTES * DAY_MINUTES)])
    turnover = decimal_text(int(day.turnover.sum()), CENTS_PLACES)

    def price(ticks: int) -> str:
        return decimal_text(ticks, contract.price_places)

    def lots(size: int) -> str:
        return decimal_text(size, contract.lot_places)

    return {
        "symbol": contract.symbol,
        "lastPr": price(last),
        "askPr": price(depth.asks[0][0]),
        "bidPr": price(depth.bids[0][0]),
        "bidSz": lots(depth.bids[0][1]),
        "askSz": lots(depth.asks[0][1]),
        "high24h": price(int(day.high.max())),
        "low24h": price(int(day.low.min())),
        "ts": str(seen.as_of_ms),
        "change24h": ratio_text(last, opened),
        "baseVolume": decimal_text(int(day.volume.sum()), VOLUME_PLACES),
        "quoteVolume": turnover,
        "usdtVolume": turnover,
        "openUtc": price(today),
        "changeUtc24h": ratio_text(last, today),
        "indexPrice": price(seen.price(Kind.INDEX)),
        "fundingRate": plain_text(current_rate(seen)),
        "holdingAmount": open_interest(seen),
        "deliveryStartTime": None,
        "deliveryTime": None,
        "deliveryStatus": "",
        "open24h": price(opened),
        "markPrice": price(seen.price(Kind.MARK)),
    }


def symbol_price_row(seen: Sight) -> dict[str, str]:
    """A row of `symbol-price`."""
    places = seen.contract.price_places
    return {
        "symbol": seen.contract.symbol,
        "price": decimal_text(seen.price(Kind.LAST), places),
        "indexPrice": decimal_text(seen.price(Kind.INDEX), places),
        "markPrice": decimal_text(seen.price(Kind.MARK), places),
        "ts": str(seen.as_of_ms),
    }


def candle_rows(bars: Bars, contract: Contract) -> list[list[str]]:
    """Rows of `candles`: time, open, high, low, close, volume in base coin, volume in USDT."""
    places = contract.price_places
    columns = (bars.minute, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.turnover)
    return [
        [
            str(minute * MINUTE_MS),
            decimal_text(opening, places),
            decimal_text(high, places),
            decimal_text(low, places),
            decimal_text(close, places),
            decimal_text(volume, VOLUME_PLACES),
            decimal_text(turnover, CENTS_PLACES),
        ]
        for minute, opening, high, low, close, volume, turnover in zip(*(column.tolist() for column in columns), strict=True)
    ]


def depth_row(depth: Depth, contract: Contract, levels: int) -> dict[str, Any]:
    """The answer of `merge-depth`; its levels are the one place where the venue writes JSON numbers."""

    def level(ticks: int, lots: int) -> list[float]:
        # The shortest text of such a float is the exact decimal again.
        return [float(decimal_text(ticks, contract.price_places)), float(decimal_text(lots, contract.lot_places))]

    return {
        "asks": [level(*one) for one in depth.asks[:levels]],
        "bids": [level(*one) for one in depth.bids[:levels]],
        "ts": str(depth.time_ms),
        "scale": decimal_text(1, contract.price_places),
        "precision": "scale0",
        "isMaxPrecision": "NO",
    }


def funding_row(seen: Sight) -> dict[str, str]:
    """A row of `current-fund-rate`."""
    return {
        "symbol": seen.contract.symbol,
        "fundingRate": plain_text(current_rate(seen)),
        "fundingRateInterval": str(FUNDING_HOURS),
        "nextUpdate": str(next_funding_ms(seen)),
        "minFundingRate": f"-{FUNDING_RATE_MAX}",
        "maxFundingRate": FUNDING_RATE_MAX,
    }


def funding_time_row(seen: Sight) -> dict[str, str]:
    """A row of `funding-time`."""
    return {"symbol": seen.contract.symbol, "nextFundingTime": str(next_funding_ms(seen)), "ratePeriod": str(FUNDING_HOURS)}


def funding_history_rows(seen: Sight, size: int, page: int) -> list[dict[str, str]]:
    """A page of `history-fund-rate`, newest first."""
    newest_first = seen.feed.carry.settled(seen.contract.symbol, seen.now_ms)[::-1]
    return [
        {"symbol": seen.contract.symbol, "fundingRate": plain_text(rate), "fundingTime": str(at)}
        for at, rate in newest_first[(page - 1) * size : page * size]
    ]


def open_interest_row(seen: Sight) -> dict[str, Any]:
    """The answer of `open-interest`."""
    return {"openInterestList": [{"symbol": seen.contract.symbol, "size": open_interest(seen)}], "ts": str(seen.as_of_ms)}


def current_rate(seen: Sight) -> Decimal | None:
    """The rate expected at the next settlement."""
    return seen.feed.carry.current_rate(seen.contract.symbol, seen.now_ms)


def next_funding_ms(seen: Sight) -> int:
    """The next 00, 08 or 16 UTC."""
    return (seen.now_ms // FUNDING_MS + 1) * FUNDING_MS


def open_interest(seen: Sight) -> str:
    """Base coins, or the empty text when the source doesn't say."""
    lots = seen.feed.carry.open_interest(seen.contract.symbol, seen.as_of_ms)
    return "" if lots is None else decimal_text(lots, seen.contract.lot_places)
