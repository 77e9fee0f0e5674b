"""Reading a reply of the prompt family `alpha-arena-s1`: an object keyed by coin, each value one signal of ten fields.

Pure, and it never raises for what a model wrote. The rules of that contest hold: one position a coin, no pyramiding, a coin that is not
mentioned is left alone. Quantities are in the coin; times the mark that was shown they are the notional of the order.
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any

from app.agents.action_fields import Fields
from app.agents.codes import Code
from app.agents.conclusion import ActionRead, ActionRefused, Beyond, Whole, conclude_reading, refuse_unfit, refused, rejected
from app.agents.conflicts import conflicts
from app.agents.decision import Action, Decision
from app.agents.findings import ActionRefusedError, Findings, WholeRejectedError, excerpt
from app.agents.misnamed import STOP, TARGET, refuse_misnamed, refuse_other_side, refuse_waiting
from app.agents.reading import Reading, Shown, Spoken
from app.agents.reply_document import open_reply
from app.agents.reply_numbers import cut
from app.agents.stop_levels import stop_loss, take_profit
from app.agents.strict_json import Doubled
from app.agents.symbols import QUOTE, read_symbol
from app.agents.synonyms import read_action
from app.engine.money import CASH_STEP, CONTEXT, plain
from app.engine.order_checks import DIGITS_MAX, LARGEST
from app.engine.trades import Side

WRAPPER = "trade_signal_args"
COINS_MAX = 12
_SIGNALS = {
    "buy_to_enter": Action.OPEN_LONG,
    "sell_to_enter": Action.OPEN_SHORT,
    "hold": Action.HOLD,
    "close_position": Action.CLOSE,
}
_NAMES = {action: signal for signal, action in _SIGNALS.items()}
_NAMED_BY = ("signal", "coin")
_FIELDS = (
    "coin",
    "signal",
    "quantity",
    "profit_target",
    "stop_loss",
    "invalidation_condition",
    "leverage",
    "confidence",
    "risk_usd",
    "justification",
)
ALPHA_ARENA_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {
            "coin": {"type": "string"},
            "signal": {"type": "string", "enum": list(_SIGNALS)},
            "quantity": {"type": "number"},
            "profit_target": {"type": ["number", "null"]},
            "stop_loss": {"type": ["number", "null"]},
            "invalidation_condition": {"type": ["string", "null"]},
            "leverage": {"type": "integer"},
            "confidence": {"type": ["number", "null"]},
            "risk_usd": {"type": ["number", "null"]},
            "justification": {"type": "string"},
        },
        "required": ["coin", "signal", "quantity", "leverage"],
    },
}
"""JSON schema of the reply, for hosts that enforce one."""


def read_alpha_arena(spoken: Spoken, shown: Shown) -> Reading:
    """A reply as read. Never raises for what a model said."""
    findings = Findings()
    with localcontext(CONTEXT):
        try:
            signals = _signals(open_reply(spoken, findings), shown, findings)
        except WholeRejectedError as found:
            return rejected(found)
        read = [_read_signal(coin, item, index, shown, findings) for index, (coin, item) in enumerate(signals)]
        whole = Whole(tuple(coin for coin, _ in signals), lambda standing: {one.where: one.kept for one in standing})
        clashes = conflicts([one.decision for one in read if isinstance(one, ActionRead)], shown.held)
        return conclude_reading(whole, read, clashes, findings)


def _signals(document: Any, shown: Shown, findings: Findings) -> list[tuple[str, Any]]:
    """The signals by the coin they stand under, and one that stands for all beyond the most there can be. Raises WholeRejectedError."""
    signals = _keyed_by_coin(document, shown, findings)
    coins_max = max(COINS_MAX, len(shown.universe))
    return signals if len(signals) <= coins_max else [*signals[:coins_max], ("", Beyond(len(signals) - coins_max))]


def _keyed_by_coin(document: Any, shown: Shown, findings: Findings) -> list[tuple[str, Any]]:
    if isinstance(document, Doubled):
        raise WholeRejectedError(Code.DUPLICATE_KEY, f"the key {document.key[:40]!r} stands twice in the reply")
    if isinstance(document, list):
        return _bare(document, Code.BARE_ARRAY, findings)
    if isinstance(document.get("coin"), str) and isinstance(document.get("signal"), str):
        return _bare([document], Code.BARE_ACTION, findings)
    if document and not any(_names_coin(key, shown) for key in document):
        echoed = "$schema" in document or ("properties" in document and "type" in document)
        raise WholeRejectedError(Code.SCHEMA_ECHO if echoed else Code.FOREIGN_SCHEMA, "the reply must be an object keyed by coin")
    signals = [(key, value) for key, value in document.items() if isinstance(value, dict | Doubled) or _names_coin(key, shown)]
    extra = [key for key in document if key not in dict(signals)]
    if extra:
        findings.remarked(Code.EXTRA_KEYS, excerpt(extra[0]), "keys that are no coin were ignored", extra[0])
    return signals


def _bare(signals: list[Any], code: Code, findings: Findings) -> list[tuple[str, Any]]:
    """Signals that don't stand under their coin, but each name one."""
    if not all(isinstance(one, dict) and isinstance(one.get("coin"), str) for one in signals):
        raise WholeRejectedError(Code.FOREIGN_SCHEMA, "the reply must be an object keyed by coin")
    findings.repaired(code, "reply", "bare signals were put under their coins", "[…]" if code is Code.BARE_ARRAY else "{…}", "{coin: {…}}")
    return [(one["coin"], one) for one in signals]


