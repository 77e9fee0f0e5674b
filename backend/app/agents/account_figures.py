"""The numbers of one contestant's side of a scene, apart from the words that show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.agents.scene import ClosedTrade, PastDecision, PositionPlan, Scene, Seat
from app.engine.instruments import Instrument
from app.engine.margin import counted_pnl, free_balance, liquidation_prices
from app.engine.money import CASH_STEP
from app.engine.positions import Position


@dataclass(frozen=True, slots=True)
class PositionFigures:
    """An open position. Prices on `tick`, money in USDT, quantity in the base coin and always positive; None where it can't be told."""

    symbol: str
    side: str
    quantity: Decimal
    entry: Decimal
    leverage: int
    tick: Decimal
    mark: Decimal | None = None
    notional: Decimal | None = None
    margin: Decimal | None = None
    pnl: Decimal | None = None
    funding: Decimal | None = None
    liquidation: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    opened_at: datetime | None = None
    plan: PositionPlan | None = None

    @property
    def risk(self) -> Decimal | None:
        """USDT lost between entry and stop, before fees; None without a stop. Negative when the stop stands beyond the entry."""
        if self.stop_loss is None:
            return None
        return (self.entry - self.stop_loss) * self.quantity * (1 if self.side == "long" else -1)


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """What one contestant sees of itself, USDT. Lists run oldest to newest. `ticks` are the steps that past prices are shown on."""

    cycle_number: int
    at: datetime
    minutes: int
    times_asked: int
    equity: Decimal
    initial: Decimal
    available: Decimal
    sharpe: float | None
    positions: tuple[PositionFigures, ...] = ()
    past: Sequence[PastDecision] = ()
    closed: Sequence[ClosedTrade] = ()
    ticks: Mapping[str, Decimal] | None = None
    entries_open: bool = True
    close_only: bool = False
    close_only_why: str | None = None

    @property
    def total_return(self) -> Decimal | None:
        """Equity against the starting capital, as a fraction."""
        return None if self.initial <= 0 else self.equity / self.initial - 1

    def tick(self, symbol: str) -> Decimal:
        """The price step of a contract; of one that has left the contest the finest there is."""
        return (self.ticks or {}).get(symbol, CASH_STEP)


def account_figures(scene: Scene, seat: Seat) -> AccountFigures:
    """The numbers of a seat in a scene."""
    account, marks, rules = seat.account, scene.snapshot.marks, scene.rules
    instruments = scene.snapshot.instruments
    liquidations = liquidation_prices(account, marks, instruments, rules.margin_mode)
    return AccountFigures(
        cycle_number=scene.cycle_number,
        at=scene.snapshot.taken_at,
        minutes=max(0, int((scene.snapshot.taken_at - seat.joined_at).total_seconds() // 60)),
        times_asked=seat.times_asked,
        equity=account.wallet + counted_pnl(account, marks, rules.margin_mode),
        initial=seat.initial,
        available=max(Decimal(0), free_balance(account, marks, rules.margin_mode)),
        sharpe=seat.sharpe,
        positions=tuple(
            _position(held, marks.get(symbol), instruments.get(symbol), liquidations[symbol], seat.plans.get(symbol))
            for symbol, held in account.positions.items()
        ),
        past=seat.past,
        closed=seat.closed,
        ticks={symbol: one.tick for symbol, one in instruments.items()},
        entries_open=rules.entries_open,
        close_only=seat.close_only,
        close_only_why=seat.close_only_why,
    )


def _position(
    held: Position, mark: Decimal | None, instrument: Instrument | None, liquidation: Decimal | None, plan: PositionPlan | None
) -> PositionFigures:
    return PositionFigures(
        symbol=held.symbol,
        side=held.side.value,
        quantity=held.quantity,
        entry=held.entry_price,
        leverage=held.leverage,
        tick=CASH_STEP if instrument is None else instrument.tick,
        mark=mark,
        notional=None if mark is None else held.notional(mark),
        margin=held.margin,
        pnl=None if mark is None else held.unrealised_pnl(mark),
        funding=held.trade.funding,
        liquidation=liquidation,
        stop_loss=held.stop_loss,
        take_profit=held.take_profit,
        opened_at=held.trade.opened_at,
        plan=plan,
    )
