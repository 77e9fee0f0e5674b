"""Every block of arena.toml is checked: what is right becomes values, what is wrong one sentence with the block and the fix."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.agents.baselines import Baseline
from app.arena_file import ArenaFile, ArenaFileError, ContestantKind, ContestantSpec, read_arena_file
from app.llm.profiles import PROFILES

CONTESTANT = '[[contestant]]\nid = "a"\nprovider = "openai"\n'


@pytest.fixture
def read(tmp_path):
    def from_text(text):
        path = tmp_path / "arena.toml"
        path.write_text(text)
        return read_arena_file(path)

    return from_text


def test_an_empty_file_says_what_no_file_says(read):
    assert read("") == ArenaFile()


def test_a_contestant_has_its_providers_key_variable_and_a_full_template_name(read):
    (spec,) = read(CONTESTANT).contestants
    assert (spec.kind, spec.key_variable, spec.prompt, spec.title) == (ContestantKind.MODEL, "OPENAI_API_KEY", "tiltyard@1", "a")


def test_every_field_of_a_contestant_is_taken(read):
    (spec,) = read(
        '[[contestant]]\nid = "b"\nname = "B"\nprovider = "openai-compatible"\nmodel = "m"\nbase_url = "http://h:1/v1"\napi_key_env = "K"\n'
        'language = "zh"\nprompt = "tiltyard@1"\nparams = { temperature = 0.7, stop = ["x"] }\n'
    ).contestants
    assert (spec.model, spec.base_url, spec.key_variable, spec.language, spec.title) == ("m", "http://h:1/v1", "K", "zh", "B")
    assert spec.params == {"temperature": 0.7, "stop": ["x"]}


def test_a_provider_goes_by_its_other_name_too(read):
    text = "".join(f'[[contestant]]\nid = "c{n}"\nprovider = "{name}"\n' for n, name in enumerate(("dashscope", "moonshot", "llama.cpp")))
    assert [spec.provider for spec in read(text).contestants] == ["qwen", "kimi", "llamacpp"]


def test_a_model_may_enter_several_times_and_with_several_prompts(read):
    text = '[[contestant]]\nid = "gpt"\nprovider = "openai"\ninstances = 3\n[[contestant]]\nid = "gpt-classic"\nprovider = "openai"\nprompt = "alpha-arena-s1@1"\n'
    found = [(spec.id, spec.title, spec.prompt) for spec in read(text).contestants]
    assert found == [
        ("gpt-1", "gpt 1", "tiltyard@1"),
        ("gpt-2", "gpt 2", "tiltyard@1"),
        ("gpt-3", "gpt 3", "tiltyard@1"),
        ("gpt-classic", "gpt-classic", "alpha-arena-s1@1"),
    ]


def test_random_baselines_roll_different_dice(read):
    specs = read('[[contestant]]\nid = "dice"\nbaseline = "random"\nseed = 7\ninstances = 2\n').contestants
    assert [(spec.id, spec.title, spec.seed, spec.kind) for spec in specs] == [
        ("dice-1", "Random 1", 7, ContestantKind.BASELINE),
        ("dice-2", "Random 2", 8, ContestantKind.BASELINE),
    ]


@pytest.mark.parametrize("baseline", Baseline)
def test_every_baseline_may_be_listed_and_entered(read, baseline):
    assert read(f'baselines = ["{baseline}"]\n').baselines == (baseline,)
    assert read(f'[[contestant]]\nid = "x"\nbaseline = "{baseline}"\n').contestants[0].baseline is baseline


def test_no_baselines_is_something_else_than_nothing_said(read):
    assert (read("baselines = []\n").baselines, read("").baselines) == ((), None)


def test_limits_and_execution_are_taken(read):
    found = read(
        "[limits]\nmax_leverage = 10\ndeadline_seconds = 60\ncost_usd_per_day = 0.5\nconcurrency = { moonshot = 1, qwen = 8 }\n"
        '[execution]\nfill_timing = "on_answer"\nmargin_mode = "cross"\ntrigger_price = "last"\nslippage_bps = 2.5\n'
    )
    assert (found.limits.max_leverage, found.limits.deadline_seconds, found.limits.cost_usd_per_day) == (10, 60.0, Decimal("0.5"))
    assert found.limits.concurrency == {"kimi": 1, "qwen": 8}
    assert (found.execution.fill_timing, found.execution.slippage_bps) == ("on_answer", Decimal("2.5"))


def test_a_profile_of_ones_own_changes_only_what_it_names(read):
    found = read(
        '[[profile]]\nname = "lab"\nextends = "llama.cpp"\nbase_url = "http://lab:9/v1"\nextra_body = { top_k = 20 }\n'
        '[[profile]]\nname = "lab-slow"\nextends = "lab"\nconcurrency = 1\n'
    ).profiles
    assert set(found) == {*PROFILES, "lab", "lab-slow"}
    assert (found["lab-slow"].base_url, found["lab-slow"].concurrency) == ("http://lab:9/v1", 1)
    assert dict(found["lab"].extra_body) == {"top_k": 20}
    assert found["llamacpp"] is PROFILES["llamacpp"]


def test_a_price_row_is_taken_to_the_last_digit(read):
    (row,) = read(
        '[[price]]\nprovider = "moonshot"\nmodel = "kimi-k3"\ninput = 0.1\noutput = 15\ncached = 0.003\nsource = "invoice"\ndated = 2026-11-24\n'
        "valid_from = 2026-11-01T00:00:00Z\n"
    ).price_rows
    assert (row.provider, row.input, row.cached, row.output) == ("kimi", Decimal("0.1"), Decimal("0.003"), Decimal(15))
    assert (row.valid_from, row.by_operator) == (datetime(2026, 11, 1, tzinfo=UTC), True)


WRONG = [
    ("not toml", ["is not valid TOML"]),
    ("speed = 1\n", ["speed: no such field", "contestant"]),
    ('[[contestant]]\nid = "a"\n', ["[[contestant]] 1 (a)", "provider", "baseline"]),
    (CONTESTANT + 'baseline = "cash"\n', ["[[contestant]] 1 (a)", "either provider"]),
    ('[[contestant]]\nid = "a"\nprovider = "nobody"\n', ["[[contestant]] 1 (a), provider", "unknown provider 'nobody'", "known: "]),
    ('[[contestant]]\nid = "a"\nprovider = "opnai"\n', ["did you mean openai?"]),
    ('[[contestant]]\nid = "A B"\nprovider = "openai"\n', ["[[contestant]] 1 (A B), id", "small letters"]),
    (CONTESTANT + 'promt = "x"\n', ["promt: no such field; did you mean prompt?"]),
    (CONTESTANT + 'prompt = "other"\n', ["[[contestant]] 1 (a), prompt", "other", "tiltyard"]),
    (CONTESTANT + 'prompt = "alpha-arena-s1"\nlanguage = "zh"\n', ["alpha-arena-s1@1 is written in en"]),
    (CONTESTANT + 'language = "fr"\n', ["language", "'en' or 'zh'"]),
    (CONTESTANT + "instances = 0\n", ["instances", "greater than or equal to 1"]),
    (CONTESTANT + "seed = 1\n", ["seed is for the random baseline", "params"]),
    (CONTESTANT + 'base_url = "localhost:1"\n', ["base_url", "http://localhost:8080/v1"]),
    (CONTESTANT + 'api_key_env = "MY-KEY"\n', ["[[contestant]] 1 (a), api_key_env", "name of an environment variable"]),
    (CONTESTANT + "params = { day = 2026-01-01 }\n", ["params", "JSON"]),
    (CONTESTANT + "params = { t = nan }\n", ["params", "JSON"]),
    (CONTESTANT + CONTESTANT, ["the id a is used twice"]),
    (CONTESTANT + 'instances = 2\n[[contestant]]\nid = "a-2"\nprovider = "openai"\n', ["the id a-2 is used twice"]),
    ("contestant = 3\n", ["write [[contestant]] with two brackets"]),
    ("[price]\ninput = 1\n", ["write [[price]] with two brackets"]),
    ("limits = 3\n", ["write [limits] on a line of its own"]),
    ('baselines = "cash"\n', ["write a list"]),
    ('baselines = ["hodl"]\n', ["baselines", "'buy-and-hold'"]),
    ('baselines = ["cash", "cash"]\n', ["cash is named twice"]),
    ('[[contestant]]\nid = "h"\nbaseline = "hold"\n', ["[[contestant]] 1 (h), baseline", "'buy-and-hold'"]),
    ('[[contestant]]\nid = "h"\nbaseline = "cash"\nmodel = "m"\nprompt = "tiltyard"\n', ["a baseline asks no model: remove model, prompt"]),
    ('[[contestant]]\nid = "h"\nbaseline = "cash"\nseed = 2\n', ["cash always decides the same"]),
    ('[[contestant]]\nid = "h"\nbaseline = "momentum"\ninstances = 2\n', ["momentum always decides the same"]),
    ("[limits]\nmax_leverage = 0\n", ["[limits] max_leverage"]),
    ("[limits]\nspeed = 1\n", ["[limits] speed: no such field"]),
    ("[limits]\ndeadline = 1\n", ["did you mean deadline_seconds?"]),
    ("[limits]\ncost_usd_per_day = 0\n", ["[limits] cost_usd_per_day", "greater than 0"]),
    ("[limits]\nconcurrency = { kimi = 0 }\n", ["[limits] concurrency", "kimi could never be asked"]),
    ("[limits]\nconcurrency = { kimmi = 1 }\n", ["[limits] concurrency", "did you mean kimi?"]),
    ('[execution]\nfill_timing = "later"\n', ["[execution] fill_timing", "'common' or 'on_answer'"]),
    ('[[profile]]\nextends = "vllm"\n', ["[[profile]] 1", "give it a name"]),
    ('[[profile]]\nname = "p"\nextends = "vlm"\n', ["[[profile]] 1 (p)", "did you mean vllm?"]),
    ('[[profile]]\nname = "p"\nextends = 3\n', ["[[profile]] 1 (p), extends"]),
    ('[[profile]]\nname = "p"\nsped = 3\n', ["[[profile]] 1 (p)", "a profile has no sped"]),
    ('[[profile]]\nname = "p"\n[[profile]]\nname = "p"\n', ["the name p is used twice"]),
    ('[[price]]\nprovider = "openai"\nmodel = "m"\ninput = -1\noutput = 1\n', ["[[price]] 1 (m)", "input"]),
    ('[[price]]\nprovider = "opnai"\nmodel = "m"\ninput = 1\noutput = 1\n', ["[[price]] 1 (m)", "did you mean openai?"]),
    ('[[price]]\nprovider = "openai"\ninput = 1\noutput = 1\n', ["[[price]] 1 (no model)", "needs model"]),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[words[0] + str(number) for number, (_, words) in enumerate(WRONG)])
def test_a_wrong_value_is_refused_in_one_sentence_with_its_block(read, text, words):
    with pytest.raises(ArenaFileError) as refused:
        read(text)
    said = str(refused.value)
    assert [word for word in words if word not in said] == [], said
    assert "\n" not in said
    assert said.endswith((".", "?"))


def test_a_key_written_where_its_variable_belongs_is_not_repeated(read):
    with pytest.raises(ArenaFileError) as refused:
        read(CONTESTANT + 'api_key_env = "sk-0123456789abcdef"\n')
    assert "sk-0123456789abcdef" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "arena.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArenaFileError, match="can't be read"):
        read_arena_file(tmp_path / "arena.toml")


def test_a_contestant_cannot_be_changed():
    with pytest.raises(Exception, match="frozen"):
        ContestantSpec(id="a", provider="openai").model = "m"


scalars = st.one_of(st.booleans(), st.integers(-5, 500), st.sampled_from(["", "a", "openai", "cash", "http://h/v1", "tiltyard", "en"]))
names = st.sampled_from(
    [*ContestantSpec.model_fields, "extends", "input", "output", "max_leverage", "concurrency", "slippage_bps", "stream"]
)
blocks = st.sampled_from(["[[contestant]]", "[[profile]]", "[[price]]", "[limits]", "[execution]", "[contestant]", "[[limits]]", ""])


def _line(pair):
    name, value = pair
    return f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(blocks, st.dictionaries(names, scalars, max_size=4)), max_size=3))
def test_whatever_is_written_is_either_taken_or_refused_in_words(read, written):
    text = "\n".join(part for block, fields in written for part in (block, *map(_line, fields.items())))
    try:
        assert isinstance(read(text), ArenaFile)
    except ArenaFileError as refused:
        assert str(refused).startswith("/")  # noqa: PT017 - either outcome is right