def _names_coin(key: str, shown: Shown) -> bool:
    try:
        read_symbol(key, shown.universe)
    except ActionRefusedError:
        return False
    return True


def _read_signal(coin: str, item: Any, index: int, shown: Shown, findings: Findings) -> ActionRead | ActionRefused:
    inner = item.get(WRAPPER, item) if isinstance(item, dict) else item
    try:
        refuse_unfit(inner, "signal")
        fields = Fields(inner, findings, coin, index)
        decision = _decision(fields, coin, index, shown)
        return ActionRead(decision, fields.in_written_order(), coin)
    except ActionRefusedError as found:
        return refused(found, inner, index, excerpt(coin), _NAMED_BY)


def _decision(fields: Fields, coin: str, index: int, shown: Shown) -> Decision:
    symbol = _symbol(fields, coin, shown)
    action = _action(fields, shown.held.get(symbol))
    fields.keep_as_written(name for name in _FIELDS if name not in fields.kept)
    notional = leverage = stop = target = None
    if action in {Action.OPEN_LONG, Action.OPEN_SHORT}:
        if symbol in shown.held:
            raise ActionRefusedError(Code.NO_PYRAMIDING, f"{coin} is held {shown.held[symbol]}: close it first, or hold", "signal")
        side = Side.LONG if action is Action.OPEN_LONG else Side.SHORT
        refuse_misnamed(fields, {"stop_loss": STOP, "profit_target": TARGET})
        refuse_other_side(fields, side, Code.LONG_AND_SHORT)
        refuse_waiting(fields)
        notional = _notional(fields, symbol, shown)
        leverage = fields.leverage("leverage", shown.max_leverage)
        stop = stop_loss(fields, "stop_loss", symbol, side, shown)
        target = take_profit(fields, "profit_target", symbol, shown)
    confidence = fields.confidence("confidence")
    invalidation = fields.text("invalidation_condition", shown.held)
    fields.remark_others(_FIELDS, _FIELDS)
    return Decision(index, action, symbol, notional, leverage, None, stop, target, confidence, invalidation, _reason(fields, shown))


def _symbol(fields: Fields, coin: str, shown: Shown) -> str:
    symbol = read_symbol(coin, shown.universe).symbol
    if fields.has("coin"):
        inner = read_symbol(fields.written["coin"], shown.universe).symbol
        if inner != symbol:
            raise ActionRefusedError(Code.COIN_MISMATCH, f"the signal stands under {coin[:20]}", "coin", fields.written["coin"])
        fields.keep("coin", symbol.removesuffix(QUOTE))
    return symbol


def _action(fields: Fields, held: Side | None) -> Action:
    written = fields.written.get("signal")
    if written is None:
        raise ActionRefusedError(Code.MISSING_ACTION, "a signal needs the key signal", "signal")
    if not isinstance(written, str):
        raise ActionRefusedError(Code.WRONG_TYPE, "signal must be a text", "signal", written)
    action = _SIGNALS.get(written)
    if action is None:
        word = read_action(written, held)
        if word.action not in _NAMES:
            raise ActionRefusedError(Code.UNKNOWN_ACTION, f"there is no such signal; there are {', '.join(_SIGNALS)}", "signal", written)
        action = word.action
        name = _NAMES[action]
        fields.mended(word.code or Code.ACTION_SYNONYM, "signal", "another word for a signal, from a closed table", written, name)
    fields.keep("signal", _NAMES[action])
    return action


def _notional(fields: Fields, symbol: str, shown: Shown) -> Decimal:
    """Quantity times the mark that was shown, USDT, cut to 1e-8."""
    mark, quantity = shown.marks.get(symbol), fields.number("quantity")
    if quantity is None:
        raise ActionRefusedError(Code.MISSING_SIZE, "an entry needs quantity, in the coin", "quantity")
    if quantity < 0:
        raise ActionRefusedError(Code.NEGATIVE_SIZE, "quantity must be above zero; the signal says the direction", "quantity", quantity)
    if mark is None:
        raise ActionRefusedError(Code.NO_PRICE, "no price of this coin was shown, so that a quantity has no value", "quantity")
    notional = cut(min(quantity * mark, LARGEST), CASH_STEP)
    if notional == 0:
        raise ActionRefusedError(Code.ZERO_SIZE, "quantity must be above zero", "quantity", quantity)
    return notional


def _reason(fields: Fields, shown: Shown) -> str:
    """The justification, with the risk the contestant names: the only two fields that a decision has no other place for."""
    justification = fields.text("justification", shown.held) or ""
    risk = fields.written.get("risk_usd")
    if not isinstance(risk, Decimal) or abs(risk.adjusted()) > DIGITS_MAX:
        return justification
    return f"{justification} (risk_usd {plain(risk)[:DIGITS_MAX]})".strip()
