"""The bounded repairs of an object that is not quite JSON. Each changes how a value is written, never what it says, and each is named.

Nothing is completed, closed or guessed: what these rules don't make valid is refused. Texts are kept to the letter. One pass.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from app.agents.codes import Code
from app.agents.unwrapping import INVISIBLE

TOKENS_MAX = 1_500

_TOKEN = re.compile(
    rf"""(?P<text>"(?:[^"\\]++|\\.)*+")|(?P<single>'(?:[^'\\]++|\\.)*+')|(?P<wide_text>[“”][^“”]*+[“”])"""
    rf"""|(?P<comment>//[^\n]*+|/\*.*?\*/)|(?P<space>[\s{INVISIBLE}]++)|(?P<mark>[{{}}\[\]:,｛｝［］：，])"""
    rf"""|(?P<word>[^\s{INVISIBLE}"'“”{{}}\[\]:,｛｝［］：，/]++)|(?P<other>.)""",
    re.DOTALL,
)
_PLAIN_MARKS = str.maketrans("｛｝［］：，", "{}[]:,")
_SEEN = dict.fromkeys(map(ord, INVISIBLE))
_LITERALS = {"None": "null", "True": "true", "False": "false"}
_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_CONTROL = re.compile(r"[\x00-\x1f]")
_ESCAPE = re.compile(r"\\(.)|(\")", re.DOTALL)
_THOUSANDS = re.compile(r"[:\[]\s*-?[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_HEX = re.compile(r"[:\[,]\s*[-+]?0[xX][0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Repaired:
    """The text after repairs, how often each was needed, and the text with every string emptied, to tell what is still wrong."""

    text: str
    counts: Counter[Code]
    skeleton: str


@dataclass(slots=True)
class _Rewriting:
    """Tokens written so far. `last` and `before` are the places of the last two that are no white space."""

    out: list[str] = field(default_factory=list)
    counts: Counter[Code] = field(default_factory=Counter)
    last: int = -1
    before: int = -1

    def put(self, token: str, *codes: Code) -> None:
        self.counts.update(codes)
        self.before, self.last = self.last, len(self.out)
        self.out.append(token)

    def at(self, place: int) -> str:
        return self.out[place] if place >= 0 else ""


def repair(text: str) -> Repaired | None:
    """Rewrite one balanced object; None when it has more tokens than a reply can need."""
    done = _Rewriting()
    for number, token in enumerate(_TOKEN.finditer(text)):
        if number >= TOKENS_MAX:
            return None
        _WRITE[token.lastgroup or "other"](token[0], done)
    skeleton = "".join('""' if part[:1] == '"' else part for part in done.out)
    return Repaired("".join(done.out), done.counts, skeleton)


def what_is_wrong(skeleton: str) -> tuple[Code, str]:
    """A name for what no repair may touch, from the text with its strings emptied."""
    if _THOUSANDS.search(skeleton):
        return Code.THOUSANDS_SEP, "a number has a thousands separator; write 1000, not 1,000"
    if _HEX.search(skeleton):
        return Code.HEX, "a number is hexadecimal; write plain decimal numbers"
    return Code.NOT_JSON, "the reply is not valid JSON"


def _text(token: str, done: _Rewriting) -> None:
    done.put(token, *_controls(token))


def _controls(token: str) -> tuple[Code, ...]:
    """Control characters stay: the parse after the repairs lets them through."""
    return (Code.RAW_NEWLINE,) if _CONTROL.search(token) else ()


def _single(token: str, done: _Rewriting) -> None:
    inner = _ESCAPE.sub(lambda found: '\\"' if found[2] else "'" if found[1] == "'" else found[0], token[1:-1])
    done.put(f'"{inner}"', Code.SINGLE_QUOTES, *_controls(inner))


def _wide_text(token: str, done: _Rewriting) -> None:
    done.put(json.dumps(token[1:-1], ensure_ascii=False), Code.FULLWIDTH)


def _comment(_token: str, done: _Rewriting) -> None:
    done.counts[Code.COMMENTS] += 1
    done.out.append(" ")


def _space(token: str, done: _Rewriting) -> None:
    """Always a space where something stood, so that removing it never joins two numbers."""
    if any(character in token for character in INVISIBLE):
        done.counts[Code.ZERO_WIDTH] += 1
    if not token.translate(_SEEN).isascii():
        done.counts[Code.FULLWIDTH] += 1
    done.out.append(token if token.isascii() and token.isprintable() else "\n" if "\n" in token else " ")


def _mark(token: str, done: _Rewriting) -> None:
    plain = token.translate(_PLAIN_MARKS)
    if plain in "}]" and done.at(done.last) == ",":
        done.out[done.last] = ""
        done.counts[Code.TRAILING_COMMA] += 1
    if plain == ":" and done.at(done.before) in ("{", ",") and _KEY.fullmatch(done.at(done.last)):
        done.out[done.last] = f'"{done.at(done.last)}"'
        done.counts[Code.UNQUOTED_KEYS] += 1
    done.put(plain, *([Code.FULLWIDTH] if plain != token else []))


def _word(token: str, done: _Rewriting) -> None:
    if token in _LITERALS and done.at(done.last) != "{":
        done.put(_LITERALS[token], Code.PYTHON_LITERALS)
        return
    plain = token if token.isascii() else unicodedata.normalize("NFKC", token)
    if plain != token and _NUMBER.fullmatch(plain):
        done.put(plain, Code.FULLWIDTH_DIGITS)
        return
    done.put(token)


def _other(token: str, done: _Rewriting) -> None:
    done.put(token)


_WRITE: dict[str, Callable[[str, _Rewriting], None]] = {
    "text": _text,
    "single": _single,
    "wide_text": _wide_text,
    "comment": _comment,
    "space": _space,
    "mark": _mark,
    "word": _word,
    "other": _other,
}
