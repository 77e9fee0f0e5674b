"""A small scene with a seat in it, its numbers made here by whole-number arithmetic: what a template's preview shows without an arena."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.agents.scene import ClosedTrade, PastDecision, PastFill, PositionPlan, Scene, Seat
from app.engine.instruments import Instrument, LeverageTier
from app.engine.market import Candle, Quote, Snapshot, SymbolView, Timeframe
from app.engine.money import to_cash_up
from app.engine.positions import Account, Position
from app.engine.rules import Rules
from app.engine.trades import Side, Trade

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BARS = 300
CAPITAL = Decimal(10_000)
WAVE = (0, 3, 5, 6, 5, 3, 0, -4, -6, -7, -6, -3)
"""A course of prices in thousandths, over and over."""


def sample_scene() -> Scene:
    """Two coins with prices of very different size, and one that can't be traded."""
    symbols = {
        "BTCUSDT": _view("BTCUSDT", Decimal(100_000), Decimal("0.1"), Decimal("0.0001")),
        "DOGEUSDT": _view("DOGEUSDT", Decimal("0.2"), Decimal("0.00001"), Decimal(1)),
        "ETHUSDT": SymbolView(_instrument("ETHUSDT", Decimal("0.01"), Decimal("0.01")), None, unusable="its price is 95 s old"),
    }
    means = {"BTCUSDT": Decimal("30120.5"), "DOGEUSDT": Decimal(14_902_118_000)}
    return Scene(7, Snapshot(NOON, "sample", symbols), Rules(), 5, means)


def sample_seat() -> Seat:
    """A contestant with a position, a plan, a refusal and a finished trade behind it."""
    opened = NOON - timedelta(minutes=25)
    return Seat(
        account=_account(opened),
        initial=CAPITAL,
        joined_at=NOON - timedelta(minutes=35),
        times_asked=6,
        plans={"BTCUSDT": PositionPlan("BTCUSDT", opened, "4h MACD turns negative", Decimal("0.65"), "The 5m trend points up")},
        past=(
            _decision(opened, "open_long", "BTCUSDT", "accepted", Decimal(1_000), fills=(_fill("open", "0.01", "99800", "0.5988"),)),
            _decision(
                NOON - timedelta(minutes=5),
                "open_short",
                "DOGEUSDT",
                "refused",
                Decimal(120_000),
                code="INSUFFICIENT_MARGIN",
                message="margin and fee need 12072.00 USDT, available are 9890.20",
            ),
        ),
        closed=(_trade(),),
        sharpe=-0.0214,
    )


def _account(opened: datetime) -> Account:
    entry, quantity, leverage = Decimal(99_800), Decimal("0.01"), 10
    trade = Trade(2, "BTCUSDT", Side.LONG, leverage, opened).entered(quantity, entry, Decimal("0.5988"))
    margin = to_cash_up(quantity * entry / leverage)
    held = Position("BTCUSDT", Side.LONG, quantity, entry, leverage, margin, Decimal(97_000), Decimal(104_000), opened, opened, trade)
    return Account("sample", Decimal("9890.20"), {"BTCUSDT": held}, 2)


def _decision(
    at: datetime,
    action: str,
    symbol: str,
    verdict: str,
    notional: Decimal,
    *,
    code: str | None = None,
    message: str | None = None,
    fills: tuple[PastFill, ...] = (),
) -> PastDecision:
    return PastDecision(at, action, symbol, notional, 10, None, None, None, verdict, code, message, fills)


def _fill(purpose: str, quantity: str, price: str, fee: str) -> PastFill:
    return PastFill(purpose, Decimal(quantity), Decimal(price), Decimal(fee))


def _trade() -> ClosedTrade:
    return ClosedTrade(
        symbol="DOGEUSDT",
        side="short",
        leverage=5,
        opened_at=NOON - timedelta(minutes=30),
        closed_at=NOON - timedelta(minutes=10),
        entry_price=Decimal("0.20151"),
        exit_price=Decimal("0.2025"),
        quantity=Decimal(5_000),
        net_pnl=Decimal("-6.16"),
        fees=Decimal("1.21"),
        funding=Decimal(0),
        exit_reason="stop_loss",
    )


def _view(symbol: str, price: Decimal, tick: Decimal, lot: Decimal) -> SymbolView:
    quote = Quote(
        symbol=symbol,
        time=NOON - timedelta(seconds=2),
        last=price,
        mark=price + tick,
        index=price - tick,
        bid=price - tick,
        ask=price,
        funding_rate=Decimal("0.0000125"),
        next_funding_time=NOON + timedelta(hours=4),
        open_interest=Decimal(3_000_000_000) / price,
        high_24h=_moved(price, 12, tick),
        low_24h=_moved(price, -9, tick),
        change_24h=Decimal("0.0042"),
        volume_24h_usdt=Decimal(1_250_000_000),
    )
    near, far = (_candles(price, tick, timeframe) for timeframe in (Timeframe.FIVE_MINUTES, Timeframe.FOUR_HOURS))
    return SymbolView(_instrument(symbol, tick, lot), quote, near, far)


def _candles(price: Decimal, tick: Decimal, timeframe: Timeframe) -> tuple[Candle, ...]:
    """Bars that end at noon, on a wave."""
    levels = [_moved(price, WAVE[index % len(WAVE)], tick) for index in range(BARS + 1)]
    span = price / 1000
    return tuple(
        Candle(
            NOON - timeframe.width * (BARS - index),
            levels[index],
            max(levels[index], levels[index + 1]) + span,
            min(levels[index], levels[index + 1]) - span,
            levels[index + 1],
            Decimal(10 + index % 7),
        )
        for index in range(BARS)
    )


def _moved(price: Decimal, thousandths: int, tick: Decimal) -> Decimal:
    return (price * (1000 + thousandths) / 1000).quantize(tick)


def _instrument(symbol: str, tick: Decimal, lot: Decimal) -> Instrument:
    return Instrument(
        symbol=symbol,
        tick=tick,
        lot=lot,
        min_quantity=lot,
        min_notional=Decimal(5),
        max_market_quantity=None,
        taker_fee_rate=Decimal("0.0006"),
        maker_fee_rate=Decimal("0.0002"),
        max_leverage=125,
        funding_interval_hours=8,
        price_band=Decimal("0.05"),
        tiers=(LeverageTier(1, Decimal(0), Decimal(150_000), 125, Decimal("0.004")),),
    )
