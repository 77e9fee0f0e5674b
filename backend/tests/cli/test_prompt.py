"""`tiltyard prompt`: what there is, how it reads, and a sentence for a name that there isn't."""

import json

import pytest
import typer
from typer.testing import CliRunner

from app.agents.sample_scene import sample_scene, sample_seat
from app.agents.templates import TEMPLATES
from app.cli import prompt


@pytest.fixture(scope="module")
def application():
    made = typer.Typer()
    prompt.register(made)
    made.command("other")(lambda: None)  # a second command, as the real application has: typer runs a single one without its name
    return made


def run(application, *arguments):
    return CliRunner().invoke(application, ["prompt", *arguments])


def test_every_template_is_listed_with_its_languages_and_fingerprint(application):
    shown = run(application, "list")
    assert shown.exit_code == 0
    rows = json.loads(run(application, "list", "--json").stdout)
    assert [row["name"] for row in rows] == list(TEMPLATES)
    for row in rows:
        assert row["fingerprint"] == TEMPLATES[row["name"]].fingerprint
        assert row["fingerprint"] in shown.stdout


@pytest.mark.parametrize(("name", "language"), [("tiltyard@1", "en"), ("tiltyard@1", "zh"), ("alpha-arena-s1@1", "en")])
def test_one_part_is_shown_exactly_as_it_is_sent(application, name, language):
    template, scene = TEMPLATES[name], sample_scene()
    expected = {
        "system": template.system(scene, language),
        "market": template.market(scene, language),
        "account": template.account(scene, sample_seat(), language),
    }
    for part, text in expected.items():
        assert run(application, "show", name, "--language", language, "--part", part).stdout == text
    assert all(text in run(application, "show", name, "--language", language).stdout for text in expected.values())


def test_a_family_shows_its_newest_version_and_says_that_the_numbers_are_a_sample(application):
    shown = run(application, "show", "tiltyard")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("tiltyard@1, fingerprint ")
    assert "sample numbers" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "tiltyard@9"], "there is tiltyard@1, alpha-arena-s1@1"),
        (["show", "gpt"], "there is tiltyard@1, alpha-arena-s1@1"),
        (["show", "alpha-arena-s1", "--language", "zh"], "isn't written in 'zh', only in en"),
        (["show", "tiltyard", "--language", "tlh"], "only in en, zh"),
        (["show", "tiltyard", "--part", "nothing"], "nothing"),
    ],
)
def test_an_unknown_name_ends_with_a_sentence_and_status_two(application, arguments, said):
    shown = run(application, *arguments)
    assert shown.exit_code == 2
    assert said in shown.output
    assert shown.stdout == ""
