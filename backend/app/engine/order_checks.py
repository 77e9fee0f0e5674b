"""Reasons to refuse an order, one question each: what the contest, the contract, the market or the account does not allow.

Each returns a Refused with the numbers that matter, or None. Vocabulary: the venue's own refusals.
"""

from decimal import Decimal

from app.engine.instruments import Instrument
from app.engine.money import round_to
from app.engine.orders import FlipOrder, OpenOrder, RefusalCode, Refused
from app.engine.rules import Rules
from app.engine.trades import Side

MAX_PRICE_BAND = Decimal("0.02")
"""A fill further than this from mark is refused, whatever the venue's own band allows."""


DIGITS_MAX = 30
"""A number of more places than this on either side is not written down beside a refusal."""

LARGEST = Decimal(10) ** 15
"""No amount or price of this market comes near; beyond it numbers would no longer be kept exactly."""


def unfit_entry(order: OpenOrder | FlipOrder, rules: Rules) -> Refused | None:
    """Entries stopped, a size or exit levels that are no numbers, a leverage outside the contest's."""
    if not rules.entries_open:
        return Refused(RefusalCode.CLOSE_ONLY, "the operator has stopped new entries; positions can be reduced and closed")
    return (
        (_unfit_size(order) if isinstance(order, OpenOrder) else unfit_notional(order.notional))
        or unfit_leverage(order.leverage, rules)
        or unfit_levels(order.stop_loss, order.take_profit)
    )


def _unfit_size(order: OpenOrder) -> Refused | None:
    if (order.notional is None) is (order.fraction is None):
        return Refused(RefusalCode.SIZE_INVALID, "an order needs either a notional or a fraction of the free balance")
    return unfit_fraction(order.fraction) if order.notional is None else unfit_notional(order.notional)


def unfit_notional(notional: Decimal) -> Refused | None:
    if notional.is_finite() and 0 < notional <= LARGEST:
        return None
    message = f"notional_usdt must be a number above zero and at most {LARGEST:f}"
    return Refused(RefusalCode.SIZE_INVALID, message, needed=finite_or_none(notional))


def unfit_fraction(fraction: Decimal | None) -> Refused | None:
    if fraction is not None and fraction.is_finite() and 0 < fraction <= 1:
        return None
    needed = None if fraction is None else finite_or_none(fraction)
    return Refused(RefusalCode.SIZE_INVALID, "a fraction must be above 0 and at most 1", needed=needed)


def unfit_leverage(leverage: int, rules: Rules) -> Refused | None:
    if leverage < 1:
        return Refused(
            RefusalCode.LEVERAGE_INVALID, "leverage must be a whole number from 1", needed=Decimal(leverage), available=Decimal(1)
        )
    if leverage > rules.max_leverage:
        message = f"this contest allows at most {rules.max_leverage}x"
        return Refused(RefusalCode.LEVERAGE_ABOVE_CAP, message, finite_or_none(Decimal(leverage)), Decimal(rules.max_leverage))
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
    return above_order_limit(quantity, instrument)


def above_order_limit(quantity: Decimal, instrument: Instrument) -> Refused | None:
    limit = instrument.max_market_quantity
    if limit is None or quantity <= limit:
        return None
    return Refused(RefusalCode.QUANTITY_TOO_LARGE, "above the contract's largest market order: do it in parts", quantity, limit)


def above_tier(leverage: int, notional: Decimal, instrument: Instrument) -> Refused | None:
    """A leverage that the contract, or its tier for a position of `notional` USDT, doesn't allow."""
    cap = instrument.max_leverage
    if leverage > cap:
        return Refused(RefusalCode.LEVERAGE_ABOVE_CAP, f"{instrument.symbol} allows at most {cap}x", Decimal(leverage), Decimal(cap))
    limit = instrument.leverage_limit(notional)
    if leverage > limit:
        message = f"a position of {notional:.2f} USDT in {instrument.symbol} allows at most {limit}x"
        return Refused(RefusalCode.ABOVE_TIER_MAX_LEVERAGE, message, Decimal(leverage), Decimal(limit))
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


def no_room(margin: Decimal, fee: Decimal, free: Decimal) -> Refused | None:
    """Why an entry can't be paid for: its margin, or only the fee on top of it."""
    if margin <= free < margin + fee:
        message = "the margin takes the free balance and leaves nothing for the fee, USDT"
        return Refused(RefusalCode.NO_ROOM_FOR_FEE, message, margin + fee, free)
    return too_dear(margin + fee, free)


def too_dear(needed: Decimal, free: Decimal) -> Refused | None:
    if needed <= free:
        return None
    return Refused(RefusalCode.INSUFFICIENT_MARGIN, "margin and fee are more than the free balance, USDT", needed, free)


def stops_on_tick(stop_loss: Decimal | None, take_profit: Decimal | None, instrument: Instrument) -> tuple[Decimal | None, Decimal | None]:
    def on_tick(level: Decimal | None) -> Decimal | None:
        return None if level is None else round_to(level, instrument.tick)

    return on_tick(stop_loss), on_tick(take_profit)


def unfit_levels(*levels: Decimal | None) -> Refused | None:
    """An exit level that is no number, or none of this market."""
    if all(level is None or (level.is_finite() and abs(level) <= LARGEST) for level in levels):
        return None
    return Refused(RefusalCode.STOP_INVALID, f"stop_loss and take_profit must be numbers of at most {LARGEST:f}")


def finite_or_none(value: Decimal) -> Decimal | None:
    """A number fit to be stored beside a refusal."""
    return value if value.is_finite() and abs(value.adjusted()) <= DIGITS_MAX else None
