"""Orders that leave: reduce and close at market. Reduce-only: never more than is held, never the other side."""

from decimal import Decimal

from app.engine.books import Level, walk
from app.engine.fills import Leaving, leave
from app.engine.instruments import Instrument
from app.engine.money import ZERO, floor_to
from app.engine.order_checks import above_order_limit, outside_band, unfit_fraction, unfit_notional
from app.engine.orders import CloseOrder, RefusalCode, Refused
from app.engine.placing import Changed, Round, execution, left_open, levels_of_book, position_of
from app.engine.positions import Account, Position
from app.engine.rules import MarginMode
from app.engine.trades import Purpose, Side


def close(account: Account, order: CloseOrder, now: Round) -> Changed | Refused:
    """Close all or part of a position by walking the book."""
    market, held = now.market, position_of(account, order.symbol, "")
    if isinstance(held, Refused):
        return held
    instrument, buying = market.instruments[order.symbol], held.side is Side.SHORT
    refused = unfit_fraction(order.fraction) if order.notional is None else unfit_notional(order.notional)
    if refused is not None:
        return refused
    levels = levels_of_book(market, order.symbol, buying=buying)
    if isinstance(levels, Refused):
        return levels
    wanted = _wanted(order, held, levels)
    quantity = held.quantity if wanted == held.quantity else floor_to(wanted, instrument.lot)
    refused = _unfit_quantity(wanted, quantity, instrument) or _unfit_part(quantity, held, instrument)
    if refused is not None:
        return refused
    filled = walk(levels, quantity, buying=buying, instrument=instrument)
    refused = outside_band(filled.price, market.marks[order.symbol], instrument)
    if refused is not None:
        return refused
    purpose = Purpose.CLOSE if quantity == held.quantity else Purpose.REDUCE
    still_open = left_open(account, held, quantity, market) if market.rules.margin_mode is MarginMode.CROSS else ZERO
    why = Leaving(purpose, instrument.taker_fee_rate, market.rules.margin_mode, now.index, still_open=still_open)
    after, fact = leave(account, held, execution(filled, now.at), why)
    return after, (fact,)


def _wanted(order: CloseOrder, held: Position, levels: tuple[Level, ...]) -> Decimal:
    """Base coin, before rounding to the lot; never more than is held."""
    if order.notional is not None:
        return min(order.notional / levels[0].price, held.quantity)
    return held.quantity * (order.fraction or 0)


def _unfit_quantity(wanted: Decimal, quantity: Decimal, instrument: Instrument) -> Refused | None:
    if quantity == 0:
        return Refused(RefusalCode.ROUNDS_TO_ZERO, f"that part is below one lot of {instrument.lot}", wanted, instrument.lot)
    return above_order_limit(quantity, instrument)


def _unfit_part(quantity: Decimal, held: Position, instrument: Instrument) -> Refused | None:
    if quantity == held.quantity or quantity >= instrument.min_quantity:
        return None
    message = "below the contract's smallest quantity; the whole position can always be closed"
    return Refused(RefusalCode.QUANTITY_TOO_SMALL, message, instrument.min_quantity, quantity)
