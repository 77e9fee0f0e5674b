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


def test_with_nothing_configured_the_arena_is_a_demo_with_three_models_and_two_baselines(load):
    settings = load()
    assert settings.demo
    assert [spec.id for spec in settings.models] == ["qwen3", "deepseek", "kimi"]
    assert [spec.id for spec in settings.line_up] == ["qwen3", "deepseek", "kimi", "cash", "buy-and-hold"]
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


def test_an_arena_file_beside_the_settings_is_read(load):
    settings = load(arena='[[contestant]]\nid = "gpt"\nprovider = "openai"\napi_key_env = "MY_KEY"\n', MY_KEY="k")
    assert [spec.id for spec in settings.models] == ["gpt"]
    assert settings.key_of(settings.models[0]).get_secret_value() == "k"


def test_a_fault_in_the_arena_file_stops_the_start(load):
    with pytest.raises(SettingsError, match=r"arena\.toml is not valid TOML"):
        load(arena="not toml")


def test_a_block_with_a_default_contestants_id_replaces_it(load):
    settings = load(arena='[[contestant]]\nid = "kimi"\nprovider = "kimi"\nmodel = "kimi-k3"\n', KIMI_API_KEY="k", QWEN_API_KEY="q")
    assert [(spec.id, spec.model) for spec in settings.models] == [("qwen3", None), ("kimi", "kimi-k3")]


def test_baselines_alone_leave_the_demo_and_its_models_as_they_are(load):
    settings = load(arena='baselines = []\n[[contestant]]\nid = "dice"\nbaseline = "random"\n')
    assert settings.demo
    assert [spec.id for spec in settings.line_up] == ["qwen3", "deepseek", "kimi", "dice"]
    assert settings.key_of(settings.line_up[3]) is None


def test_a_live_market_needs_a_model_and_baselines_are_none(load):
    with pytest.raises(SettingsError, match="no model has a key"):
        load(MARKET="bitget", arena='[[contestant]]\nid = "dice"\nbaseline = "random"\n')


def test_a_model_on_this_machine_needs_no_key_and_ends_the_demo(load):
    settings = load(arena='[[contestant]]\nid = "local"\nprovider = "ollama"\n')
    assert (settings.demo, settings.market) == (False, "bitget")
    assert [spec.id for spec in settings.models] == ["local"]
    assert settings.key_of(settings.models[0]) is not None


def test_a_demo_knows_whether_real_models_answer(load):
    assert not load().real_models
    assert load(DEEPSEEK_API_KEY="k", MARKET="sandbox").real_models
    assert load(MARKET="sandbox", arena='[[contestant]]\nid = "local"\nprovider = "ollama"\n').real_models
    assert not load(arena='[[contestant]]\nid = "script"\nprovider = "sandbox"\n').real_models


def test_scripted_models_leave_the_demo_as_it_is_and_play_nowhere_else(load):
    arena = '[[contestant]]\nid = "script"\nprovider = "sandbox"\nmodel = "dip-buyer"\n'
    assert load(arena=arena).demo
    with pytest.raises(SettingsError, match="script is a scripted model, which plays in the sandbox only"):
        load(arena=arena, DEEPSEEK_API_KEY="k")


def test_the_default_holder_of_bitcoin_stays_out_of_a_contest_without_it(load):
    assert [spec.id for spec in load(SYMBOLS="ETH,SOL").line_up] == ["qwen3", "deepseek", "kimi", "cash"]
    with pytest.raises(SettingsError, match="SYMBOLS has no BTC, which the baseline buy-and-hold buys"):
        load(SYMBOLS="ETH,SOL", arena='baselines = ["buy-and-hold"]\n')


def test_a_listed_baseline_that_a_block_enters_already_is_not_entered_twice(load):
    settings = load(arena='[[contestant]]\nid = "hodl"\nbaseline = "buy-and-hold"\n')
    assert [spec.id for spec in settings.line_up if spec.baseline] == ["hodl", "cash"]


def test_contestants_that_enter_several_times_all_play(load):
    arena = (
        '[[contestant]]\nid = "gpt"\nprovider = "openai"\ninstances = 2\n[[contestant]]\nid = "dice"\nbaseline = "random"\ninstances = 2\n'
    )
    assert [spec.id for spec in load(arena=arena).line_up] == ["gpt-1", "gpt-2", "dice-1", "dice-2", "cash", "buy-and-hold"]


def test_a_contestants_profile_may_be_the_operators_own(load):
    arena = '[[profile]]\nname = "rack"\nextends = "vllm"\nbase_url = "http://rack:8001/v1"\n[[contestant]]\nid = "r"\nprovider = "rack"\n'
    settings = load(arena=arena)
    assert settings.profile_of(settings.models[0]).base_url == "http://rack:8001/v1"
    assert settings.profile_of(settings.line_up[-1]) is None


def test_every_variable_is_documented_in_the_example_file():
    text = ENV_EXAMPLE.read_text()
    missing = [name for name in known_variables() if f"#{name}=" not in text]
    assert missing == []
