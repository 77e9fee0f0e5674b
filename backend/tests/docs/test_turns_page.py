"""The page on turns lists every code that reading a reply can give, in both languages; `python -m tests.docs.test_turns_page` writes the lists."""

import re
from pathlib import Path

import pytest

from app.agents.codes import CODES
from app.cycle.standing_down import FAILURES_MAX
from app.cycle.take_turn import REASK_SECONDS_MIN
from app.main import INTERVAL_SHARE

ROOT = Path(__file__).resolve().parents[3]
PAGES = {"en": ROOT / "docs/concepts/turns.md", "zh": ROOT / "docs/concepts/turns.zh-CN.md"}
HEADS = {"en": "| code | verdict | meaning |", "zh": "| 代码 | 判定 | 含义 |"}
LIST = re.compile(r"(<!-- codes -->\n).*?(<!-- /codes -->)", re.DOTALL)
WORD = re.compile(r'^\s+(\w+):\s*"((?:[^"\\]|\\.)*)"', re.MULTILINE)


def meanings(language):
    if language == "en":
        return {name: code.meaning for name, code in CODES.items()}
    return dict(WORD.findall((ROOT / "frontend/i18n/codes.zh.ts").read_text()))


def table(language):
    """The list as it belongs on the page."""
    said = meanings(language)
    rows = [f"| `{name}` | `{code.verdict}` | {said[name]} |" for name, code in CODES.items()]
    return "\n".join([HEADS[language], "|---|---|---|", *rows, ""])


@pytest.mark.parametrize("language", PAGES)
def test_the_page_lists_every_code_with_its_verdict(language):
    found = LIST.search(PAGES[language].read_text())
    assert found.group(0) == f"<!-- codes -->\n{table(language)}<!-- /codes -->"


@pytest.mark.parametrize("language", PAGES)
def test_the_limits_on_the_page_are_those_of_the_code(language):
    text = PAGES[language].read_text()
    assert f"{REASK_SECONDS_MIN:.0f} seconds" in text or f"{REASK_SECONDS_MIN:.0f} 秒" in text
    assert f"After {FAILURES_MAX} failed turns" in text or f"连续 {FAILURES_MAX} 个回合失败" in text
    assert f"{INTERVAL_SHARE * 100:.0f} %" in text


if __name__ == "__main__":
    for one, page in PAGES.items():
        page.write_text(LIST.sub(lambda _, one=one: f"<!-- codes -->\n{table(one)}<!-- /codes -->", page.read_text()))
