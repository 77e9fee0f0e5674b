"""Every code that the arena can give has a word on the pages, in both languages."""

import re
from pathlib import Path

import pytest

from app.agents.codes import CODES
from app.engine.orders import RefusalCode
from app.llm.outcome import Failure, FailureKind
from app.store.contestant_events import EventKind

I18N = Path(__file__).parents[3] / "frontend" / "i18n"


def keys(name):
    return set(re.findall(r"^ +(\w+):", (I18N / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_code_has_a_word_on_the_pages(language):
    given = {*CODES, *(one.value for one in RefusalCode), *(Failure(kind, "", "").code for kind in FailureKind)}
    assert given - keys(f"codes.{language}.ts") == set()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_of_event_has_a_word_on_the_pages(language):
    assert {one.value for one in EventKind} - keys(f"cycles.{language}.ts") == set()
