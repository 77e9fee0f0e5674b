"""From what a model said to one JSON value, or the reason why there is none. Shared by every prompt family.

Order: how the host ended the reply, its size, the wrapping, a strict parse, and only if that fails the bounded repairs and a second strict
parse. A reply that was cut is never mended.
"""

from typing import Any

from app.agents.codes import Code
from app.agents.findings import Findings, WholeRejectedError
from app.agents.reading import DECLARED_TOOL, Spoken, ToolCall
from app.agents.strict_json import Doubled, NotJson, parse, parse_with_raw_lines
from app.agents.syntax_repairs import repair, what_is_wrong
from app.agents.unwrapping import INVISIBLE, check_bounds, holds_object, only_thinks, take_object

REPLY_BYTES_MAX = 65_536
_CALL_KEYS = frozenset({"name", "arguments", "id", "type", "index"})

_REPAIR_WORDS = {
    Code.ZERO_WIDTH: "invisible characters outside texts were removed",
    Code.FULLWIDTH: "full-width punctuation outside texts became plain",
    Code.FULLWIDTH_DIGITS: "numbers in full-width digits became plain",
    Code.SINGLE_QUOTES: "texts in single quotes were put in double quotes",
    Code.UNQUOTED_KEYS: "keys without quotes were quoted",
    Code.COMMENTS: "comments were removed",
    Code.TRAILING_COMMA: "commas before a closing bracket were removed",
    Code.RAW_NEWLINE: "line breaks and other control characters inside texts were let through",
    Code.PYTHON_LITERALS: "None, True and False became null, true and false",
}


def open_reply(spoken: Spoken, findings: Findings) -> Any:
    """The JSON value of a reply: a dict, a list, or a Doubled. Raises WholeRejectedError."""
    _check_finish(spoken)
    if spoken.tool_calls:
        return _called(spoken.tool_calls, spoken.text)
    text = _sized(spoken.text)
    if not text.strip().strip(INVISIBLE).strip():
        raise WholeRejectedError(Code.BLANK, "the reply is blank")
    body = text.lstrip()
    if body.startswith("\ufeff"):
        findings.repaired(Code.BOM, "reply", "a byte order mark was taken off", "U+FEFF", "")
        body = body.lstrip("\ufeff")
    return _unwrapped_tool(_parsed(take_object(body, findings), findings), findings)


def _check_finish(spoken: Spoken) -> None:
    match spoken.finish_reason:
        case "stop" | "tool_calls" | "function_call":
            return
        case "length" if only_thinks(spoken.text):
            raise WholeRejectedError(Code.THINK_UNCLOSED, "the host's length limit was reached while still thinking: there is no answer")
        case "length":
            raise WholeRejectedError(Code.TRUNCATED, "the host stopped the reply at its length limit; a cut reply is not read")
        case "content_filter":
            raise WholeRejectedError(Code.CONTENT_FILTER, "the host's content filter stopped the reply")
        case None:
            raise WholeRejectedError(Code.STREAM_CUT, "the line broke before the reply was complete")
        case odd:
            raise WholeRejectedError(Code.ODD_FINISH, f"the host ended the reply with {odd[:40]!r}, not with stop")


def _sized(text: str) -> str:
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > REPLY_BYTES_MAX:
        raise WholeRejectedError(Code.TOO_LONG, f"the reply has {size} bytes; at most {REPLY_BYTES_MAX} are read")
    return text


def _called(calls: tuple[ToolCall, ...], beside: str) -> Any:
    """The arguments of the one declared tool. They are JSON by the host's promise, so nothing is repaired."""
    wrong = [call.name for call in calls if call.name != DECLARED_TOOL]
    if wrong:
        raise WholeRejectedError(Code.WRONG_TOOL, f"the tool {wrong[0][:40]!r} does not exist; the only one is {DECLARED_TOOL}")
    if len(calls) > 1 or holds_object(_sized(beside)):
        raise WholeRejectedError(Code.MULTIPLE_OBJECTS, "the reply holds more than one answer; send exactly one")
    return _arguments(calls[0].arguments)


def _arguments(text: str) -> Any:
    try:
        check_bounds(_sized(text))
    except WholeRejectedError as found:
        if found.code is not Code.NOT_JSON:
            raise
        raise WholeRejectedError(Code.TOOL_ARGS_INVALID, f"the tool's arguments are not JSON: {found.message}") from None
    document = parse(text)
    if isinstance(document, NotJson):
        raise WholeRejectedError(Code.TOOL_ARGS_INVALID, f"the tool's arguments are not JSON: {document.message}")
    return document


def _parsed(text: str, findings: Findings) -> Any:
    document = parse(text)
    if not isinstance(document, NotJson):
        return document
    repaired = repair(text)
    if repaired is None:
        raise WholeRejectedError(Code.TOO_MANY_PARTS, "the reply has far more parts than a reply can need")
    again = parse_with_raw_lines(repaired.text)
    if isinstance(again, NotJson):
        code, message = what_is_wrong(repaired.skeleton)
        raise WholeRejectedError(code, f"{message}: {document.message}")
    for code, mended in repaired.mended.items():
        often = "" if mended.times == 1 else f", {mended.times} times; the first one is shown"
        findings.repaired(code, "reply", f"{_REPAIR_WORDS[code]}{often}", mended.before, mended.after)
    return again


def _unwrapped_tool(document: Any, findings: Findings) -> Any:
    """A tool call that the host's template leaked as text: `{"name": ..., "arguments": {...}}`."""
    if not isinstance(document, dict) or not isinstance(document.get("name"), str) or "arguments" not in document:
        return document
    if "actions" in document or document.keys() - _CALL_KEYS:
        raise WholeRejectedError(Code.MULTIPLE_OBJECTS, "the reply holds a tool call and an answer beside it; send exactly one")
    if document["name"] != DECLARED_TOOL:
        raise WholeRejectedError(Code.WRONG_TOOL, f"the tool {document['name'][:40]!r} does not exist; the only one is {DECLARED_TOOL}")
    findings.repaired(Code.TOOL_TEXT, "reply", "a tool call written as text was unwrapped", f'{{"name": "{DECLARED_TOOL}", …}}', "{…}")
    arguments = document["arguments"]
    if isinstance(arguments, str):
        return _arguments(arguments)
    if isinstance(arguments, dict | Doubled):
        return arguments
    raise WholeRejectedError(Code.TOOL_ARGS_INVALID, "the tool's arguments are no object")
