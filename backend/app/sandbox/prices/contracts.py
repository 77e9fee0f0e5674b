"""The contracts the sandbox lists and their terms, of the size the real ones have. Data only.

Leverage tiers are in the marginal form (domain rule: maintenance = notional x rate - deduction); bounds and rates follow the shape that
Bitget published for BTCUSDT in June 2025, scaled by how deep the market of each coin is.
"""

from dataclasses import dataclass
from decimal import Decimal

from app.sandbox.prices.bars import DAY_MINUTES

FUNDING_HOURS = 8
FUNDING_MS = FUNDING_HOURS * 3_600_000
TAKER_FEE = Decimal("0.0006")
MAKER_FEE = Decimal("0.0002")
MIN_NOTIONAL = Decimal(5)
VOLUME_PLACES = 4
LISTED_SINCE_MINUTE = 18_262 * DAY_MINUTES
"""2020-01-01: nothing traded before."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A leverage tier: notional up to `upper` USDT allows `leverage`, at maintenance `rate` on the part above the tier below."""

    upper: int
    leverage: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Contract:
    """Terms of a USDT perpetual. Tick and lot are 10^-places; volumes of bars are counted in 10^-VOLUME_PLACES coins."""

    symbol: str
    base: str
    price_places: int
    lot_places: int
    max_market_lots: int
    tiers: tuple[Tier, ...]

    @property
    def max_leverage(self) -> int:
        """Leverage of the smallest tier."""
        return self.tiers[0].leverage


_SHAPE = (
    (150_000, 1, "0.004"),
    (900_000, "0.8", "0.005"),
    (12_000_000, "0.4", "0.01"),
    (38_000_000, "0.2", "0.015"),
    (50_000_000, "0.16", "0.03"),
    (100_000_000, "0.08", "0.05"),
    (150_000_000, "0.04", "0.12"),
    (200_000_000, "0.032", "0.15"),
    (250_000_000, "0.024", "0.2"),
    (400_000_000, "0.016", "0.3"),
    (1_200_000_000, "0.008", "0.6"),
)


def _tiers(leverage: int, size: str, rate: str) -> tuple[Tier, ...]:
    def step(upper: int, share: int | str, bare: str) -> Tier:
        return Tier(int(upper * Decimal(size)), max(1, int(leverage * Decimal(share))), min(Decimal(bare) * Decimal(rate), Decimal("0.9")))

    return tuple(step(*row) for row in _SHAPE)


CONTRACTS = {
    contract.symbol: contract
    for contract in (
        Contract("BTCUSDT", "BTC", 1, 4, 2_200_000, _tiers(125, "1", "1")),
        Contract("ETHUSDT", "ETH", 2, 2, 400_000, _tiers(125, "0.6", "1")),
        Contract("SOLUSDT", "SOL", 2, 1, 250_000, _tiers(100, "0.25", "1.25")),
        Contract("BNBUSDT", "BNB", 2, 2, 300_000, _tiers(75, "0.1", "1.25")),
        Contract("XRPUSDT", "XRP", 4, 0, 2_500_000, _tiers(75, "0.2", "1.25")),
        Contract("DOGEUSDT", "DOGE", 5, 0, 15_000_000, _tiers(75, "0.15", "1.5")),
    )
}
