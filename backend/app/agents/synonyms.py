"""The words that are read as an action: closed tables, English and Chinese. A word that isn't here is refused, never guessed.

Words that may mean more than one thing while a position is held (buy, sell) are read only when the symbol is flat.
"""

import re
from dataclasses import dataclass

from app.agents.codes import Code
from app.agents.decision import Action
from app.agents.findings import ActionRefusedError
from app.engine.trades import Side

_ENGLISH = {
    "enter_long": Action.OPEN_LONG,
    "go_long": Action.OPEN_LONG,
    "buy_to_enter": Action.OPEN_LONG,
    "buy_to_open": Action.OPEN_LONG,
    "enter_short": Action.OPEN_SHORT,
    "go_short": Action.OPEN_SHORT,
    "sell_to_enter": Action.OPEN_SHORT,
    "sell_to_open": Action.OPEN_SHORT,
    "close_position": Action.CLOSE,
    "exit": Action.CLOSE,
    "exit_position": Action.CLOSE,
    "set_stop": Action.SET_STOPS,
    "set_stop_loss": Action.SET_STOPS,
    "update_stops": Action.SET_STOPS,
    "adjust_stops": Action.SET_STOPS,
    "wait": Action.HOLD,
    "none": Action.HOLD,
    "no_action": Action.HOLD,
    "no_trade": Action.HOLD,
    "do_nothing": Action.HOLD,
    "stay_flat": Action.HOLD,
    "skip": Action.HOLD,
}
_CHINESE = {
    "开多": Action.OPEN_LONG,
    "做多": Action.OPEN_LONG,
    "开多仓": Action.OPEN_LONG,
    "开多单": Action.OPEN_LONG,
    "开空": Action.OPEN_SHORT,
    "做空": Action.OPEN_SHORT,
    "开空仓": Action.OPEN_SHORT,
    "开空单": Action.OPEN_SHORT,
    "平仓": Action.CLOSE,
    "全部平仓": Action.CLOSE,
    "设置止损": Action.SET_STOPS,
    "设置止损止盈": Action.SET_STOPS,
    "设置止盈止损": Action.SET_STOPS,
    "持有": Action.HOLD,
    "观望": Action.HOLD,
    "等待": Action.HOLD,
    "不操作": Action.HOLD,
}
_WHEN_FLAT = {
    "buy": (Action.OPEN_LONG, Code.ACTION_SYNONYM),
    "long": (Action.OPEN_LONG, Code.ACTION_SYNONYM),
    "sell": (Action.OPEN_SHORT, Code.ACTION_SYNONYM),
    "short": (Action.OPEN_SHORT, Code.ACTION_SYNONYM),
    "买入": (Action.OPEN_LONG, Code.ACTION_CHINESE),
    "卖出": (Action.OPEN_SHORT, Code.ACTION_CHINESE),
}
_CLOSE_OF_ONE_SIDE = {
    "close_long": (Side.LONG, Code.ACTION_SYNONYM),
    "exit_long": (Side.LONG, Code.ACTION_SYNONYM),
    "close_short": (Side.SHORT, Code.ACTION_SYNONYM),
    "exit_short": (Side.SHORT, Code.ACTION_SYNONYM),
    "平多": (Side.LONG, Code.ACTION_CHINESE),
    "平多仓": (Side.LONG, Code.ACTION_CHINESE),
    "平空": (Side.SHORT, Code.ACTION_CHINESE),
    "平空仓": (Side.SHORT, Code.ACTION_CHINESE),
}
_ACTIONS = frozenset(Action)
WORD_CHARACTERS_MAX = 40


@dataclass(frozen=True, slots=True)
class ActionWord:
    """What a word was read as; `code` is None when it is the contract's own."""

    action: Action
    code: Code | None


def read_action(written: str, held: Side | None) -> ActionWord:
    """The action a word stands for. `held` is the side of the position in the action's symbol. Raises ActionRefusedError."""
    if written in _ACTIONS:
        return ActionWord(Action(written), None)
    word = re.sub(r"[\s-]+", "_", written.strip().lower()) if len(written) <= WORD_CHARACTERS_MAX else ""
    if word in _ACTIONS:
        return ActionWord(Action(word), Code.ACTION_SYNONYM)
    if word in _ENGLISH:
        return ActionWord(_ENGLISH[word], Code.ACTION_SYNONYM)
    if word in _CHINESE:
        return ActionWord(_CHINESE[word], Code.ACTION_CHINESE)
    if word in _CLOSE_OF_ONE_SIDE:
        return _close_of_one_side(word, held)
    if word in _WHEN_FLAT:
        return _when_flat(word, held)
    raise ActionRefusedError(Code.UNKNOWN_ACTION, f"there is no such action; there are {', '.join(Action)}", "action", written)


def _close_of_one_side(word: str, held: Side | None) -> ActionWord:
    side, code = _CLOSE_OF_ONE_SIDE[word]
    if held is not None and held is not side:
        raise ActionRefusedError(Code.CLOSE_WRONG_SIDE, f"the position is {held}, not {side}; say close", "action", word)
    return ActionWord(Action.CLOSE, code)


def _when_flat(word: str, held: Side | None) -> ActionWord:
    if held is not None:
        message = f"{word!r} may mean open, add or close while the symbol is held {held}; say open_long, open_short or close"
        raise ActionRefusedError(Code.AMBIGUOUS_ACTION, message, "action", word)
    return ActionWord(*_WHEN_FLAT[word])
