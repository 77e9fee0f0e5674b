"""docs/guides cannot lie: every arena.toml block loads, every field is explained, every command runs, both languages say the same.

Blocks fenced as `bash` hold commands of ours, which are run against an arena whose models are the sandbox's; those fenced as `sh` hold
commands of other programs and are only compared between the languages.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import fields

import pytest

from app.agents.baselines import Baseline, describe
from app.agents.templates import TEMPLATES
from app.arena_file import ContestantSpec, ExecutionSpec, Limits
from app.llm.price_row import PriceRow
from app.llm.profiles import ALIASES, PROFILES, Profile
from app.settings import load_settings
from tests.reference_data import REPOSITORY
from tests.running_arena import BACKEND, RunningArena

GUIDES = REPOSITORY / "docs" / "guides"
NAMES = (
    "arena-toml",
    "adding-a-model",
    "local-model",
    "prompts",
    "baselines",
    "providers",
    "cost-and-limits",
    "self-hosting",
    "books",
    "tapes",
)
PAGES = [GUIDES / f"{name}{language}.md" for name in NAMES for language in ("", ".zh-CN")]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WORDS = {"name", "language", "title"}
"""Fields of a block that may read differently in another language."""


def blocks(page, kind):
    """The page's blocks of one kind, in order."""
    return [text for found, text in FENCE.findall(page.read_text()) if found == kind]


def page(name, language=""):
    return GUIDES / f"{name}{language}.md"


def without_words(value):
    """TOML without what may differ between languages; a profile's name is no such thing."""
    if isinstance(value, list):
        return [without_words(one) for one in value]
    if isinstance(value, dict):
        kept = WORDS - ({"name"} if "extends" in value else set())
        return {key: without_words(one) for key, one in value.items() if key not in kept}
    return value


def loaded(text, folder, **variables):
    (folder / "arena.toml").write_text(text)
    return load_settings(variables, folder)


def in_code(page):
    """What the page has in code spans."""
    return set(re.findall(r"`([^`\n]+)`", page.read_text()))


CONFIGURATIONS = [pytest.param(text, id=f"{one.stem} {number}") for one in PAGES for number, text in enumerate(blocks(one, "toml"))]


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_every_configuration_in_a_guide_loads(tmp_path, text):
    written = tomllib.loads(text)
    settings = loaded(text, tmp_path)
    assert {one["id"] for one in written.get("contestant", ()) if one.get("instances", 1) == 1} <= {one.id for one in settings.line_up}
    assert len(settings.price_rows) == len(written.get("price", ()))


@pytest.mark.parametrize("text", [text for name in ("README.md", "README.zh-CN.md") for text in blocks(REPOSITORY / name, "toml")])
def test_the_configuration_on_the_front_page_loads(tmp_path, text):
    settings = loaded(text, tmp_path)
    assert [one.id for one in settings.models] == ["local-llama-1", "local-llama-2"]


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_of_a_guide_have_the_same_blocks_and_link_to_each_other(name):
    english, chinese = page(name), page(name, ".zh-CN")
    for kind in ("bash", "sh"):
        assert blocks(english, kind) == blocks(chinese, kind)
    both = [[without_words(tomllib.loads(text)) for text in blocks(one, "toml")] for one in (english, chinese)]
    assert both[0] == both[1]
    assert f"]({chinese.name})" in english.read_text()
    assert f"]({english.name})" in chinese.read_text()
    rows = [len(re.findall(r"^\|", one.read_text(), re.MULTILINE)) for one in (english, chinese)]
    assert rows[0] == rows[1], "a row of a table is missing in one language"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("front", "language"), [("README.md", ""), ("README.zh-CN.md", ".zh-CN")])
def test_every_guide_is_reached_from_the_front_page(name, front, language):
    assert f"(docs/guides/{name}{language}.md)" in (REPOSITORY / front).read_text()


@pytest.mark.parametrize("language", ["", ".zh-CN"])
def test_every_field_of_the_arena_file_is_explained(language):
    said = in_code(page("arena-toml", language))
    models = (ContestantSpec, Limits, ExecutionSpec)
    assert {name for model in models for name in model.model_fields} <= said
    assert {"baselines", "[[contestant]]", "[[profile]]", "[[price]]", "[limits]", "[execution]"} <= said
    assert {one.name for one in fields(Profile)} | {"extends"} <= in_code(page("providers", language))
    operators = {one.name for one in fields(PriceRow)} - {"by_operator"}
    assert operators <= in_code(page("cost-and-limits", language))


