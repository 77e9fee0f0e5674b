"""The replay as one call: tapes and terms in, result tables out. No database, no clock, no files.

At a decision's `time_ms` the bar that opened one minute earlier has just closed. Its close is the mark and the one level of an order book
without limit, so an order is filled at it; stops, targets, liquidations and funding between decisions follow the engine's own rules on the
same bars. There is no one-minute series of mark prices on a tape: last stands in for mark.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from enum import StrEnum

import numpy as np
import pyarrow as pa

from app.engine.money import CONTEXT
from app.engine.rules import MarginMode
from app.replay.batch_lane import replay_certain
from app.replay.engine_lane import replay_accounts
from app.replay.inputs import Bars, ReplayInputError, parse_candles, parse_decisions, parse_funding, symbols_of
from app.replay.scaled import places_of
from app.replay.stage import Stage, Terms
from app.replay.tables import CASH_PLACES, PRICE_PLACES, QUANTITY_PLACES, ReplayTables, finish


class Lane(StrEnum):
    """How accounts are computed; the tables are the same to the byte."""

    AUTO = "auto"  # accounts beyond doubt in one batch of whole-number columns, the others by the engine
    ENGINE = "engine"  # every event of every account by the engine


def replay(
    candles: pa.Table, decisions: pa.Table, terms: Terms, *, funding: pa.Table | None = None, lane: Lane = Lane.AUTO
) -> ReplayTables:
    """Replay a decisions tape over a candle tape.

    `candles`: symbol, open_time_ms, open, high, low, close; one-minute bars, each symbol sorted by time. `funding`: symbol,
    funding_time_ms, rate. `decisions`: account, symbol, time_ms, action (open_long | open_short | close), notional (USDT), leverage,
    stop_loss, take_profit; each account's rows of a symbol sorted by time. A second open of the same side adds; a close of a flat position
    does nothing. Where the minute that ends in a settlement's instant is missing, the last close before it is its mark. Prices are read as
    the decimals that `repr` shows. Raises ReplayInputError for tapes that can't be replayed.
    """
    with localcontext(CONTEXT):
        return _replayed(candles, decisions, terms, funding, Lane(lane))


def _replayed(candles: pa.Table, decisions: pa.Table, terms: Terms, funding: pa.Table | None, lane: Lane) -> ReplayTables:
    names = symbols_of(decisions, terms.instruments)
    _need_fit_terms(terms, names)
    bars = parse_candles(candles, {name: terms.instruments[name] for name in names})
    if terms.rules.margin_mode is MarginMode.CROSS:
        _need_same_minutes(bars)
    stage = Stage(terms, bars, parse_funding(funding, names))
    parsed = parse_decisions(decisions, bars)
    if lane is Lane.ENGINE:
        return finish([replay_accounts(stage, parsed, np.arange(len(parsed.accounts), dtype=np.int64))], parsed.accounts)
    certain, others = replay_certain(stage, parsed)
    parts = [] if certain is None else [certain]
    if others.size:
        parts.append(replay_accounts(stage, parsed, others))
    return finish(parts, parsed.accounts)


def _need_fit_terms(terms: Terms, names: Sequence[str]) -> None:
    balance = terms.starting_balance
    _need_decimals({"the starting balance": balance, "slippage": terms.rules.slippage})
    if not (balance.is_finite() and balance >= 0 and places_of(balance) <= CASH_PLACES):
        raise ReplayInputError(f"the starting balance must be USDT with at most {CASH_PLACES} decimals, not {balance}")
    for name in names:
        instrument = terms.instruments[name]
        if instrument.symbol != name:
            raise ReplayInputError(f"the instrument given for {name} is that of {instrument.symbol}")
        _need_decimals({f"the {part} of {name}": getattr(instrument, part) for part in ("tick", "lot", "taker_fee_rate", "min_notional")})
        if instrument.tick <= 0 or instrument.lot <= 0:
            raise ReplayInputError(f"tick and lot of {name} must be above zero")
        if places_of(instrument.tick) > PRICE_PLACES or places_of(instrument.lot) > QUANTITY_PLACES:
            raise ReplayInputError(f"{name}: a tick may have {PRICE_PLACES} decimals at most, a lot {QUANTITY_PLACES}")


def _need_decimals(numbers: Mapping[str, object]) -> None:
    for what, number in numbers.items():
        if not isinstance(number, Decimal) or not number.is_finite():
            raise ReplayInputError(f"{what} must be a finite Decimal, not {number!r}: write Decimal('…')")


def _need_same_minutes(bars: dict[str, Bars]) -> None:
    first, *others = bars.values()
    for one in others:
        if not np.array_equal(one.time, first.time):
            raise ReplayInputError(
                f"candle tape: cross margin needs the same minutes for all symbols; {first.symbol} and {one.symbol} differ"
            )
