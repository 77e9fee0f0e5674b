import pytest

from app.llm.profile import JsonMode
from app.llm.profiles import ALIASES, DEEPSEEK, OLLAMA, OPENAI, PROFILES, QWEN, UnknownProfileError, find_profile, with_changes

NAMES = {
    "qwen",
    "deepseek",
    "kimi",
    "openai",
    "anthropic",
    "gemini",
    "xai",
    "openrouter",
    "ollama",
    "vllm",
    "llamacpp",
    "openai-compatible",
    "sandbox",
}


def test_the_arena_knows_these_providers_and_their_other_names():
    assert set(PROFILES) == NAMES
    assert {alias: find_profile(alias).name for alias in ALIASES} == {"dashscope": "qwen", "moonshot": "kimi", "llama.cpp": "llamacpp"}


def test_an_unknown_provider_is_told_which_there_are():
    with pytest.raises(UnknownProfileError, match="unknown provider 'skynet'; known: anthropic, deepseek"):
        find_profile("skynet")


def test_an_operators_profile_goes_before_the_arenas():
    own = with_changes(QWEN, {"title": "Mine"})
    assert find_profile("qwen", {"qwen": own}).title == "Mine"


def test_every_field_can_be_changed_with_what_a_toml_file_holds():
    changed = with_changes(
        DEEPSEEK,
        {
            "name": "mine",
            "base_url": "https://llm.example/v1/",
            "json_mode": "none",
            "stream": True,
            "extra_body": {"thinking": {"type": "disabled"}},
            "refused_params": ["temperature"],
            "reasoning_fields": ["thoughts"],
            "usage_map": {"cached": "usage.hits", "cost_usd": "price", "thinking_in_total": True},
            "max_output_tokens": 40_000,
            "concurrency": 3,
            "note": "ours",
        },
    )
    assert (changed.name, changed.base_url, changed.json_mode, changed.stream) == ("mine", "https://llm.example/v1", JsonMode.NONE, True)
    assert changed.extra_body == {"thinking": {"type": "disabled"}}
    assert (changed.refused_params, changed.reasoning_fields) == (("temperature",), ("thoughts",))
    assert (changed.usage_map.cached, changed.usage_map.cost_usd, changed.usage_map.input) == (("usage.hits",), "price", ("prompt_tokens",))
    assert (changed.max_output_tokens, changed.concurrency) == (40_000, 3)
    assert changed.key_env == DEEPSEEK.key_env


def test_the_price_list_follows_a_profile_to_its_other_region_and_nowhere_else():
    assert with_changes(QWEN, {"name": "qwen-intl", "base_url": QWEN.other_region}).price_provider == "qwen"
    assert with_changes(OPENAI, {"name": "fast"}).price_provider == "openai"
    assert with_changes(OPENAI, {"name": "reseller", "base_url": "https://cheap.example/v1"}).price_provider == "reseller"
    assert with_changes(OLLAMA, {"name": "box", "base_url": "http://10.0.0.9:11434/v1", "priced_as": "ollama"}).price_provider == "ollama"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"bass_url": "x"}, "a profile has no bass_url"),
        ({"base_url": "ftp://x"}, "begins with http"),
        ({"stream": "yes"}, "stream of a profile must be true or false"),
        ({"json_mode": "strict"}, "one of none, object, schema"),
        ({"max_output_tokens": 0}, "a whole number from 1"),
        ({"concurrency": True}, "a whole number from 1"),
        ({"payment_words": "broke"}, "a list of texts"),
        ({"extra_body": []}, "must be a table"),
        ({"title": ""}, "must be text"),
        ({"usage_map": {"hits": "x"}}, "usage_map of a profile must be a table of"),
        ({"usage_map": {"cached": 5}}, "usage_map.cached of a profile must be a list of texts"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_in_a_sentence(changes, says):
    with pytest.raises(ValueError, match=says):
        with_changes(QWEN, changes)
