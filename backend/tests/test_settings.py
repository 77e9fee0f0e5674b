"""A wrong setting stops the start with one sentence that names it; right ones are one frozen object."""

from decimal import Decimal
from pathlib import Path

import pytest

from app.settings import SettingsError, known_variables, load_settings

ENV_EXAMPLE = Path(__file__).parent.parent / ".env.example"


@pytest.fixture
def load(tmp_path):
    def from_variables(dotenv="", arena=None, **variables):
        (tmp_path / ".env").write_text(dotenv)
        if arena is not None:
            (tmp_path / "arena.toml").write_text(arena)
        return load_settings(variables, tmp_path)

    return from_variables


def test_with_nothing_configured_the_arena_is_a_demo_with_three_contestants(load):
    settings = load()
    assert settings.demo
    assert [spec.id for spec in settings.line_up] == ["qwen3", "deepseek", "kimi"]
    assert settings.database.endswith("demo.db")
    assert (settings.scheduler_interval_minutes, settings.initial_capital) == (5, Decimal("10000.0"))


def test_a_key_turns_the_demo_off_and_changes_the_database(load):
    settings = load(DEEPSEEK_API_KEY="sk-abcdef")
    assert (settings.demo, settings.market) == (False, "bitget")
    assert settings.database.endswith("tiltyard.db")


def test_a_key_never_shows_in_the_settings_text(load):
    assert "sk-abcdef" not in repr(load(DEEPSEEK_API_KEY="sk-abcdef", ADMIN_TOKEN="tok-abcdef"))
    assert "tok-abcdef" not in repr(load(DEEPSEEK_API_KEY="sk-abcdef", ADMIN_TOKEN="tok-abcdef"))


def test_the_environment_wins_over_the_file(load):
    assert load("PORT=9001\nWEB_PORT=9002\n", PORT="9003").port == 9003


def test_model_and_base_url_can_be_overridden(load):
    spec = load(KIMI_API_KEY="k", KIMI_MODEL="kimi-k3", KIMI_BASE_URL="https://api.moonshot.ai/v1").line_up[2]
    assert (spec.model, spec.base_url) == ("kimi-k3", "https://api.moonshot.ai/v1")


def test_settings_cannot_be_changed(load):
    with pytest.raises(Exception, match="frozen"):
        load().port = 1


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"SCHEDULER_INTERVAL_MINUTES": "0"}, ["SCHEDULER_INTERVAL_MINUTES", "'0'"]),
        ({"SCHEDULER_INTERVAL_MINUTES": "five"}, ["SCHEDULER_INTERVAL_MINUTES", "'five'"]),
        ({"SCHEDULER_ENABLED": "maybe"}, ["SCHEDULER_ENABLED", "true or false"]),
        ({"INITIAL_CAPITAL": "-1"}, ["INITIAL_CAPITAL"]),
        ({"INITIAL_CAPITAL": "nan"}, ["INITIAL_CAPITAL", "finite"]),
        ({"INITIAL_CAPITAL": "lots"}, ["INITIAL_CAPITAL", "number of USDT"]),
        ({"SYMBOLS": "BTC,BTC"}, ["SYMBOLS", "twice"]),
        ({"SYMBOLS": "BTC/USDT"}, ["SYMBOLS", "BTC/USDT"]),
        ({"PORT": "70000"}, ["PORT"]),
        ({"PORT": "3000"}, ["PORT", "WEB_PORT", "3000"]),
        ({"HOST": "0.0.0.0"}, ["ADMIN_TOKEN"]),
        ({"SANDBOX_SPEED": "0"}, ["SANDBOX_SPEED"]),
        ({"SANDBOX_SPEED": "10", "MARKET": "bitget", "QWEN_API_KEY": "k"}, ["SANDBOX_SPEED", "MARKET=sandbox"]),
        ({"TAPE": "/nowhere/at/all"}, ["TAPE", "/nowhere/at/all"]),
        ({"TAPE": "/tmp", "MARKET": "bitget", "QWEN_API_KEY": "k"}, ["TAPE", "sandbox"]),
        ({"MARKET": "bitget"}, ["MARKET", "DEEPSEEK_API_KEY"]),
        ({"MARKET_BASE_URL": "localhost:9000"}, ["MARKET_BASE_URL", "http://"]),
        ({"ARENA_FILE": "/nowhere.toml"}, ["ARENA_FILE", "/nowhere.toml"]),
        ({"LOG_LEVEL": "LOUD"}, ["LOG_LEVEL"]),
    ],
)
def test_an_impossible_value_is_refused_in_one_sentence_that_names_it(load, variables, words):
    with pytest.raises(SettingsError) as refused:
        load(**variables)
    said = str(refused.value)
    assert all(word in said for word in words), said
    assert "\n" not in said


