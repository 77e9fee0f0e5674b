"""Reading a reply of the prompt family `tiltyard`: `{"summary": str, "actions": [...]}` to decisions, refusals and notes.

Pure, and it never raises for what a model wrote. Every action is judged by itself: a bad one never keeps a good one from standing. Sizes
and margins are the exchange's to judge, at the price of the fill.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

from app.agents.action_fields import Fields
from app.agents.codes import Code
from app.agents.conclusion import ActionRead, ActionRefused, Whole, bounded, conclude_reading, refuse_unfit, refused, rejected
from app.agents.conflicts import conflicts
from app.agents.decision import Action, Decision
from app.agents.findings import ActionRefusedError, Findings, WholeRejectedError
from app.agents.misnamed import PART, STOP, TARGET, refuse_misnamed, refuse_other_side, refuse_waiting
from app.agents.reading import Reading, Shown, Spoken
from app.agents.reply_document import open_reply
from app.agents.stop_levels import stop_loss, take_profit
from app.agents.strict_json import Doubled
from app.agents.symbols import read_symbol
from app.agents.synonyms import read_action
from app.engine.money import CONTEXT, ZERO
from app.engine.order_checks import LARGEST
from app.engine.trades import Side

ACTIONS_MAX = 12
FRESH_WITHIN = timedelta(minutes=1)
"""A contestant may write the snapshot's time without its seconds; rounds are at least a minute apart."""

