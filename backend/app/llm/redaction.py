"""Keeps a key out of everything that is kept or shown: error texts of hosts like to quote what they were sent."""

import re

KEY_CHARACTERS_MIN = 6
"""Shorter keys are stand-ins like "none" for hosts without keys; replacing them would only spoil the text."""

_BEARER = re.compile(r"(?i)\bbearer\s+[^\s\"',}]+")
_SECRET_LIKE = re.compile(r"\bsk-[A-Za-z0-9_\-*.]{6,}")


def redacted(text: str, key: str) -> str:
    """The text without the key, without bearer headers, and without anything that looks like another key."""
    if len(key) >= KEY_CHARACTERS_MIN:
        text = text.replace(key, "[key]")
    return _SECRET_LIKE.sub("[key]", _BEARER.sub("Bearer [key]", text))
