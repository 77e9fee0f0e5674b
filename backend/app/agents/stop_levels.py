"""Exit levels held against the prices that were shown: those on another scale are refused, those off the tick are rounded and noted.

Whether a level is on the right side of mark is the exchange's to say, at the price of the fill.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from app.agents.action_fields import Fields
from app.agents.codes import Code
from app.agents.findings import ActionRefusedError
from app.agents.reading import Shown
from app.agents.reply_numbers import FINEST, cut
from app.engine.money import CONTEXT, ceil_to, floor_to
from app.engine.trades import Side

STOP_DISTANCE_MAX = Decimal("0.5")
"""A stop loss further from mark than this part of it is on another scale."""

TARGET_FACTOR_MAX = Decimal(5)
"""A target above this many times mark, or below mark divided by it, is on another scale."""

PERCENT_MAX = Decimal(100)


def stop_loss(fields: Fields, name: str, symbol: str, side: Side | None, shown: Shown) -> Decimal | None:
    """The stop loss on tick; None when there is none. `side` is that of the position it protects, None when there is none."""
    level, mark = fields.number(name), shown.marks.get(symbol)
    if level is None or mark is None:
        return level if level is None else cut(level, FINEST)
    _refuse_percentage(level, name)
    if level <= 0 or abs(level / mark - 1) > STOP_DISTANCE_MAX:
        raise ActionRefusedError(Code.SL_SCALE, f"{name} lies more than half of mark {mark:f} away from it", name, level)
    distance = mark - level if side is Side.LONG else level - mark
    nearest = max(shown.spreads.get(symbol, shown.ticks[symbol]), shown.ticks[symbol])
    if side is not None and 0 < distance <= nearest:
        message = f"{name} lies within the spread of {nearest:f} at mark {mark:f} and would trigger at once"
        raise ActionRefusedError(Code.SL_INSIDE_SPREAD, message, name, level)
    return _on_tick(fields, name, level, mark, shown.ticks[symbol], Code.SL_OFF_TICK)


def take_profit(fields: Fields, name: str, symbol: str, shown: Shown) -> Decimal | None:
    """The take profit on tick; None when there is none."""
    level, mark = fields.number(name), shown.marks.get(symbol)
    if level is None or mark is None:
        return level if level is None else cut(level, FINEST)
    _refuse_percentage(level, name)
    if level <= 0 or level > mark * TARGET_FACTOR_MAX or level < mark / TARGET_FACTOR_MAX:
        raise ActionRefusedError(Code.TP_SCALE, f"{name} lies on another scale than mark {mark:f}", name, level)
    return _on_tick(fields, name, level, mark, shown.ticks[symbol], Code.TP_OFF_TICK)


def _refuse_percentage(level: Decimal, name: str) -> None:
    if -PERCENT_MAX <= level < 0:
        raise ActionRefusedError(Code.SL_AS_PNL_PERCENT, f"{name} is a price in USDT, not a percentage of profit or loss", name, level)


def _on_tick(fields: Fields, name: str, level: Decimal, mark: Decimal, tick: Decimal, code: Code) -> Decimal:
    """Rounded away from mark, so that it never triggers before the price that was asked for."""
    away = ROUND_FLOOR if level < mark else ROUND_CEILING
    fine = level.quantize(FINEST, rounding=away, context=CONTEXT)
    rounded = floor_to(fine, tick) if level < mark else ceil_to(fine, tick)
    if rounded == level:
        return level
    fields.mended(code, name, f"{name} was rounded to the tick of {tick:f}, away from mark", level, f"{rounded:f}")
    fields.keep(name, rounded)
    return rounded