_NUMBER_OR_NULL = {"type": ["number", "null"]}
REPLY_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "actions": {
            "type": "array",
            "maxItems": ACTIONS_MAX,
            "items": {
                "type": "object",
                "properties": {
                    "action": {"type": "string", "enum": [action.value for action in Action]},
                    "symbol": {"type": ["string", "null"]},
                    "notional_usdt": _NUMBER_OR_NULL,
                    "leverage": {"type": ["integer", "null"]},
                    "close_fraction": _NUMBER_OR_NULL,
                    "stop_loss": _NUMBER_OR_NULL,
                    "take_profit": _NUMBER_OR_NULL,
                    "confidence": _NUMBER_OR_NULL,
                    "invalidation": {"type": ["string", "null"]},
                    "reason": {"type": "string"},
                },
                "required": ["action", "reason"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["summary", "actions"],
    "additionalProperties": False,
}
"""JSON schema of the reply, for hosts that enforce one."""

_TOP_KEYS = ("summary", "actions", "as_of")
_TEXT_KEYS = ("confidence", "invalidation", "reason")
_ALWAYS = ("action", "symbol", *_TEXT_KEYS)
_FRACTION_KEYS = ("close_fraction", "fraction")
_USED = {
    Action.OPEN_LONG: (*_ALWAYS, "notional_usdt", "leverage", "stop_loss", "take_profit"),
    Action.OPEN_SHORT: (*_ALWAYS, "notional_usdt", "leverage", "stop_loss", "take_profit"),
    Action.CLOSE: (*_ALWAYS, *_FRACTION_KEYS),
    Action.SET_STOPS: (*_ALWAYS, "stop_loss", "take_profit"),
    Action.HOLD: _ALWAYS,
}
_KNOWN = frozenset(key for keys in _USED.values() for key in keys)
_IN_USDT = frozenset({"notional", "position_size_usd", "position_size", "size", "amount"})
_AS_MARGIN = frozenset({"margin", "margin_usdt"})
_OTHER_SIZES = ("quantity", "qty", "contracts", *sorted(_IN_USDT | _AS_MARGIN))
SIZES_AGREE_WITHIN = Decimal("0.01")
"""Two sizes in USDT that differ by less of the notional say the same. One in the coin never does: it depends on a price."""

_LEVELS = {"stop_loss": STOP, "take_profit": TARGET}
_FOREIGN_KEYS = frozenset({"decision", "decisions", "orders", "order", "trades", "signals", "signal", "trade_signal_args", "positions"})


def read_tiltyard(spoken: Spoken, shown: Shown) -> Reading:
    """A reply as read. Never raises for what a model said."""
    findings = Findings()
    with localcontext(CONTEXT):
        try:
            whole = _whole(open_reply(spoken, findings), shown, findings)
        except WholeRejectedError as found:
            return rejected(found)
        read = [_read_action(item, index, shown, findings) for index, item in enumerate(whole.items)]
        standing = [one.decision for one in read if isinstance(one, ActionRead)]
        return conclude_reading(whole, read, conflicts(standing, shown.held), findings)


def _whole(document: Any, shown: Shown, findings: Findings) -> Whole:
    """The reply's own fields, and its actions still unread. Raises WholeRejectedError."""
    if isinstance(document, Doubled):
        raise WholeRejectedError(Code.DUPLICATE_KEY, f"the key {document.key[:40]!r} stands twice in the reply")
    if isinstance(document, list):
        findings.repaired(Code.BARE_ARRAY, "reply", "a bare list of actions was wrapped", "[…]", '{"actions": […]}')
        document = {"actions": document}
    elif "actions" not in document:
        document = _without_actions(document, shown, findings)
    actions = document["actions"]
    if not isinstance(actions, list):
        raise WholeRejectedError(Code.ACTIONS_NOT_A_LIST, "actions must be a list; an empty one means hold")
    _refuse_stale(document.get("as_of"), shown)
    fields = Fields(document, findings, "", None)
    summary = fields.text("summary", shown.held) or ""
    fields.remark_others(_TOP_KEYS, _TOP_KEYS)
    return Whole(bounded(actions, ACTIONS_MAX), lambda standing: {"summary": summary, "actions": [one.kept for one in standing]}, summary)


def _without_actions(document: dict[str, Any], shown: Shown, findings: Findings) -> dict[str, Any]:
    if isinstance(document.get("action"), str):
        findings.repaired(Code.BARE_ACTION, "reply", "a single bare action was wrapped", "{…}", '{"actions": [{…}]}')
        return {"actions": [document], "as_of": document.get("as_of")}
    if "$schema" in document or ("properties" in document and "type" in document):
        raise WholeRejectedError(Code.SCHEMA_ECHO, "the reply repeats the schema instead of filling it in")
    if _FOREIGN_KEYS & document.keys() or _keyed_by_coin(document, shown):
        raise WholeRejectedError(Code.FOREIGN_SCHEMA, "the reply has another shape than the one asked for: it needs the key actions")
    raise WholeRejectedError(Code.MISSING_ACTIONS, "the reply has no key actions; an empty list means hold")


def _keyed_by_coin(document: dict[str, Any], shown: Shown) -> bool:
    coins = {*shown.universe, *(symbol.removesuffix("USDT") for symbol in shown.universe)}
    return bool(document) and all(key in coins for key in document)


def _refuse_stale(written: Any, shown: Shown) -> None:
    """`as_of` is not asked for; who writes one must mean this round."""
    if not isinstance(written, str):
        return
    try:
        told = datetime.fromisoformat(written)
    except ValueError:
        return
    told = told if told.tzinfo is not None else told.replace(tzinfo=UTC)
    if abs(told - shown.asked_at) >= FRESH_WITHIN:
        raise WholeRejectedError(Code.STALE, f"as_of is {written[:40]}, but the snapshot is of {shown.asked_at.isoformat()}")


def _read_action(item: Any, index: int, shown: Shown, findings: Findings) -> ActionRead | ActionRefused:
    path = f"actions[{index}]"
    try:
        refuse_unfit(item, "action")
        fields = Fields(item, findings, path, index)
        return ActionRead(_decision(fields, index, shown), fields.in_written_order(), path)
    except ActionRefusedError as found:
        return refused(found, item, index, path)


def _decision(fields: Fields, index: int, shown: Shown) -> Decision:
    symbol, action = _what_and_where(fields, shown)
    notional = leverage = fraction = stop = target = None
    match action:
        case Action.OPEN_LONG | Action.OPEN_SHORT:
            side = Side.LONG if action is Action.OPEN_LONG else Side.SHORT
            refuse_misnamed(fields, _LEVELS)
            refuse_other_side(fields, side, Code.LONG_AND_SHORT)
            refuse_waiting(fields)
            notional, leverage = fields.notional("notional_usdt"), fields.leverage("leverage", shown.max_leverage)
            _refuse_second_size(fields, notional, leverage)
            stop, target = _levels(fields, symbol, side, shown)
        case Action.CLOSE:
            refuse_other_side(fields, shown.held.get(symbol or ""), Code.CLOSE_WRONG_SIDE)
            refuse_waiting(fields)
            fraction = _part(fields)
        case Action.SET_STOPS:
            refuse_misnamed(fields, _LEVELS)
            stop, target = _both_levels(fields, symbol, shown)
        case Action.HOLD:
            pass
    confidence = fields.confidence("confidence")
    invalidation, reason = fields.text("invalidation", shown.held), fields.text("reason", shown.held)
    fields.remark_others(_KNOWN, _USED[action])
    return Decision(index, action, symbol, notional, leverage, fraction, stop, target, confidence, invalidation, reason or "")


def _what_and_where(fields: Fields, shown: Shown) -> tuple[str | None, Action]:
    """The symbol first: what buy or sell means depends on what is held there."""
    written = fields.written.get("action")
    if written is None:
        raise ActionRefusedError(Code.MISSING_ACTION, "an action needs the key action", "action")
    if not isinstance(written, str):
        raise ActionRefusedError(Code.WRONG_TYPE, "action must be a text", "action", written)
    symbol = _symbol(fields, shown, held_fast=_holds(written))
    word = read_action(written, shown.held.get(symbol or ""))
    if word.code is not None:
        fields.mended(word.code, "action", "another word for an action, from a closed table", written, word.action)
    fields.keep("action", word.action.value)
    return symbol, word.action


def _symbol(fields: Fields, shown: Shown, *, held_fast: bool) -> str | None:
    """A hold needs no symbol: there, one that can't be read is only remarked."""
    written = fields.written.get("symbol")
    try:
        read = read_symbol(written, shown.universe)
    except ActionRefusedError:
        if not held_fast:
            raise
        if written:
            fields.remarked(Code.HOLD_SYMBOL, "symbol", "a hold that names no symbol of this contest", written)
        if "symbol" in fields.written:
            fields.keep("symbol", None)
        return None
    if read.code is not None:
        fields.mended(read.code, "symbol", "another way to write a symbol", written, read.symbol)
    fields.keep("symbol", read.symbol)
    return read.symbol


def _holds(written: str) -> bool:
    try:
        return read_action(written, None).action is Action.HOLD
    except ActionRefusedError:
        return False


def _levels(fields: Fields, symbol: str | None, side: Side | None, shown: Shown) -> tuple[Decimal | None, Decimal | None]:
    stop = stop_loss(fields, "stop_loss", symbol or "", side, shown)
    return stop, take_profit(fields, "take_profit", symbol or "", shown)


def _both_levels(fields: Fields, symbol: str | None, shown: Shown) -> tuple[Decimal | None, Decimal | None]:
    given = [name for name in _LEVELS if name in fields.written]
    if not given:
        raise ActionRefusedError(Code.MISSING_STOPS, "set_stops needs stop_loss, take_profit or both; null removes one")
    if len(given) < len(_LEVELS):
        left_out = next(name for name in _LEVELS if name not in given)
        fields.remarked(Code.LEVEL_REMOVED, left_out, f"{left_out} was left out: set_stops sets both levels anew, so that it is none now")
    return _levels(fields, symbol, shown.held.get(symbol or ""), shown)


def _part(fields: Fields) -> Decimal | None:
    """The part of a position to close; None for all of it. `fraction` is read where close_fraction says nothing."""
    named = [name for name in _FRACTION_KEYS if fields.has(name)]
    if len(named) > 1 and fields.written[named[0]] != fields.written[named[1]]:
        message = f"{named[0]} and {named[1]} both say how much to close; close_fraction is the only one that is asked for"
        raise ActionRefusedError(Code.TWO_SIZES, message, named[1], fields.written[named[1]])
    if not named:
        refuse_misnamed(fields, {"close_fraction": PART})
    return fields.fraction(named[0] if named else "close_fraction")


def _refuse_second_size(fields: Fields, notional: Decimal, leverage: int) -> None:
    """Another size beside the notional must say the same: in USDT, or as the margin of that leverage."""
    for name in filter(fields.has, _OTHER_SIZES):
        written = fields.written[name]
        if not _agrees(name, written, notional, leverage):
            message = f"notional_usdt and {name} both give a size; notional_usdt is the only one that is asked for"
            raise ActionRefusedError(Code.TWO_SIZES, message, name, written)


def _agrees(name: str, written: object, notional: Decimal, leverage: int) -> bool:
    if name not in _IN_USDT | _AS_MARGIN or not isinstance(written, Decimal) or not ZERO < written <= LARGEST:
        return False
    told = written * leverage if name in _AS_MARGIN else written
    return abs(told - notional) <= notional * SIZES_AGREE_WITHIN
