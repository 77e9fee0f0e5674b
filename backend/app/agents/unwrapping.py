"""Finding the one JSON object in what a model wrote: past thinking, fences, prose and leaked tool tags.

Only text at the top level is looked at. What stands inside a text value, inside thinking, or in quotation marks is never taken for an
answer, and of two answers none is. One pass from left to right, with a bound on the number of parts: a hostile reply costs no more than a
plain one of its length.
"""

import re
from dataclasses import dataclass

from app.agents.codes import Code
from app.agents.findings import Findings, WholeRejectedError

NESTING_MAX = 8
PARTS_MAX = 2_000
COMMAS_MAX = 4_000

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
"""Characters without width that models and copying leave behind."""

_SPACE = rf"[\s{INVISIBLE}]"
_OBJECT_STARTS = rf"""[{{｛](?={_SPACE}*+(?:["“”'}}｝]|//|/\*|[A-Za-z_]\w*+{_SPACE}*+[:：]))"""
"""A brace that opens an object: a key, a comment or the end follows. `{{BTC, ETH}}` in prose is none."""

_ARRAY_STARTS = rf"[\[［](?={_SPACE}*+{_OBJECT_STARTS})"
"""A bracket that opens a list of objects. `[1.2, 3.4]` in prose is none."""

_THINKING = r"(?:seed:|antml:)?(?:think|thinking|thoughts?|reason|reasoning|reflection|analysis|scratchpad)"
_THINKING_STARTS = (
    rf"<{_THINKING}(?:\s[^<>]{{0,40}}+)?>|◁think▷|\[think\]|<\|begin_of_th(?:ought|inking)\|>|<\|channel\|>(?:analysis|commentary)\b"
)
_THINKING_STOPS = rf"</{_THINKING}\s{{0,4}}+>|◁/think▷|\[/think\]|<\|end_of_th(?:ought|inking)\|>|<\|channel\|>final\b"
"""Thinking aloud as models mark it: in tags, as Kimi and Magistral do, and with the control words of open weights."""

_STOP_BEGINS = ("</", "◁/", "[/", "<|")
_TOP = re.compile(
    rf"[^<◁{{｛\[［]*+"
    rf"(?:(?P<thinks>{_THINKING_STARTS})|(?P<answers>{_THINKING_STOPS})|(?P<starts>{_OBJECT_STARTS}|{_ARRAY_STARTS})|[<◁{{｛\[［]|\Z)",
    re.IGNORECASE,
)
"""The next thing at the top level that matters. Always matches, so that no character is looked at twice."""

_THINKING_FIRST = re.compile(rf"\s*+(?:{_THINKING_STARTS})", re.IGNORECASE)
_THINKING_ENDS = re.compile(_THINKING_STOPS, re.IGNORECASE)
_INSIDE = re.compile(
    r"""[^"'“”/{}\[\]｛｝［］]*+(?:"(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+'|[“”][^“”]*+[“”]|//[^\n]*+|/\*.*?\*/"""
    r"""|(?P<opens>[{\[｛［])|(?P<closes>[}\]｝］])|(?P<unclosed>["'“”]|/\*)|/|\Z)""",
    re.DOTALL,
)
"""The next part inside an object: a text, a comment, a bracket. Always matches."""

_PAIRS = {"{": "}", "｛": "}", "[": "]", "［": "]"}
_CLOSERS = {"}": "}", "｝": "}", "]": "]", "］": "]"}
_TOOL_TAG = re.compile(
    r"</?(?:tool_call|function_call|tool_use)>|<\|(?:/?tool_calls?(?:_begin|_end)?|message|end|return)\|>", re.IGNORECASE
)
_FENCE_BEFORE = re.compile(r"```[ \t]*+\w*+\s*+\Z")
_FENCE_AFTER = re.compile(r"\A\s*```")
_EMPTY_LIST = re.compile(r"(```[ \t]*+\w*+\s++)?\[\s*+\](?(1)\s*+```)")
_DEEP = re.compile(r"\s*+(?:[\[{]\s*+){9}")
_QUOTES = frozenset("\"'“‘«「『")
LINE_LOOKED_BACK_MAX = 200

