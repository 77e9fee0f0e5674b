"""A model's reply read strictly: exactly the contract's JSON object, or a refusal that says what is wrong. Nothing is repaired or guessed.

Shape: {"summary": str, "actions": [{"action", "symbol", "notional_usdt", "leverage", "close_fraction", "stop_loss", "take_profit",
"confidence", "invalidation", "reason"}]}. Unknown keys are ignored.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.engine.orders import CloseOrder, OpenOrder, Order, StopsOrder
from app.engine.trades import Side

REPLY_CHARACTERS_MAX = 65_536
NESTING_MAX = 8
ACTIONS_MAX = 12
TEXT_CHARACTERS_MAX = 4_000
DIGITS_MAX = 30


class Action(StrEnum):
    """The closed list of what may be asked."""

    OPEN_LONG = "open_long"
    OPEN_SHORT = "open_short"
    CLOSE = "close"
    SET_STOPS = "set_stops"
    HOLD = "hold"


class ReplyCode(StrEnum):
    """Why a whole reply was refused."""

    BLANK = "BLANK"
    TOO_LONG = "TOO_LONG"
    DEEP_NESTING = "DEEP_NESTING"
    NOT_JSON = "NOT_JSON"
    DUPLICATE_KEY = "DUPLICATE_KEY"
    NOT_FINITE = "NOT_FINITE"
    SCHEMA = "SCHEMA"


@dataclass(frozen=True, slots=True)
class Decision:
    """One action as asked. Money and prices in USDT; fields an action doesn't use are None."""

    position: int
    action: Action
    symbol: str | None
    notional: Decimal | None
    leverage: int | None
    close_fraction: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    confidence: Decimal | None
    invalidation: str | None
    reason: str

    @property
    def order(self) -> Order | None:
        """What the exchange is asked to do; None for a hold."""
        match self.action:
            case Action.OPEN_LONG | Action.OPEN_SHORT:
                side = Side.LONG if self.action is Action.OPEN_LONG else Side.SHORT
                if self.symbol is None or self.notional is None or self.leverage is None:
                    raise ValueError(f"{self.action} without symbol, notional and leverage")
                return OpenOrder(self.symbol, side, self.notional, self.leverage, self.stop_loss, self.take_profit)
            case Action.CLOSE:
                return CloseOrder(self.symbol or "", Decimal(1) if self.close_fraction is None else self.close_fraction)
            case Action.SET_STOPS:
                return StopsOrder(self.symbol or "", self.stop_loss, self.take_profit)
            case Action.HOLD:
                return None


@dataclass(frozen=True, slots=True)
class Reply:
    """A valid reply. No actions, or only holds, means the contestant holds."""

    summary: str
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class ReplyRefused:
    """A reply that is not exactly valid; the contestant holds."""

    code: ReplyCode
    message: str


class _Fault(Exception):  # noqa: N818 - internal, becomes a ReplyRefused value
    def __init__(self, code: ReplyCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def _json_number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")
    return Decimal(value)


Number = Annotated[Decimal, BeforeValidator(_json_number)]
Text = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)]


class _ActionModel(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    action: Literal["open_long", "open_short", "close", "set_stops", "hold"]
    symbol: Text | None = None
    notional_usdt: Number | None = None
    leverage: Annotated[int, Field(strict=True)] | None = None
    close_fraction: Number | None = None
    stop_loss: Number | None = None
    take_profit: Number | None = None
    confidence: Annotated[Number, Field(ge=0, le=1)] | None = None
    invalidation: Text | None = None
    reason: Text = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.action != "hold" and not self.symbol:
            raise ValueError(f"{self.action} needs a symbol")
        if self.action.startswith("open") and self.notional_usdt is None:
            raise ValueError(f"{self.action} needs notional_usdt")
        if self.action.startswith("open") and self.leverage is None:
            raise ValueError(f"{self.action} needs leverage")
        return self


class _ReplyModel(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    summary: Text = ""
    actions: Annotated[list[_ActionModel], Field(max_length=ACTIONS_MAX)]


def read_reply(text: str) -> Reply | ReplyRefused:
    """Read a reply. Never raises for what a model wrote."""
    try:
        document = _document(text)
        if not isinstance(document, dict):
            return ReplyRefused(ReplyCode.SCHEMA, f"the reply must be one JSON object, not {type(document).__name__}")
        parsed = _ReplyModel.model_validate(document)
    except _Fault as fault:
        return ReplyRefused(fault.code, str(fault))
    except ValidationError as error:
        return ReplyRefused(ReplyCode.SCHEMA, _first_fault(error))
    return Reply(parsed.summary, tuple(_decision(index, action) for index, action in enumerate(parsed.actions)))


def _document(text: str) -> Any:
    if not text.strip():
        raise _Fault(ReplyCode.BLANK, "the reply is blank")
    if len(text) > REPLY_CHARACTERS_MAX:
        raise _Fault(ReplyCode.TOO_LONG, f"the reply has {len(text)} characters; at most {REPLY_CHARACTERS_MAX} are read")
    if _depth(text) > NESTING_MAX:
        raise _Fault(ReplyCode.DEEP_NESTING, f"the reply nests deeper than {NESTING_MAX} levels")
    try:
        return json.loads(text, parse_float=_number, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        message = f"the reply is not one JSON object: {error.msg} at line {error.lineno}, column {error.colno}"
        raise _Fault(ReplyCode.NOT_JSON, message) from None


def _depth(text: str) -> int:
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string, escaped = True, False
        elif character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _Fault(ReplyCode.NOT_FINITE, f"{text[:40]} is not a usable number") from None
    if not number.is_finite() or abs(number.adjusted()) > DIGITS_MAX or len(number.as_tuple().digits) > DIGITS_MAX:
        raise _Fault(ReplyCode.NOT_FINITE, f"{text[:40]} is not a usable number")
    return number


def _integer(text: str) -> int:
    if len(text) > DIGITS_MAX:
        raise _Fault(ReplyCode.NOT_FINITE, f"{text[:40]}… is not a usable number")
    return int(text)


def _constant(text: str) -> NoReturn:
    raise _Fault(ReplyCode.NOT_FINITE, f"{text} is not a number")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = sorted({name for name in names if names.count(name) > 1})
        raise _Fault(ReplyCode.DUPLICATE_KEY, f"the key {doubled[0][:40]!r} stands twice in one object")
    return found


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    return f"{where or 'reply'}: {first['msg'].removeprefix('Value error, ')}"


def _decision(index: int, action: _ActionModel) -> Decision:
    return Decision(
        position=index,
        action=Action(action.action),
        symbol=action.symbol,
        notional=action.notional_usdt,
        leverage=action.leverage,
        close_fraction=action.close_fraction,
        stop_loss=action.stop_loss,
        take_profit=action.take_profit,
        confidence=action.confidence,
        invalidation=action.invalidation,
        reason=action.reason,
    )
