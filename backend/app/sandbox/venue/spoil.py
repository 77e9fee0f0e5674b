"""Absurd prices put into otherwise good rows. Pure."""

from collections.abc import Mapping
from typing import Any

from app.sandbox.faults import Absurdity

PRICE_FIELDS = frozenset({"lastPr", "askPr", "bidPr", "high24h", "low24h", "openUtc", "open24h", "indexPrice", "markPrice", "price"})
RATE_FIELDS = frozenset({"fundingRate"})
CANDLE_PRICES = range(1, 5)


def spoiled_text(text: str, how: Absurdity) -> str:
    """An absurd number instead of a decimal text."""
    match how:
        case Absurdity.THOUSANDFOLD:
            whole, _, part = text.partition(".")
            digits = f"{whole}{part.ljust(3, '0')[:3]}".lstrip("0") or "0"
            return f"{digits}.{part[3:]}" if part[3:] else digits
        case Absurdity.ZERO:
            return "0"
        case Absurdity.NEGATIVE:
            return f"-{text}"
        case Absurdity.NAN:
            return "NaN"


def spoiled_row(row: Mapping[str, Any], how: Absurdity) -> dict[str, Any]:
    """A ticker or price row with absurd prices; a funding row with an absurd rate."""
    named = PRICE_FIELDS if PRICE_FIELDS & row.keys() else RATE_FIELDS
    return {name: spoiled_text(value, how) if name in named and value else value for name, value in row.items()}


def spoiled_candle(row: list[str], how: Absurdity) -> list[str]:
    """A candle row with absurd prices."""
    return [spoiled_text(value, how) if index in CANDLE_PRICES else value for index, value in enumerate(row)]


def spoiled_depth(row: Mapping[str, Any], how: Absurdity) -> dict[str, Any]:
    """A book with absurd prices; they become texts, for JSON has no NaN."""

    def side(levels: list[list[float]]) -> list[list[Any]]:
        return [[spoiled_text(repr(price), how), size] for price, size in levels]

    return {**row, "asks": side(row["asks"]), "bids": side(row["bids"])}
