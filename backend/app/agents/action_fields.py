"""The fields of one action, read one at a time: each gives a value, notes what was changed, or refuses the action.

`kept` collects what stands of the action, in the order and under the names in which it was written.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.agents.codes import Code
from app.agents.findings import ActionRefusedError, Findings, excerpt
from app.agents.reply_numbers import FINEST, cut, exact_number, is_quoted
from app.agents.unsafe_text import TEXT_CHARACTERS_MAX, remarks_on, storable
from app.engine.money import CASH_STEP, ONE, ZERO, floor_to

PERCENT = Decimal(100)
MAYBE_PERCENT = Decimal(2)
"""A fraction of 1.5 is too much; one of 50 is half a position to somebody. 100 is all of it either way."""
LEVERAGE_X_CHARACTERS_MAX = 4


@dataclass(slots=True)
class Fields:
    """One action as written, and what of it stands so far."""

    written: Mapping[str, Any]
    findings: Findings
    path: str
    position: int | None
    kept: dict[str, Any] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether a field was given, null aside."""
        return self.written.get(name) is not None

    def keep(self, name: str, value: object) -> None:
        """Let a field stand as `value`."""
        self.kept[name] = value

    def where(self, name: str) -> str:
        """The path of a field in the reply."""
        return f"{self.path}.{name}" if self.path else name

    def mended(self, code: Code, name: str, message: str, before: object, after: object) -> None:
        """Note that a field was read otherwise than written."""
        self.findings.repaired(code, self.where(name), message, before, after, self.position)

    def clamped(self, code: Code, name: str, message: str, before: object, after: object) -> None:
        """Note that a field was moved to a limit."""
        self.findings.clamped(code, self.where(name), message, before, after, self.position)

    def remarked(self, code: Code, name: str, message: str, before: object = None) -> None:
        """Note something that changes nothing."""
        self.findings.remarked(code, self.where(name), message, before, self.position)

    def number(self, name: str) -> Decimal | None:
        """A number field; None when absent or null. Raises ActionRefusedError."""
        written = self.written.get(name)
        if written is None:
            if name in self.written:
                self.keep(name, None)
            return None
        number = exact_number(written, name)
        if is_quoted(written):
            self.mended(Code.NUMERIC_STRING, name, f"{name} was a number in quotes", f'"{written}"', number)
        self.keep(name, number)
        return number

    def _number_cut(self, name: str) -> Decimal | None:
        """A number field with no more decimal places than anybody needs: a thousand of them would be stored and shown."""
        number = self.number(name)
        if number is None:
            return None
        fine = cut(number, FINEST)
        if fine == number:
            return number
        self.mended(Code.EXCESS_PRECISION, name, f"{name} has more than 12 decimal places; the rest was cut", number, f"{fine:f}")
        self.keep(name, fine)
        return fine

    def notional(self, name: str) -> Decimal:
        """A size in USDT, above zero, cut to 1e-8."""
        notional = self.number(name)
        if notional is None:
            raise ActionRefusedError(Code.MISSING_SIZE, f"an open needs {name}, the size in USDT", name)
        if notional < 0:
            raise ActionRefusedError(Code.NEGATIVE_SIZE, f"{name} must be above zero; a short is its own action", name, notional)
        money = cut(notional, CASH_STEP)
        if money != notional:
            self.mended(Code.EXCESS_PRECISION, name, f"{name} has more than 8 decimal places; the rest was cut", notional, f"{money:f}")
            self.keep(name, money)
        if money == 0:
            raise ActionRefusedError(Code.ZERO_SIZE, f"{name} must be above zero", name, notional)
        return money

    def leverage(self, name: str, cap: int) -> int:
        """A whole leverage from 1, rounded down and set to the cap where needed."""
        asked = self._leverage_x(name) or self.number(name)
        if asked is None:
            raise ActionRefusedError(Code.MISSING_LEVERAGE, "an open needs leverage, a whole number from 1", name)
        if asked < 0:
            raise ActionRefusedError(Code.LEVERAGE_NEGATIVE, "leverage must be a whole number from 1", name, asked)
        whole = floor_to(asked, ONE)
        if whole < ONE:
            raise ActionRefusedError(Code.LEVERAGE_ZERO, "leverage must be a whole number from 1", name, asked)
        if whole != asked:
            self.mended(Code.FRACTIONAL_LEVERAGE, name, "a broken leverage was rounded down", asked, whole)
        if whole > cap:
            self.clamped(Code.LEVERAGE_ABOVE_CAP, name, f"this contest allows at most {cap}x; the notional stays", whole, cap)
        leverage = min(int(whole), cap)
        self.keep(name, Decimal(leverage))
        return leverage

    def _leverage_x(self, name: str) -> Decimal | None:
        written = self.written.get(name)
        if not isinstance(written, str) or len(written) > LEVERAGE_X_CHARACTERS_MAX or written[-1:] not in {"x", "X"}:
            return None
        digits = written[:-1]
        if not (digits.isascii() and digits.isdigit()):
            return None
        self.mended(Code.LEVERAGE_X, name, "a leverage written with an x", written, digits)
        return Decimal(digits)

    def fraction(self, name: str) -> Decimal | None:
        """The part of a position to close, above 0, at most 1; None means all of it."""
        fraction = self._number_cut(name)
        if fraction is None:
            return None
        if fraction <= 0:
            raise ActionRefusedError(Code.FRACTION_INVALID, f"{name} must be above 0 and at most 1", name, fraction)
        if fraction >= MAYBE_PERCENT and fraction != PERCENT:
            message = f"{name} must be above 0 and at most 1; {fraction:f} may be meant in percent"
            raise ActionRefusedError(Code.FRACTION_INVALID, message, name, fraction)
        if fraction > 1:
            self.clamped(Code.FRACTION_ABOVE_1, name, "no more than the whole position can be closed", fraction, ONE)
            self.keep(name, ONE)
        return min(fraction, ONE)

    def confidence(self, name: str) -> Decimal | None:
        """0 to 1, or None. Nothing is sized by it, so that a bad one is left out and never costs the action."""
        try:
            confidence = self._number_cut(name)
        except ActionRefusedError:
            self._leave_confidence_out(name)
            return None
        if confidence is None or ZERO <= confidence <= ONE:
            return confidence
        if not ONE < confidence <= PERCENT:
            self._leave_confidence_out(name)
            return None
        share = confidence / PERCENT
        self.mended(Code.CONFIDENCE_PERCENT, name, "a confidence above 1 was read as percent", confidence, share)
        self.keep(name, share)
        return share

    def _leave_confidence_out(self, name: str) -> None:
        self.mended(
            Code.CONFIDENCE_INVALID, name, "confidence must be a number from 0 to 1; it was left out", self.written.get(name), "null"
        )
        self.keep(name, None)

    def text(self, name: str, held: Collection[str] = ()) -> str | None:
        """A text field, kept to the letter; None when absent or null. Too long is cut, another type is left out, and both are noted."""
        written = self.written.get(name)
        if written is None:
            if name in self.written:
                self.keep(name, None)
            return None
        if not isinstance(written, str):
            self.mended(Code.TEXT_DROPPED, name, f"{name} must be a text; it was left out", written, "null")
            self.keep(name, None)
            return None
        text = storable(written[:TEXT_CHARACTERS_MAX])
        if len(written) > TEXT_CHARACTERS_MAX:
            self.mended(Code.TEXT_CUT, name, f"{name} was cut", f"{len(written)} characters", f"{TEXT_CHARACTERS_MAX} characters")
        if text != written[:TEXT_CHARACTERS_MAX]:
            lost = next(one for one, kept in zip(written, text, strict=False) if one != kept)
            self.mended(
                Code.TEXT_UNSTORABLE, name, f"characters of {name} that can't be stored were replaced", f"U+{ord(lost):04X}", "U+FFFD"
            )
        for code, sentence in remarks_on(text, held):
            self.remarked(code, name, sentence, text)
        self.keep(name, text)
        return text

    def remark_others(self, known: Collection[str], used: Collection[str]) -> None:
        """Name the fields that were ignored: unknown ones, and known ones that this action doesn't use."""
        extra = [key for key in self.written if key not in known]
        if extra:
            self.remarked(Code.EXTRA_KEYS, excerpt(extra[0]), "fields that the contract doesn't have were ignored", ", ".join(extra[:12]))
        unused = [key for key in self.written if key in known and key not in used and self.has(key)]
        self.keep_as_written(key for key in known if key not in used)
        if unused:
            self.remarked(Code.UNUSED_FIELDS, unused[0], "fields that this action doesn't use were ignored", ", ".join(unused))

    def keep_as_written(self, names: Iterable[str]) -> None:
        """Let fields stand that nothing depends on, where they are plain values."""
        for name in names:
            written = self.written.get(name)
            if isinstance(written, str):
                self.keep(name, storable(written[:TEXT_CHARACTERS_MAX]))
            elif name in self.written and isinstance(written, Decimal | None):
                self.keep(name, written)

    def in_written_order(self) -> dict[str, Any]:
        """What stands, ordered as it was written."""
        return {key: self.kept[key] for key in self.written if key in self.kept}
