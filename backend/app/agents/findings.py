"""What is found while a reply is read: notes, and the two ways in which reading ends early. Internal to reading; its results are values."""

from dataclasses import dataclass, field

from app.agents.codes import Code
from app.agents.reading import Note, NoteKind

EXCERPT_CHARACTERS_MAX = 80


class WholeRejectedError(Exception):
    """The reply can't be read at all. Becomes a Reading, never leaves the reader."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ActionRefusedError(Exception):
    """One action can't be read. Becomes a RefusedAction, never leaves the reader."""

    def __init__(self, code: Code, message: str, field_name: str | None = None, written: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field_name = field_name
        self.written = written


@dataclass(slots=True)
class Findings:
    """The notes so far, in the order in which they were made."""

    notes: list[Note] = field(default_factory=list)

    def repaired(
        self, code: Code, where: str, message: str, before: object = None, after: object = None, position: int | None = None
    ) -> None:
        """Something was read otherwise than written."""
        self._add(NoteKind.REPAIR, code, where, position, before, after, message)

    def clamped(
        self, code: Code, where: str, message: str, before: object = None, after: object = None, position: int | None = None
    ) -> None:
        """A number was moved to a limit."""
        self._add(NoteKind.CLAMP, code, where, position, before, after, message)

    def remarked(self, code: Code, where: str, message: str, before: object = None, position: int | None = None) -> None:
        """Something is worth knowing; nothing was changed."""
        self._add(NoteKind.REMARK, code, where, position, before, None, message)

    def _add(self, kind: NoteKind, code: Code, where: str, position: int | None, before: object, after: object, message: str) -> None:
        self.notes.append(Note(kind, code.value, where, position, _excerpt_or_none(before), _excerpt_or_none(after), message))


def excerpt(written: object) -> str:
    """What was written, as a short text that can be stored and shown: cut, and without characters that have no shape."""
    text = written if isinstance(written, str) else _plainly(written)
    cut = text if len(text) <= EXCERPT_CHARACTERS_MAX else text[: EXCERPT_CHARACTERS_MAX - 1] + "…"
    return "".join(character if character.isprintable() else "�" for character in cut)


def _excerpt_or_none(written: object) -> str | None:
    return None if written is None else excerpt(written)


def _plainly(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return f"an object of {len(value)} keys"
        case list():
            return f"a list of {len(value)}"
        case _:
            return str(value)
