"""Replies as models really spoil them: the decision a trader made, in a form that a careful reader has to repair or to refuse. Pure."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from app.sandbox.faults import FaultKind
from app.sandbox.models.plan import Speech

PROSE = "The market gives me no clear signal at the moment. I would rather wait for a while before I do anything."
SECOND_THOUGHT = '{"summary": "On second thought I do nothing.", "actions": []}'
PAGE = "<!DOCTYPE html>\n<html><head><title>Just a moment</title></head><body><h1>Checking your browser</h1></body></html>"

_CONFIDENCE = re.compile(r'"confidence":\s*[^,}\s]+')
_KEPT_OF_TRUNCATED = 2 / 3


def spoilt(kind: FaultKind, speech: Speech) -> Speech | None:
    """What is said instead; None for kinds that leave the words alone."""
    spoil = _SPOILERS.get(kind)
    return None if spoil is None else spoil(speech)


def _prose(speech: Speech) -> Speech:
    return Speech(speech.thinking, PROSE)


def _fenced(speech: Speech) -> Speech:
    return Speech(speech.thinking, f"```json\n{speech.text}\n```")


def _truncated(speech: Speech) -> Speech:
    return Speech(speech.thinking, speech.text[: int(len(speech.text) * _KEPT_OF_TRUNCATED)])


def _twice(speech: Speech) -> Speech:
    return Speech(speech.thinking, '{"summary": "Said twice.", ' + speech.text.lstrip()[1:])


def _tagged(speech: Speech) -> Speech:
    return Speech("", f"<think>\n{speech.thinking}\n</think>\n\n{speech.text}")


def _two_objects(speech: Speech) -> Speech:
    return Speech(speech.thinking, f"{speech.text}\n\n{SECOND_THOUGHT}")


def _not_a_number(speech: Speech) -> Speech:
    text, found = _CONFIDENCE.subn('"confidence": NaN', speech.text, count=1)
    return Speech(speech.thinking, text if found else '{"confidence": NaN, ' + speech.text.lstrip()[1:])


_SPOILERS: Mapping[FaultKind, Callable[[Speech], Speech]] = MappingProxyType(
    {
        FaultKind.PROSE: _prose,
        FaultKind.FENCED: _fenced,
        FaultKind.TRUNCATED_JSON: _truncated,
        FaultKind.DUPLICATE_KEYS: _twice,
        FaultKind.THINK_TAGS: _tagged,
        FaultKind.TWO_OBJECTS: _two_objects,
        FaultKind.NAN: _not_a_number,
    }
)