_CANNOT = (
    r"\bI\s*(?:can['’]?t|can\s*not|won['’]t|will not|am not able to|am unable to|['’]m not able to|['’]m unable to"
    r"|must decline to|decline to)"
)
_DECLINES = re.compile(
    rf"{_CANNOT}\s+(?:\w+\s+){{0,2}}"
    r"(?:provide|offer|give|help|assist|comply|fulfil+|participate|engage|recommend|answer|do (?:this|that))\b"
    r"|\bas an ai\b[^.]{0,80}\b(?:cannot|can['’]t|unable)\b"
    r"|(?:抱歉|对不起|很遗憾)[^。\n]{0,20}(?:无法|不能)|我(?:无法|不能)(?:提供|给出|协助|帮助)",
    re.IGNORECASE,
)
_REGRETS = re.compile(
    r"\bsorry\b|\bapolog|\bas an ai\b|\b(?:financial|investment|trading) advice\b|抱歉|对不起|很遗憾|投资建议", re.IGNORECASE
)
DECLINING_WITHIN_MAX = 2_000
"""A refusal is looked for in the first and the last characters of the prose."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a balanced object or list of objects stands in the text."""

    start: int
    end: int


def take_object(text: str, findings: Findings) -> str:
    """The one object (or list of objects) of a reply, as written. Notes what was taken off; raises WholeRejectedError."""
    if _DEEP.match(text):
        raise _too_deep()
    prose_from, spans = _top_level(text)
    if prose_from:
        findings.repaired(Code.THINK_TAGS, "reply", "thinking before the answer was set aside", f"{prose_from} characters", "")
    if len(spans) > 1:
        raise WholeRejectedError(Code.MULTIPLE_OBJECTS, "the reply holds more than one JSON object; send exactly one")
    if not spans:
        return _without_object(text[prose_from:], findings)
    span = spans[0]
    _note_surroundings(text[prose_from : span.start], text[span.end :], findings)
    taken = text[span.start : span.end]
    _check_commas(taken)
    return taken


def holds_object(text: str) -> bool:
    """Whether something in a text would be looked at as an answer."""
    return bool(_top_level(text)[1])


def check_bounds(text: str) -> None:
    """Raise WholeRejectedError when a text is not one balanced, moderately nested object; for tool arguments, which nothing surrounds."""
    start = len(text) - len(text.lstrip())
    _balanced(text, start, [PARTS_MAX])
    _check_commas(text)


def only_thinks(text: str) -> bool:
    """Whether a text begins with thinking that never ends."""
    return _THINKING_FIRST.match(text) is not None and _THINKING_ENDS.search(text) is None


def declines(text: str) -> bool:
    """Whether a text says that its author won't answer, in English or Chinese."""
    return _DECLINES.search(_edges(text)) is not None


def _edges(text: str) -> str:
    if len(text) <= 2 * DECLINING_WITHIN_MAX:
        return text
    return f"{text[:DECLINING_WITHIN_MAX]}\n{text[-DECLINING_WITHIN_MAX:]}"


def _top_level(text: str) -> tuple[int, list[_Span]]:
    """Where thinking before the answer ends (0 when there was none), and the objects after it; no more than two are looked for."""
    spans: list[_Span] = []
    budget = [PARTS_MAX]
    thinking_until = max(map(text.rfind, _STOP_BEGINS))
    prose_from = position = 0
    while (found := _TOP.match(text, position)) is not None and position < len(text):
        _spend(budget)
        position = found.end()
        if found["answers"] is not None:
            prose_from = position
            spans.clear()  # the opening tag was left out: what came before is thinking, and a draft in it is no answer
        elif found["thinks"] is not None:
            position = _end_of_thinking(text, position)
            prose_from = prose_from if spans else position
        elif found["starts"] is not None:
            start = found.start("starts")
            end = _end_of_object(text, start, budget)
            if end is None:
                position = prose_from = _end_of_thinking(text, start)
                spans.clear()
                continue
            position = end
            if not _quoted(text, start):
                spans.append(_Span(start, position))
        if len(spans) > 1 and position > thinking_until:
            break
    return prose_from, spans


def _end_of_object(text: str, start: int, budget: list[int]) -> int | None:
    """The end of an object; None when it is a scrap in thinking whose opening tag was left out. Else raises for an object that is none."""
    try:
        return _balanced(text, start, budget)
    except WholeRejectedError as found:
        if found.code is Code.NOT_JSON and _THINKING_ENDS.search(text, start) is not None:
            return None
        raise


def _end_of_thinking(text: str, start: int) -> int:
    end = _THINKING_ENDS.search(text, start)
    if end is None:
        raise WholeRejectedError(Code.THINK_UNCLOSED, "the thinking never ended, so there is no answer")
    return end.end()


