"""Margin arithmetic of linear USDT perpetuals: maintenance by tiers, liquidation and bankruptcy prices in closed form, free balance.

Formulas: Bitget's tiered maintenance margin of 2025-11 with the fee of closing added; see docs/concepts/margin.md. Nothing here trades.
"""

from collections.abc import Mapping
from decimal import Decimal

from app.engine.instruments import Instrument
from app.engine.money import ONE, ZERO, ceil_to, floor_to, to_cash, to_cash_up
from app.engine.positions import Account, Position
from app.engine.rules import MarginMode
from app.engine.trades import Side


def initial_margin(notional: Decimal, leverage: int) -> Decimal:
    """USDT to put up for a position that cost `notional`: q x E / L, rounded up."""
    return to_cash_up(notional / leverage)


def maintenance_margin(instrument: Instrument, notional: Decimal) -> Decimal:
    """Tiered, marginal form, plus the fee of closing: N x m_k - D_k + N x f."""
    fee = notional * instrument.taker_fee_rate
    for tier, deduction in zip(instrument.tiers, instrument.deductions, strict=True):
        if notional <= tier.upper or tier is instrument.tiers[-1]:
            return notional * tier.maintenance_rate - deduction + fee
    return fee


def liquidation_price(position: Position, instrument: Instrument, collateral: Decimal | None = None) -> Decimal | None:
    """Mark price at which what stands behind the position equals its maintenance margin; None when no positive price does.

    P* = (C + D_k - q x E x d) / (q x (m_k + f - d)), in the tier k that holds q x P*. `collateral` C, USDT, is the position's own margin
    unless given (cross: see `cross_collateral`). Maintenance margin is continuous in price, so one tier fits at most. Of a contract without
    tiers only the fee of closing is to be kept.
    """
    sign, quantity = position.side.sign, position.quantity
    backing = (position.margin if collateral is None else collateral) - quantity * position.entry_price * sign
    lower = ZERO
    for tier, deduction in zip(instrument.tiers, instrument.deductions, strict=True):
        price = (backing + deduction) / (quantity * (tier.maintenance_rate + instrument.taker_fee_rate - sign))
        if lower < quantity * price and (quantity * price <= tier.upper or tier is instrument.tiers[-1]):
            return price
        lower = tier.upper
    if instrument.tiers:
        return None
    price = backing / (quantity * (instrument.taker_fee_rate - sign))
    return price if price > 0 else None


def shown_liquidation_price(position: Position, instrument: Instrument, collateral: Decimal | None = None) -> Decimal | None:
    """The liquidation price on tick, rounded to the side that is met first: up for a long, down for a short."""
    price = liquidation_price(position, instrument, collateral)
    if price is None:
        return None
    return ceil_to(price, instrument.tick) if position.side is Side.LONG else floor_to(price, instrument.tick)


def liquidation_prices(
    account: Account, marks: Mapping[str, Decimal], instruments: Mapping[str, Instrument], mode: MarginMode
) -> dict[str, Decimal | None]:
    """What to show for each position, USDT. None where no price liquidates it, or where cross margin lacks a mark to tell by."""
    prices: dict[str, Decimal | None] = {}
    for symbol, held in account.positions.items():
        if symbol not in instruments or (mode is MarginMode.CROSS and not account.positions.keys() <= marks.keys() & instruments.keys()):
            prices[symbol] = None
            continue
        collateral = cross_collateral(account, symbol, marks, instruments) if mode is MarginMode.CROSS else None
        prices[symbol] = shown_liquidation_price(held, instruments[symbol], collateral)
    return prices


def bankruptcy_price(position: Position, taker_fee_rate: Decimal) -> Decimal:
    """Price at which closing, fee included, consumes exactly the position's margin: (IM - q x E x d) / (q x (f - d))."""
    sign = position.side.sign
    return (position.margin - position.quantity * position.entry_price * sign) / (position.quantity * (taker_fee_rate - sign * ONE))


def cross_collateral(account: Account, symbol: str, marks: Mapping[str, Decimal], instruments: Mapping[str, Instrument]) -> Decimal:
    """What stands behind one position in cross margin: the wallet, plus the others' unrealised PnL, less their maintenance, USDT."""
    others = (held for name, held in account.positions.items() if name != symbol)
    return account.wallet + sum((_spare(held, marks[held.symbol], instruments[held.symbol]) for held in others), ZERO)


def free_balance(account: Account, marks: Mapping[str, Decimal], mode: MarginMode) -> Decimal:
    """USDT that a new position may use. Cross: unrealised losses count at once, unrealised profits only when they are realised."""
    if mode is MarginMode.ISOLATED:
        return account.available
    return account.available + min(ZERO, account.unrealised_pnl(marks))


def counted_pnl(account: Account, marks: Mapping[str, Decimal], mode: MarginMode) -> Decimal:
    """Unrealised profit and loss as it counts for the contestant, USDT: an isolated position can't lose more than its margin."""
    if mode is MarginMode.CROSS:
        return account.unrealised_pnl(marks)
    held = (one for one in account.positions.values() if one.symbol in marks)
    return to_cash(sum((max(-one.margin, one.unrealised_pnl(marks[one.symbol])) for one in held), ZERO))


def _spare(held: Position, mark: Decimal, instrument: Instrument) -> Decimal:
    return held.unrealised_pnl(mark) - maintenance_margin(instrument, held.notional(mark))
