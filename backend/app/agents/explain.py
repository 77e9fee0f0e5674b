"""The exchange's answer to a contestant's action in the words of the reply contract, and what a turn comes to after it was carried out."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.agents.codes import CODES, Code
from app.agents.decision import Action, Decision
from app.agents.reading import Note, NoteKind, Reading, Verdict
from app.engine.instruments import Instrument
from app.engine.margin import liquidation_prices
from app.engine.orders import RefusalCode, Refused
from app.engine.positions import Account, Position
from app.engine.rules import MarginMode
from app.engine.trades import Side

_WRONG_STOP = {Side.LONG: Code.SL_WRONG_SIDE_LONG, Side.SHORT: Code.SL_WRONG_SIDE_SHORT}
_WRONG_TARGET = {Side.LONG: Code.TP_WRONG_SIDE_LONG, Side.SHORT: Code.TP_WRONG_SIDE_SHORT}
_OPENS = {Action.OPEN_LONG: Side.LONG, Action.OPEN_SHORT: Side.SHORT}


def refusal_code(decision: Decision, refused: Refused, held: Side | None, *, min_notional: Decimal | None = None) -> str:
    """The finer name of a refusal where the contract has one, else the exchange's own.

    `held` is the side held in the symbol before, `min_notional` the contract's smallest notional, USDT: a size below it may round to no lot
    at all, and then that is the reason to tell.
    """
    if refused.code is RefusalCode.ROUNDS_TO_ZERO and _below(decision.notional, min_notional):
        return RefusalCode.BELOW_MIN_NOTIONAL.value
    side = _OPENS.get(decision.action, held)
    if side is None or refused.code not in {RefusalCode.SL_WRONG_SIDE, RefusalCode.TP_WRONG_SIDE}:
        return refused.code.value
    if _swapped(decision, side, refused.available):
        return Code.SL_TP_SWAPPED.value
    if refused.code is RefusalCode.TP_WRONG_SIDE:
        return _WRONG_TARGET[side].value
    if decision.action is Action.SET_STOPS:
        return Code.TRAIL_PAST_MARK.value
    return _WRONG_STOP[side].value


def _below(notional: Decimal | None, minimum: Decimal | None) -> bool:
    return notional is not None and minimum is not None and notional < minimum


def _swapped(decision: Decision, side: Side, mark: Decimal | None) -> bool:
    """Both levels on the wrong side of mark: they would be right the other way round."""
    if decision.stop_loss is None or decision.take_profit is None or mark is None:
        return False
    return side.sign * (decision.stop_loss - mark) > 0 and side.sign * (mark - decision.take_profit) > 0


def remarks_after(
    decisions: Sequence[Decision],
    account_after: Account,
    marks: Mapping[str, Decimal],
    instruments: Mapping[str, Instrument],
    mode: MarginMode,
) -> tuple[Note, ...]:
    """What only the account after the fills can tell: stops that liquidation comes before. Pass the decisions that were carried out."""
    liquidations = liquidation_prices(account_after, marks, instruments, mode)
    notes: list[Note] = []
    for decision in decisions:
        held = account_after.positions.get(decision.symbol or "")
        if held is None or decision.stop_loss is None or held.stop_loss is None:
            continue
        liquidation = liquidations[held.symbol]
        if liquidation is not None and _comes_first(held, liquidation, held.stop_loss):
            notes.append(_beyond_liquidation(decision, held, liquidation))
    return tuple(notes)


def _comes_first(held: Position, liquidation: Decimal, stop: Decimal) -> bool:
    return held.side.sign * (liquidation - stop) >= 0


def _beyond_liquidation(decision: Decision, held: Position, liquidation: Decimal) -> Note:
    return Note(
        NoteKind.REMARK,
        Code.SL_BEYOND_LIQUIDATION.value,
        f"actions[{decision.position}].stop_loss",
        decision.position,
        f"{held.stop_loss:f}",
        None,
        f"{held.symbol} would be liquidated at {liquidation:f}, before its stop loss of {held.stop_loss:f} is reached",
    )


def conclude(reading: Reading, refused: Sequence[str], remarks: Sequence[Note]) -> tuple[Verdict, str]:
    """Verdict and code of a turn once its orders were carried out: the exchange's refusals and later remarks weigh in as reading's do.

    `refused` are the codes of the exchange's refusals in the order of the actions (see `refusal_code`), `remarks` those of `remarks_after`.
    """
    if reading.verdict in {Verdict.REJECT_WHOLE, Verdict.REJECT_ACTION}:
        return reading.verdict, reading.code
    if refused:
        return Verdict.REJECT_ACTION, refused[0]
    heavy = [note.code for note in remarks if CODES[note.code].verdict is Verdict.REPAIR]
    if reading.verdict is Verdict.REPAIR:
        return reading.verdict, reading.code
    return (Verdict.REPAIR, heavy[0]) if heavy else (reading.verdict, reading.code)
