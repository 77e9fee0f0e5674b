"""The bounded repairs of an object that is not quite JSON. Each changes how a value is written, never what it says, and each is named.

Nothing is completed, closed or guessed: what these rules don't make valid is refused. Texts are kept to the letter. One pass.
"""

import json
import re
from collections.abc import Callable, Mapping
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
_PLAIN_DIGITS = str.maketrans("０１２３４５６７８９．－＋ｅＥ", "0123456789.-+eE")
"""Only what is a digit in another width: a superscript is an exponent, and 10³ is not 103."""

_LITERALS = {"None": "null", "True": "true", "False": "false"}
_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_CONTROL = re.compile(r"[\x00-\x1f]")
_ESCAPE = re.compile(r"\\(.)|(\")", re.DOTALL)
_THOUSANDS = re.compile(r"[:\[]\s*-?[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_HEX = re.compile(r"[:\[,]\s*[-+]?0[xX][0-9a-fA-F]+")


@dataclass(slots=True)
class Mended:
    """One kind of repair: how often it was needed, and its first place, as written and as it was read."""

    before: str
    after: str
    times: int = 0


@dataclass(frozen=True, slots=True)
class Repaired:
    """The text after repairs, what each kind did, and the text with every string emptied, to tell what is still wrong."""

    text: str
    mended: Mapping[Code, Mended]
    skeleton: str


@dataclass(slots=True)
class _Rewriting:
    """Tokens written so far. `last` and `before` are the places of the last two that are no white space."""

    out: list[str] = field(default_factory=list)
    mended: dict[Code, Mended] = field(default_factory=dict)
    last: int = -1
    before: int = -1

    def note(self, code: Code, before: str, after: str) -> None:
        self.mended.setdefault(code, Mended(before, after)).times += 1

    def put(self, token: str) -> None:
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
    return Repaired("".join(done.out), done.mended, skeleton)


def what_is_wrong(skeleton: str) -> tuple[Code, str]:
    """A name for what no repair may touch, from the text with its strings emptied."""
    if _THOUSANDS.search(skeleton):
        return Code.THOUSANDS_SEP, "a number has a thousands separator; write 1000, not 1,000"
    if _HEX.search(skeleton):
        return Code.HEX, "a number is hexadecimal; write plain decimal numbers"
    return Code.NOT_JSON, "the reply is not valid JSON"


def _text(token: str, done: _Rewriting) -> None:
    _note_controls(token, done)
    done.put(token)


def _note_controls(token: str, done: _Rewriting) -> None:
    """Control characters stay: the parse after the repairs lets them through."""
    found = _CONTROL.search(token)
    if found is not None:
        done.note(Code.RAW_NEWLINE, token, token.replace(found[0], f"\\u{ord(found[0]):04x}"))


def _single(token: str, done: _Rewriting) -> None:
    inner = _ESCAPE.sub(lambda found: '\\"' if found[2] else "'" if found[1] == "'" else found[0], token[1:-1])
    text = f'"{inner}"'
    done.note(Code.SINGLE_QUOTES, token, text)
    _note_controls(text, done)
    done.put(text)


def _wide_text(token: str, done: _Rewriting) -> None:
    text = json.dumps(token[1:-1], ensure_ascii=False)
    done.note(Code.FULLWIDTH, token, text)
    done.put(text)


def _comment(token: str, done: _Rewriting) -> None:
    done.note(Code.COMMENTS, token, "")
    done.out.append(" ")


def _space(token: str, done: _Rewriting) -> None:
    """Always a space where something stood, so that removing it never joins two numbers."""
    hidden = [character for character in INVISIBLE if character in token]
    if hidden:
        done.note(Code.ZERO_WIDTH, f"U+{ord(hidden[0]):04X}", "")
    wide = token.translate(_SEEN)
    if not wide.isascii():
        done.note(Code.FULLWIDTH, " ".join(f"U+{ord(one):04X}" for one in wide if not one.isascii()), "U+0020")
    done.out.append(token if token.isascii() and token.isprintable() else "\n" if "\n" in token else " ")


def _mark(token: str, done: _Rewriting) -> None:
    plain = token.translate(_PLAIN_MARKS)
    if plain in "}]" and done.at(done.last) == ",":
        done.out[done.last] = ""
        done.note(Code.TRAILING_COMMA, f",{plain}", plain)
    if plain == ":" and done.at(done.before) in ("{", ",") and _KEY.fullmatch(done.at(done.last)):
        key = done.at(done.last)
        done.out[done.last] = f'"{key}"'
        done.note(Code.UNQUOTED_KEYS, key, f'"{key}"')
    if plain != token:
        done.note(Code.FULLWIDTH, token, plain)
    done.put(plain)


def _word(token: str, done: _Rewriting) -> None:
    if token in _LITERALS and done.at(done.last) != "{":
        done.note(Code.PYTHON_LITERALS, token, _LITERALS[token])
        done.put(_LITERALS[token])
        return
    plain = token if token.isascii() else token.translate(_PLAIN_DIGITS)
    if plain != token and _NUMBER.fullmatch(plain):
        done.note(Code.FULLWIDTH_DIGITS, token, plain)
        done.put(plain)
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
