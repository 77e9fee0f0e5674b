"""What a contestant once wrote, on its way back into its own prompt: one bounded line in quotes, data and never an instruction.

Line breaks, control, format and private characters become spaces: nothing can leave its line, close its quotes, or hide.
"""

import json
import unicodedata

QUOTED_CHARACTERS_MAX = 240
"""What is kept of one text."""

MESSAGE_CHARACTERS_MAX = 200
WORD_CHARACTERS_MAX = 40
_ELLIPSIS = "…"


def quoted(text: str, limit: int = QUOTED_CHARACTERS_MAX) -> str:
    """A text in double quotes, inner quotes and backslashes escaped as in JSON."""
    return json.dumps(one_line(text, limit), ensure_ascii=False)


def one_line(text: str, limit: int = MESSAGE_CHARACTERS_MAX) -> str:
    """A text on one line, cut to `limit` characters."""
    kept = text[: limit * 4]  # bounded work: what was written may be long, what is shown is short
    visible = "".join(" " if _unseen(character) else character for character in kept)
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + _ELLIPSIS


def word(text: str) -> str:
    """A name as it was written when it is one plain word, else quoted and cut: what was refused may be anything."""
    plain = text.isascii() and text.replace("_", "").isalnum() and len(text) <= WORD_CHARACTERS_MAX
    return text if plain or not text else quoted(text, WORD_CHARACTERS_MAX)


def _unseen(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "C" or category in {"Zl", "Zp"}