def test_an_unknown_variable_in_the_file_is_refused_with_the_nearest_name(load):
    with pytest.raises(SettingsError, match="SCHEDULER_ENABELD.*did you mean SCHEDULER_ENABLED"):
        load("SCHEDULER_ENABELD=true\n")


def test_arena_file_adds_contestants_and_limits(load):
    arena = """
[limits]
max_leverage = 10
deadline_seconds = 60
[[contestant]]
id = "gpt"
provider = "openai"
model = "gpt-x"
api_key_env = "MY_KEY"
language = "zh"
"""
    settings = load(arena=arena, MY_KEY="k")
    assert [spec.id for spec in settings.line_up] == ["gpt"]
    assert settings.limits.max_leverage == 10
    assert settings.key_of(settings.line_up[0]).get_secret_value() == "k"


@pytest.mark.parametrize(
    ("arena", "words"),
    [
        ("[[contestant]]\nid='a'\nprovider='nobody'\n", "unknown provider 'nobody'"),
        ("[[contestant]]\nid='A B'\nprovider='openai'\n", "contestant.0.id"),
        ("[limits]\nmax_leverage = 0\n", "limits.max_leverage"),
        ("[limits]\nspeed = 1\n", "limits.speed"),
        ("[[contestant]]\nid='a'\nbaseline='hold'\n", "baseline contestants are not in this release"),
        ("[execution]\nfill_timing='on_answer'\n", "not in this release"),
        ("[[contestant]]\nid='a'\nprovider='openai'\nprompt='other'\n", "contestant.0.prompt"),
        ("not toml", "not valid TOML"),
        ("[[contestant]]\nid='a'\nprovider='openai'\n[[contestant]]\nid='a'\nprovider='openai'\n", "twice: a"),
    ],
)
def test_a_fault_in_the_arena_file_names_its_place(load, arena, words):
    with pytest.raises(SettingsError) as refused:
        load(arena=arena)
    assert words in str(refused.value)


def test_a_contestant_may_enter_several_times_with_its_own_parameters(load):
    arena = """
[[contestant]]
id = "gpt"
provider = "openai"
instances = 3
params = { reasoning_effort = "low", temperature = 0.7 }
"""
    settings = load(arena=arena, OPENAI_API_KEY="k")
    assert [(spec.id, spec.name) for spec in settings.line_up] == [("gpt-1", "gpt 1"), ("gpt-2", "gpt 2"), ("gpt-3", "gpt 3")]
    assert settings.line_up[2].params == {"reasoning_effort": "low", "temperature": 0.7}


def test_a_block_with_a_default_contestants_id_replaces_it(load):
    settings = load(arena='[[contestant]]\nid = "kimi"\nprovider = "kimi"\nmodel = "kimi-k3"\n', KIMI_API_KEY="k", QWEN_API_KEY="q")
    assert [(spec.id, spec.model) for spec in settings.line_up] == [("qwen3", None), ("kimi", "kimi-k3")]


def test_every_variable_is_documented_in_the_example_file():
    text = ENV_EXAMPLE.read_text()
    missing = [name for name in known_variables() if f"#{name}=" not in text]
    assert missing == []