@pytest.mark.parametrize("language", ["", ".zh-CN"])
def test_every_provider_stands_in_its_guide_with_its_key_model_and_address(language):
    text = page("providers", language).read_text()
    rows = {row.split("`")[1]: row for row in text.splitlines() if row.startswith("| `")}
    for profile in PROFILES.values():
        wanted = {profile.key_env, profile.default_model, profile.base_url if profile.name != "sandbox" else None} - {None}
        assert all(f"`{one}`" in rows[profile.name] for one in wanted), profile.name
    assert all(f"`{alias}`" in rows[name] for alias, name in ALIASES.items())


@pytest.mark.parametrize(("language", "words"), [("", "en"), (".zh-CN", "zh")])
def test_every_baseline_stands_in_its_guide_in_its_own_words(language, words):
    text = page("baselines", language).read_text()
    assert [one for one in Baseline if describe(one, words) not in text] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pages_describe_a_baseline_as_its_rule_does(language):
    text = (REPOSITORY / "frontend" / "i18n" / f"cycles.{language}.ts").read_text(encoding="utf-8").replace('\\"', '"')
    assert [one for one in Baseline if describe(one, language) not in text] == []


@pytest.mark.parametrize("language", ["", ".zh-CN"])
def test_every_prompt_template_stands_in_its_guide_with_its_languages(language):
    text = page("prompts", language).read_text()
    for one in TEMPLATES.values():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{one.name}`"))
        assert re.findall(r"\b(en|zh)\b", row.split("|")[2]) == list(one.languages)


@pytest.fixture(scope="module")
def models():
    """Base URL of a model host of its own, as `tiltyard sandbox` starts it, and its venue's."""
    command = [sys.executable, "-m", "app.sandbox", "--port", "0", "--exit-with-parent", "--model-latency-scale", "0"]
    with subprocess.Popen(command, cwd=BACKEND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ready = json.loads(process.stdout.readline())
        yield ready
        process.stdin.close()
        process.wait(10)


def at_the_sandbox(text, url, model):
    """A guide's configuration with the sandbox in place of the host it names."""
    text = re.sub(r'^base_url = ".*"$', f'base_url = "{url}"', text, flags=re.MULTILINE)
    return re.sub(r'^model = ".*"$', f'model = "{model}"', text, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def arena(tmp_path_factory, models):
    """An arena as the guides say to configure it: the local model, and a host with a key, both played by the sandbox."""
    folder = tmp_path_factory.mktemp("guides")
    local, hosted = blocks(page("local-model"), "toml")[0], blocks(page("adding-a-model"), "toml")[1]
    written = at_the_sandbox(local, models["models"], "coin-flipper") + "\n" + at_the_sandbox(hosted, models["models"], "dip-buyer")
    (folder / "arena.toml").write_text(written)
    variables = {
        "MARKET": "bitget",
        "MARKET_BASE_URL": models["venue"],
        "ARENA_FILE": str(folder / "arena.toml"),
        "MY_LLM_KEY": "a-key-of-the-host",
    }
    with RunningArena(folder, **variables) as running:
        running.variables = variables
        yield running


@pytest.mark.timeout(240)
def test_the_local_model_of_the_guide_plays_a_cycle_without_any_key(arena):
    arena.cycles_done(1)
    status = arena.status()
    assert status["mode"] == "live"
    played = {one["id"]: one["last_outcome"] for one in status["contestants"]}
    assert set(played) == {"local", "mine", "cash", "buy-and-hold"}
    assert set(played.values()) <= {"traded", "held"}, arena.said
    found = arena.ask("/api/v1/conversations?contestant=local&limit=1")[1]["items"][0]
    conversation = arena.ask(f"/api/v1/conversations/{found['id']}")[1]
    assert (conversation["provider"], conversation["model"]) == ("ollama", "coin-flipper")


def settled(arena):
    arena.wait(lambda one: not one.status()["cycle_in_progress"])


COMMANDS = list(dict.fromkeys(line for one in PAGES for text in blocks(one, "bash") for line in text.splitlines() if line))


@pytest.mark.timeout(240)
def test_every_command_of_the_guides_runs(arena):
    arena.cycles_done(1)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        **arena.variables,
        "DATA_DIR": str(arena.folder),
        "PORT": str(arena.port),
        "WEB_PORT": str(arena.web_port),
        "COLUMNS": "200",
    }
    failed = {}
    for line in COMMANDS:
        program, *arguments = line.split()
        assert program == "tiltyard", f"{line}: commands of other programs belong into sh blocks"
        settled(arena)
        command = [sys.executable, "-m", "app.cli", *arguments]
        done = subprocess.run(command, cwd=BACKEND, env=environment, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            failed[line] = done.stdout + done.stderr
    assert failed == {}
    assert len(COMMANDS) >= 10
