"""Reasons to refuse an order, one question each: what the contest, the contract, the market or the account does not allow.

Each returns a Refused with the numbers that matter, or None. Vocabulary: the venue's own refusals.
"""

from dataclasses import dataclass
from decimal import Decimal

from app.engine.instruments import Instrument
from app.engine.money import round_to
from app.engine.orders import OpenOrder, RefusalCode, Refused
from app.engine.positions import Account, Position
from app.engine.trades import Side

MAX_PRICE_BAND = Decimal("0.02")
"""A fill further than this from mark is refused, whatever the venue's own band allows."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What this contest allows. `slippage` is the fraction lost by a triggered exit that has no book to walk."""

    max_leverage: int = 20
    slippage: Decimal = Decimal("0.0005")
    entries_open: bool = True


def unfit_open(order: OpenOrder, rules: Rules, held: Position | None) -> Refused | None:
    if not rules.entries_open:
        return Refused(RefusalCode.CLOSE_ONLY, "the operator has stopped new entries; positions can be reduced and closed")
    if not order.notional.is_finite() or order.notional <= 0:
        return Refused(RefusalCode.SIZE_INVALID, "notional_usdt must be a finite number above zero", needed=finite_or_none(order.notional))
    if order.leverage < 1:
        return Refused(
            RefusalCode.LEVERAGE_INVALID, "leverage must be a whole number from 1", needed=Decimal(order.leverage), available=Decimal(1)
        )
    if order.leverage > rules.max_leverage:
        message = f"this contest allows at most {rules.max_leverage}x"
        return Refused(RefusalCode.LEVERAGE_ABOVE_CAP, message, Decimal(order.leverage), Decimal(rules.max_leverage))
    if held is not None and held.side is not order.side:
        return Refused(RefusalCode.OPPOSITE_WITHOUT_CLOSE, f"{order.symbol} is held {held.side}; flipping is not offered, close it first")
    if held is not None and held.leverage != order.leverage:
        message = f"{order.symbol} is held at {held.leverage}x; changing the leverage of an open position is not offered"
        return Refused(RefusalCode.LEVERAGE_CHANGE, message, Decimal(order.leverage), Decimal(held.leverage))
    return None


def unfit_quantity(quantity: Decimal, price: Decimal, instrument: Instrument) -> Refused | None:
    if quantity == 0:
        return Refused(
            RefusalCode.ROUNDS_TO_ZERO, f"the notional is below one lot of {instrument.lot} {instrument.symbol}", needed=instrument.lot
        )
    if quantity < instrument.min_quantity:
        return Refused(RefusalCode.QUANTITY_TOO_SMALL, "below the contract's smallest quantity", instrument.min_quantity, quantity)
    if quantity * price < instrument.min_notional:
        return Refused(
            RefusalCode.BELOW_MIN_NOTIONAL, "below the contract's smallest notional, USDT", instrument.min_notional, quantity * price
        )
    limit = instrument.max_market_quantity
    if limit is not None and quantity > limit:
        return Refused(RefusalCode.QUANTITY_TOO_LARGE, "above the contract's largest market order", quantity, limit)
    return None


def unfit_leverage(order: OpenOrder, instrument: Instrument, held: Position | None, notional: Decimal, mark: Decimal) -> Refused | None:
    cap = instrument.max_leverage
    if order.leverage > cap:
        return Refused(RefusalCode.LEVERAGE_ABOVE_CAP, f"{instrument.symbol} allows at most {cap}x", Decimal(order.leverage), Decimal(cap))
    total = notional + (held.notional(mark) if held else 0)
    limit = instrument.leverage_limit(total)
    if order.leverage > limit:
        message = f"a position of {total:.2f} USDT in {instrument.symbol} allows at most {limit}x"
        return Refused(RefusalCode.ABOVE_TIER_MAX_LEVERAGE, message, Decimal(order.leverage), Decimal(limit))
    return None


def outside_band(price: Decimal, mark: Decimal, instrument: Instrument) -> Refused | None:
    band = min(instrument.price_band, MAX_PRICE_BAND)
    distance = abs(price / mark - 1)
    if distance <= band:
        return None
    return Refused(RefusalCode.PRICE_BAND, f"the fill at {price:f} would be too far from mark {mark:f}", needed=distance, available=band)


def wrong_side(side: Side, stops: tuple[Decimal | None, Decimal | None], mark: Decimal) -> Refused | None:
    stop_loss, take_profit = stops
    if stop_loss is not None and (stop_loss <= 0 or side.sign * (mark - stop_loss) <= 0):
        where = "below" if side is Side.LONG else "above"
        return Refused(RefusalCode.SL_WRONG_SIDE, f"the stop loss of a {side} must lie {where} mark", needed=stop_loss, available=mark)
    if take_profit is not None and (take_profit <= 0 or side.sign * (take_profit - mark) <= 0):
        where = "above" if side is Side.LONG else "below"
        return Refused(RefusalCode.TP_WRONG_SIDE, f"the take profit of a {side} must lie {where} mark", needed=take_profit, available=mark)
    return None


def too_dear(needed: Decimal, account: Account) -> Refused | None:
    if needed <= account.available:
        return None
    return Refused(RefusalCode.INSUFFICIENT_MARGIN, "margin and fee are more than the free balance, USDT", needed, account.available)


def stops_on_tick(stop_loss: Decimal | None, take_profit: Decimal | None, instrument: Instrument) -> tuple[Decimal | None, Decimal | None]:
    def on_tick(level: Decimal | None) -> Decimal | None:
        return None if level is None else round_to(level, instrument.tick)

    return on_tick(stop_loss), on_tick(take_profit)


def unfit_levels(*levels: Decimal | None) -> Refused | None:
    """An exit level that is not a finite number."""
    if all(level is None or level.is_finite() for level in levels):
        return None
    return Refused(RefusalCode.STOP_INVALID, "stop_loss and take_profit must be finite numbers")


def finite_or_none(value: Decimal) -> Decimal | None:
    """A number fit to be stored beside a refusal."""
    return value if value.is_finite() else None
