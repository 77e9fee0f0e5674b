"""Where contestants stand at the end of a replay. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from app.replay.stored import Lane


@dataclass(frozen=True, slots=True)
class Standing:
    """One contestant's result: equity at the last sound marks, fees, and funding signed to the contestant, USDT.

    `unseen_minutes` counts minutes in which a position had no stored bar to be judged by.
    """

    contestant: str
    equity: Decimal
    fees: Decimal
    funding: Decimal
    trades: int
    liquidations: int
    refusals: int
    unseen_minutes: int


def standings(lane: Lane) -> list[Standing]:
    """One row a contestant, in the order of the line-up."""
    return [
        Standing(
            name,
            one.account.equity(lane.marks),
            one.rows.total("fees"),
            one.rows.total("funding"),
            one.account.trades_opened,
            one.rows.liquidations,
            one.refusals,
            one.unseen_minutes,
        )
        for name, one in lane.runners.items()
    ]
