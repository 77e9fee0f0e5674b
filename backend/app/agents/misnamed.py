"""Keys that are nearly the contract's: leaving one out would carry out another order than the one that was written, so it is refused.

An unknown key is ignored as a rule. Not where it holds a stop or a target that the order would lose, the part of a position to close, the
other side, or a price to wait for. Closed lists; the value is never taken over.
"""

import re
from collections.abc import Mapping

from app.agents.action_fields import Fields
from app.agents.codes import Code
from app.agents.findings import ActionRefusedError
from app.engine.trades import Side

KEY_CHARACTERS_MAX = 40
STOP = frozenset({"stoploss", "stoplossprice", "sl", "slprice", "stop", "stopprice", "止损", "止损价"})
TARGET = frozenset({"takeprofit", "takeprofitprice", "tp", "tpprice", "target", "targetprice", "profittarget", "止盈", "止盈价"})
PART = frozenset(
    {"closefraction", "fraction", "closepercent", "closepercentage", "closepct", "percent", "percentage", "pct", "portion"}
    | {"closequantity", "closeqty", "closesize", "closeamount", "quantity", "qty", "size", "amount", "contracts", "比例", "数量"}
)
_SIDE = frozenset({"side", "direction", "positionside", "方向"})
_SIDES = {"long": Side.LONG, "short": Side.SHORT, "多": Side.LONG, "空": Side.SHORT}
_KIND = frozenset({"type", "ordertype", "类型"})
_WAITING = frozenset({"limit", "stop", "stoplimit", "stopmarket", "限价", "限价单"})
_WAITED_FOR = frozenset({"limitprice", "triggerprice", "限价"})
_BARE = re.compile(r"[\s_\-.]+")


def refuse_misnamed(fields: Fields, meant: Mapping[str, frozenset[str]]) -> None:
    """Raise ActionRefusedError for a key nearly like one of `meant` (the contract's key by its near names) that is not given itself."""
    for name, near in meant.items():
        if fields.has(name):
            continue
        for key in _others(fields, near):
            if key != name:
                raise ActionRefusedError(Code.MISNAMED_FIELD, f"the key {key!r} is unknown; write {name}", key, fields.written[key])


def refuse_other_side(fields: Fields, side: Side | None, code: Code) -> None:
    """Raise ActionRefusedError with `code` where an action names the side it is not about."""
    for key in _others(fields, _SIDE):
        written = fields.written[key]
        told = _SIDES.get(written.strip().lower()) if isinstance(written, str) else None
        if side is not None and told is not None and told is not side:
            raise ActionRefusedError(code, f"{key} says {told}, but this action is about a {side}", key, written)


def refuse_waiting(fields: Fields) -> None:
    """Raise ActionRefusedError for an order that is to wait for a price: there are only orders at market."""
    waits = [key for key in _others(fields, _KIND) if _bare(str(fields.written[key])[:KEY_CHARACTERS_MAX]) in _WAITING] or _others(
        fields, _WAITED_FOR
    )
    if waits:
        raise ActionRefusedError(
            Code.NOT_AT_MARKET, "orders are carried out at market; none waits for a price", waits[0], fields.written[waits[0]]
        )


def _others(fields: Fields, near: frozenset[str]) -> list[str]:
    """The keys of an action that are one of `near`, but for capitals and separators, and hold something; nothing and 0 mean nothing."""
    keys = (key for key in fields.written if len(key) <= KEY_CHARACTERS_MAX)
    return [key for key in keys if _bare(key) in near and fields.has(key) and fields.written[key] not in (0, "")]


def _bare(text: str) -> str:
    return _BARE.sub("", text).lower()
