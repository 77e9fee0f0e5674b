"""What is worth knowing about the texts of a reply. They are kept as they are; a remark only says what a reader should be wary of."""

import re
from collections.abc import Collection

from app.agents.codes import Code

TEXT_CHARACTERS_MAX = 4_000

_MARKUP = (("<", r"<\s*[a-z!/][^<>]{0,500}>"), ("javascript:", r"javascript:"))
_SQL = (
    ("drop", r"drop\s+(?:table|database)\b"),
    ("truncate", r"truncate\s+table\b"),
    ("alter", r"alter\s+table\b"),
    ("delete", r"delete\s+from\b"),
    ("insert", r"insert\s+into\b"),
    ("union", r"union\s+(?:all\s+)?select\b"),
    ("'", r"'\s*or\s+'?1'?\s*="),
    (";", r";\s*--"),
)
_OLDER = (
    r"\s+(?:(?:all|any|the|your|of|these|those)\s+){0,3}"
    r"(?:previous|prior|above|earlier|preceding|system)\s+(?:instruction|prompt|rule|message)"
)
_INSTRUCTIONS = (
    ("ignore", rf"ignore{_OLDER}"),
    ("disregard", rf"disregard{_OLDER}"),
    ("forget", rf"forget{_OLDER}"),
    ("override", rf"override{_OLDER}"),
    ("you are now", r"you are now\b"),
    ("new system prompt", r"new system prompt\b"),
    ("rank me", r"rank me (?:first|top)\b"),
    ("<|im_start|>", r"<\|im_start\|>"),
    ("忽略", r"忽略[^。\n]{0,10}(?:指令|指示|提示|规则)"),
    ("无视", r"无视[^。\n]{0,10}(?:指令|指示|提示|规则)"),
)
_FLAT = (
    *(
        (belief, rf"{belief}(?: currently| completely| fully)? flat\b(?!\s+(?:in|on)\b)")
        for belief in ("i am", "i'm", "i’m", "we are", "we're", "account is", "portfolio is")
    ),
    ("no position", r"no positions?\b(?!\s+(?:in|on|for)\b)"),
    ("no open position", r"no open positions?\b(?!\s+(?:in|on|for)\b)"),
    ("空仓", r"当前(?:为)?空仓"),
    ("没有任何持仓", r"没有任何持仓"),
)


def _compiled(rows: tuple[tuple[str, str], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((needle, re.compile(pattern)) for needle, pattern in rows)


_LOOKED_FOR = (
    (Code.HTML_IN_REASON, _compiled(_MARKUP), "markup in a text: it is shown as text"),
    (Code.SQL_IN_REASON, _compiled(_SQL), "a database command in a text: it is kept as text"),
    (Code.INJECTION_IN_REASON, _compiled(_INSTRUCTIONS), "instructions to a reader in a text: it is kept as text and followed by nobody"),
)
"""Each pattern begins with letters as they are and stands behind a word without which it can't match: most texts cost next to nothing."""

_FLAT_WORDS = _compiled(_FLAT)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with the characters replaced that a database can't keep: NUL and halves of surrogate pairs."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("�", text)


def remarks_on(text: str, held: Collection[str]) -> list[tuple[Code, str]]:
    """Codes and sentences for what is found in a text. `held` are the symbols the contestant holds."""
    lowered = text.lower()
    found = [(code, sentence) for code, patterns, sentence in _LOOKED_FOR if _matches(patterns, lowered)]
    if held and _matches(_FLAT_WORDS, lowered):
        found.append((Code.WRONG_BELIEF, f"the text says that nothing is held, but there is {', '.join(held)}"))
    return found


def _matches(patterns: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> bool:
    return any(needle in text and pattern.search(text) is not None for needle, pattern in patterns)
