"""What the venue says about a contract: steps, minimums, fees, leverage tiers. Values only; the market ring fetches them."""

from dataclasses import dataclass, field
from decimal import Decimal

from app.engine.money import ZERO


@dataclass(frozen=True, slots=True)
class LeverageTier:
    """One row of the venue's position tiers: for a notional in (`lower`, `upper`] USDT."""

    level: int
    lower: Decimal
    upper: Decimal
    max_leverage: int
    maintenance_rate: Decimal


@dataclass(frozen=True, slots=True)
class Instrument:
    """A linear USDT perpetual with contract size 1. Prices in USDT, quantities in the base coin, rates as fractions.

    `deductions` follow from the tiers, one each, USDT.
    """

    symbol: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    max_market_quantity: Decimal | None
    taker_fee_rate: Decimal
    maker_fee_rate: Decimal
    max_leverage: int
    funding_interval_hours: int
    price_band: Decimal
    tiers: tuple[LeverageTier, ...]
    deductions: tuple[Decimal, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work the deductions out once: they are asked for with every bar a position is judged on."""
        object.__setattr__(self, "deductions", deductions(self.tiers))

    def tier(self, notional: Decimal) -> LeverageTier | None:
        """The tier a notional falls in, the last one beyond all of them; None when the venue gave no tiers."""
        for tier in self.tiers:
            if notional <= tier.upper:
                return tier
        return self.tiers[-1] if self.tiers else None

    def leverage_limit(self, notional: Decimal) -> int:
        """Highest leverage the venue allows for a position of this notional."""
        tier = self.tier(notional)
        return self.max_leverage if tier is None else min(self.max_leverage, tier.max_leverage)


def deductions(tiers: tuple[LeverageTier, ...]) -> tuple[Decimal, ...]:
    """USDT to take off `notional x rate` in each tier so that maintenance margin is marginal and continuous:
    D_1 = 0, D_k = D_(k-1) + lower_k * (m_k - m_(k-1)), where a tier begins where the one before ends, whatever the venue's row says.
    """
    amounts: list[Decimal] = []
    for index, tier in enumerate(tiers):
        if index == 0:
            amounts.append(ZERO)
            continue
        amounts.append(amounts[-1] + tiers[index - 1].upper * (tier.maintenance_rate - tiers[index - 1].maintenance_rate))
    return tuple(amounts)
