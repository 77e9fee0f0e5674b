from decimal import Decimal

import pytest

from app.llm.profiles import ANTHROPIC, COMPATIBLE, DEEPSEEK, GEMINI, KIMI, OPENAI, OPENROUTER, QWEN, XAI
from app.llm.usage import Tokens, tokens_of


@pytest.mark.parametrize(
    ("profile", "usage", "tokens"),
    [
        (
            DEEPSEEK,
            {
                "prompt_tokens": 1000,
                "completion_tokens": 500,
                "total_tokens": 1500,
                "prompt_cache_hit_tokens": 768,
                "prompt_cache_miss_tokens": 232,
                "completion_tokens_details": {"reasoning_tokens": 400},
            },
            Tokens(1000, 768, None, 500, 400),
        ),
        (
            QWEN,
            {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14, "prompt_tokens_details": {"cached_tokens": 4}},
            Tokens(9, 4, None, 5, None),
        ),
        (KIMI, {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14, "cached_tokens": 8}, Tokens(9, 8, None, 5, None)),
        (
            OPENAI,
            {
                "prompt_tokens": 2000,
                "completion_tokens": 50,
                "total_tokens": 2050,
                "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 900},
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
            Tokens(2000, 1024, 900, 50, 0),
        ),
        (
            XAI,
            {
                "prompt_tokens": 32,
                "completion_tokens": 9,
                "total_tokens": 135,
                "completion_tokens_details": {"reasoning_tokens": 94},
            },
            Tokens(32, None, None, 103, 94),
        ),
        (GEMINI, {"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}, Tokens(20, None, None, 603, 405)),
        (
            OPENROUTER,
            {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "cost": 0.00014, "cost_details": {"upstream": None}},
            Tokens(10, None, None, 2, None, Decimal("0.00014")),
        ),
        (ANTHROPIC, {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}, Tokens(10, None, None, 2, None)),
        (COMPATIBLE, {"prompt_tokens": 10, "completion_tokens": 2}, Tokens(10, None, None, 2, None)),
        (COMPATIBLE, {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": None}, Tokens(10, None, None, 2, None)),
    ],
    ids=["deepseek", "qwen", "kimi", "openai", "xai", "gemini", "openrouter", "anthropic", "plain", "null-details"],
)
def test_each_providers_usage_is_read_into_the_same_counts(profile, usage, tokens):
    assert tokens_of(usage, profile) == tokens


@pytest.mark.parametrize(
    ("usage", "known", "doubt"),
    [
        ({"prompt_tokens": -1, "completion_tokens": 2}, (None, 2), "prompt_tokens is -1"),
        ({"prompt_tokens": True, "completion_tokens": 2}, (None, 2), "prompt_tokens is True"),
        ({"prompt_tokens": "10", "completion_tokens": 2}, (None, 2), "prompt_tokens is 10"),
        ({"prompt_tokens": 10.5, "completion_tokens": 2}, (None, 2), "prompt_tokens is 10.5"),
        ({"prompt_tokens": 10, "completion_tokens": 10**12}, (10, None), "completion_tokens is 1000000000000"),
        (
            {"prompt_tokens": 10, "completion_tokens": 2, "cached_tokens": 11},
            (None, 2),
            "11 cached and 0 written tokens are more than the 10",
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 3}},
            (10, None),
            "3 tokens of thinking are more than the 2",
        ),
        ({"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 99}, (10, None), "10 and 2 tokens don't make the total of 99"),
        ({"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 5}, (10, None), "don't make the total of 5"),
    ],
)
def test_numbers_that_contradict_each_other_are_unknown_and_named(usage, known, doubt):
    tokens = tokens_of(usage, COMPATIBLE)
    assert (tokens.input, tokens.output) == known
    assert doubt in tokens.doubt


def test_no_usage_is_no_tokens_and_an_odd_one_is_unknown():
    assert tokens_of({}, COMPATIBLE) is None
    assert tokens_of({"something": "else"}, COMPATIBLE) == Tokens()


@pytest.mark.parametrize("cost", [True, "0.1", -1, 10**9, float("nan"), None])
def test_a_reported_cost_that_is_no_amount_is_left_out(cost):
    assert tokens_of({"prompt_tokens": 1, "completion_tokens": 1, "cost": cost}, OPENROUTER).reported_usd is None
