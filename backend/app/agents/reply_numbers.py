"""A number as a contestant wrote it, as an exact Decimal or a refusal by name. Only a plain one in quotes is read as one."""

import re
from decimal import ROUND_FLOOR, Decimal

from app.agents.codes import Code
from app.agents.findings import ActionRefusedError
from app.agents.strict_json import NotFinite
from app.engine.money import CONTEXT
from app.engine.order_checks import LARGEST

INFINITE_FROM_EXPONENT = 309
"""Other programs read a number of that many digits as infinite."""

FINEST = Decimal("1E-12")
"""No price or amount of this market has more places."""

_PLAIN = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_CURRENCY = re.compile(r"[$€£¥￥₮]|usdt?|usd|美元", re.IGNORECASE)
_APPROXIMATE = re.compile(r"\A\s*(?:[~≈≃±<>]|about\b|around\b|approx|circa\b|约|大约|左右)|左右\s*\Z", re.IGNORECASE)
_SEPARATED = re.compile(r"[0-9][,'’_ ][0-9]")


def exact_number(written: object, name: str) -> Decimal:
    """The number; raises ActionRefusedError. `written` may be a plain number in quotes: see `is_quoted`."""
    match written:
        case bool():
            raise ActionRefusedError(Code.BOOL_AS_NUMBER, f"{name} is a truth value; it must be a number", name, written)
        case Decimal():
            return _bounded(written, name)
        case NotFinite():
            code = Code.NAN if "nan" in written.text.lower() else Code.INF
            raise ActionRefusedError(code, f"{name} is not a finite number", name, written.text)
        case str():
            return _bounded(_from_text(written, name), name)
        case _:
            raise ActionRefusedError(Code.WRONG_TYPE, f"{name} must be a number", name, written)


def is_quoted(written: object) -> bool:
    """Whether a number came in quotes."""
    return isinstance(written, str)


def cut(number: Decimal, step: Decimal) -> Decimal:
    """The number with no more decimal places than `step` has, rounded down."""
    return number.quantize(step, rounding=ROUND_FLOOR, context=CONTEXT)


def _from_text(text: str, name: str) -> Decimal:
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    code, why = _unreadable(text[:80])
    raise ActionRefusedError(code, f"{name} must be a plain number: {why}", name, text)


def _unreadable(text: str) -> tuple[Code, str]:
    if text.strip().lower() in {"nan", "-nan"}:
        return Code.NAN, "this is not a number"
    if text.strip().lower().lstrip("+-") in {"inf", "infinity"}:
        return Code.INF, "this is infinite"
    if "%" in text or "％" in text:
        return Code.PERCENT_SIZE, "a percentage doesn't say of what"
    if _CURRENCY.search(text):
        return Code.CURRENCY_STRING, "leave out currency signs and separators"
    if _APPROXIMATE.search(text):
        return Code.APPROXIMATE, "an approximate one can't be carried out"
    if _SEPARATED.search(text):
        return Code.SEPARATED_STRING, "leave out separators"
    return Code.NOT_A_NUMBER, "this is a text"


def _bounded(number: Decimal, name: str) -> Decimal:
    """Bounds come before any arithmetic: an exponent of a million must never be written out."""
    if number.adjusted() >= INFINITE_FROM_EXPONENT:
        raise ActionRefusedError(Code.INF, f"{name} is so large that it is read as infinite", name, number)
    if abs(number) > LARGEST:
        raise ActionRefusedError(Code.TOO_LARGE, f"{name} is beyond any number of this market", name, number)
    return number
