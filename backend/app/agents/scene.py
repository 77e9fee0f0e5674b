"""What a prompt may show, as values: the scene is the same for everybody in one cycle, the seat belongs to one contestant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.engine.market import Snapshot
from app.engine.positions import Account
from app.engine.rules import Rules


@dataclass(frozen=True, slots=True)
class Scene:
    """One cycle as everybody sees it. `open_interest_means` (base coin) are means of the arena's own samples over the last day."""

    cycle_number: int
    snapshot: Snapshot
    rules: Rules
    interval_minutes: int
    open_interest_means: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PositionPlan:
    """What the contestant itself said of a position it holds: its invalidation, confidence and reason when it last decided on it."""

    symbol: str
    decided_at: datetime
    invalidation: str | None
    confidence: Decimal | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class PastFill:
    """What a past decision did: quantity in the base coin, price and fee in USDT."""

    purpose: str
    quantity: Decimal
    price: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class PastDecision:
    """One of the contestant's earlier decisions and what became of it. `code` and `message` are the arena's words, never the model's."""

    at: datetime
    action: str
    symbol: str | None
    notional: Decimal | None
    leverage: int | None
    close_fraction: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    verdict: str
    code: str | None
    message: str | None
    fills: tuple[PastFill, ...] = ()


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """A finished round trip of the contestant. Profit, fees and funding in USDT."""

    symbol: str
    side: str
    leverage: int
    opened_at: datetime
    closed_at: datetime
    entry_price: Decimal
    exit_price: Decimal
    quantity: Decimal
    net_pnl: Decimal
    fees: Decimal
    funding: Decimal
    exit_reason: str


@dataclass(frozen=True, slots=True)
class Seat:
    """One contestant's side of the prompt. Lists run oldest to newest. `close_only` means that opening is refused now, `close_only_why`
    says why in the arena's words. `sharpe` is per period over the cycle grid, None when it can't be told yet.
    """

    account: Account
    initial: Decimal
    joined_at: datetime
    times_asked: int
    plans: Mapping[str, PositionPlan] = field(default_factory=dict)
    past: Sequence[PastDecision] = ()
    closed: Sequence[ClosedTrade] = ()
    close_only: bool = False
    close_only_why: str | None = None
    sharpe: float | None = None
