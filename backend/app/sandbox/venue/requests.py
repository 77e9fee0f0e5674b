"""What a request to the venue asks for, checked the way Bitget checks it: refusals carry Bitget's codes and HTTP 400. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.sandbox.prices.contracts import Contract

PRODUCT = "USDT-FUTURES"
OTHER_PRODUCTS = frozenset({"COIN-FUTURES", "USDC-FUTURES", "SUSDT-FUTURES", "SCOIN-FUTURES", "SUSDC-FUTURES"})
EMPTY = "40019"
UNKNOWN = "40034"
INVALID = "400172"
RANGE = "40054"


class VenueRefusal(Exception):  # noqa: N818 - what the venue answers, not a fault of ours
    """Answered with HTTP 400 and the venue's error envelope."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Query:
    """Query parameters of one request."""

    values: Mapping[str, str]

    def text(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.values.get(name, "")
        if not value:
            raise VenueRefusal(EMPTY, f"Parameter {name} cannot be empty")
        return value

    def count(self, name: str, default: int, most: int) -> int:
        """A whole number from 1; more than `most` is refused."""
        value = self.values.get(name) or str(default)
        if not (value.isascii() and value.isdigit()) or not 1 <= int(value) <= most:
            raise VenueRefusal(INVALID, f"Parameter verification failed: {name} must be a whole number from 1 to {most}")
        return int(value)

    def moment(self, name: str) -> int | None:
        """A Unix stamp in milliseconds, or None when it is not asked for."""
        value = self.values.get(name, "")
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= 16):  # noqa: PLR2004 - far beyond any calendar
            raise VenueRefusal(INVALID, f"Parameter verification failed: {name} must be Unix milliseconds")
        return int(value)

    def lists_usdt(self) -> bool:
        """Whether the product type is the one that is listed here; other known ones are empty, unknown ones refused."""
        product = self.text("productType").upper()
        if product not in OTHER_PRODUCTS | {PRODUCT}:
            raise VenueRefusal(INVALID, "Parameter verification failed: productType")
        return product == PRODUCT

    def contract(self, listed: Mapping[str, Contract]) -> Contract:
        """The contract that `symbol` names."""
        symbol = self.text("symbol").upper()
        if not self.lists_usdt() or symbol not in listed:
            raise VenueRefusal(UNKNOWN, f"Parameter {symbol} does not exist")
        return listed[symbol]
