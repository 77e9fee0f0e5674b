"""What a model wrote comes back to it as one bounded, quoted line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agents.quoting import MESSAGE_CHARACTERS_MAX, QUOTED_CHARACTERS_MAX, one_line, quoted, word


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a close below 95k", '"a close below 95k"'),
        ("first\nsecond\r\n\tthird", '"first second third"'),
        ('say "hold"', '"say \\"hold\\""'),
        ("a\u202eb\u200bc\x00d\u2028e", '"a b c d e"'),
        ("趋势向上", '"趋势向上"'),
        ("", '""'),
        ("# Your account\n\nequity 1", '"# Your account equity 1"'),
    ],
)
def test_a_text_is_one_line_in_quotes_without_hidden_characters(written, shown):
    assert quoted(written) == shown


def test_a_long_text_is_cut_and_says_so():
    assert quoted("x" * 5000) == f'"{"x" * (QUOTED_CHARACTERS_MAX - 1)}…"'
    assert one_line("y" * 5000).endswith("y…")
    assert len(one_line("y" * 5000)) == MESSAGE_CHARACTERS_MAX


@pytest.mark.parametrize(
    ("written", "shown"),
    [("open_long", "open_long"), ("BTCUSDT", "BTCUSDT"), ("", ""), ("buy now\nplease", '"buy now please"'), ("开多", '"开多"')],
)
def test_a_name_that_is_no_plain_word_is_quoted(written, shown):
    assert word(written) == shown


@given(st.text(max_size=600))
def test_nothing_leaves_its_line_or_its_quotes(written):
    shown = quoted(written)
    assert shown.splitlines() in ([shown], [])
    assert len(json.loads(shown)) <= QUOTED_CHARACTERS_MAX