def _balanced(text: str, start: int, budget: list[int]) -> int:
    """The end of the object or list that opens at `start`."""
    open_: list[str] = []
    for part in _INSIDE.finditer(text, start):
        _spend(budget)
        if part["unclosed"] is not None:
            raise WholeRejectedError(Code.NOT_JSON, f"a text that opens at character {part.start('unclosed')} of the reply never ends")
        if part["opens"] is not None:
            open_.append(_PAIRS[part["opens"]])
            if len(open_) > NESTING_MAX:
                raise _too_deep()
        elif part["closes"] is not None:
            if not open_ or open_.pop() != _CLOSERS[part["closes"]]:
                raise WholeRejectedError(Code.NOT_JSON, f"the bracket at character {part.start('closes')} of the reply closes nothing")
            if not open_:
                return part.end()
    raise WholeRejectedError(Code.NOT_JSON, "the JSON object is never closed")


def _spend(budget: list[int]) -> None:
    budget[0] -= 1
    if budget[0] < 0:
        raise WholeRejectedError(
            Code.TOO_MANY_PARTS, f"the reply has more than {PARTS_MAX} brackets and texts; a reply needs a few hundred"
        )


def _check_commas(text: str) -> None:
    if text.count(",") + text.count("，") > COMMAS_MAX:
        raise WholeRejectedError(Code.TOO_MANY_PARTS, f"the reply has more than {COMMAS_MAX} commas; a reply needs a few hundred")


def _quoted(text: str, start: int) -> bool:
    """Whether an object stands in quotation marks or in a quoted line: somebody else's words."""
    before = text[max(0, start - LINE_LOOKED_BACK_MAX) : start]
    return before[-1:] in _QUOTES or before[before.rfind("\n") + 1 :].lstrip().startswith(">")


def _without_object(text: str, findings: Findings) -> str:
    """An empty list is a reply without an object; everything else is none."""
    plain = text.strip()
    fenced = _EMPTY_LIST.fullmatch(plain)
    if fenced is not None:
        if fenced[1]:
            findings.repaired(Code.FENCED, "reply", "one code fence around the list was taken off", fenced[1].strip(), "")
        return "[]"
    if plain == "null":
        raise WholeRejectedError(Code.NULL_DOC, "the reply is null; an object is needed")
    if re.match(r"(?:<!doctype\s+html|<html)\b", plain, re.IGNORECASE):
        raise WholeRejectedError(Code.HTML_BODY, "the reply is an HTML page, not a decision")
    if declines(plain):
        raise WholeRejectedError(Code.REFUSAL, "the model declined to decide")
    if re.fullmatch(r'"(?:[^"\\]++|\\.)*+"|-?[0-9][0-9.eE+-]*+|true|false', plain, re.DOTALL):
        raise WholeRejectedError(Code.SCALAR_DOC, "the reply is a single value; an object is needed")
    raise WholeRejectedError(Code.NOT_JSON, "the reply holds no JSON object")


def _too_deep() -> WholeRejectedError:
    return WholeRejectedError(Code.DEEP_NESTING, f"the reply nests deeper than {NESTING_MAX} levels")


def _note_surroundings(before: str, after: str, findings: Findings) -> None:
    if after.lstrip()[:1] in _CLOSERS:
        raise WholeRejectedError(Code.NOT_JSON, "the reply has a closing bracket too many")
    if before.rstrip()[-1:] in _PAIRS:
        raise WholeRejectedError(Code.NOT_JSON, "the reply has a bracket that is never closed")
    before, after = _TOOL_TAG.sub("", before), _TOOL_TAG.sub("", after)
    opening, closing = _FENCE_BEFORE.search(before), _FENCE_AFTER.search(after)
    if opening is not None and closing is not None:
        findings.repaired(Code.FENCED, "reply", "one code fence around the object was taken off", opening[0].strip(), "")
        before, after = before[: opening.start()], after[closing.end() :]
    prose = f"{before.strip()} {after.strip()}".strip()
    if not prose.strip(INVISIBLE + " "):
        return
    if declines(prose) and _REGRETS.search(_edges(prose)):
        raise WholeRejectedError(Code.REFUSAL, "the model declined to decide; an object in such a reply is not an answer")
    findings.repaired(Code.PROSE_AROUND, "reply", "the one object was taken out of the prose around it", prose, "")
