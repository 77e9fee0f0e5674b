"""Templates are found by name, and a published one never changes."""

import hashlib
import string

import pytest

from app.agents import alpha_arena_s1_v1_words, tiltyard_v1_words
from app.agents.alpha_arena_reply import read_alpha_arena
from app.agents.sample_scene import sample_scene, sample_seat
from app.agents.template import Prompt
from app.agents.templates import TEMPLATES, UnknownTemplateError, find_template, newest, require_language
from app.agents.tiltyard_reply import read_tiltyard

PUBLISHED = {
    ("tiltyard@1", "en"): (
        "542a587fc30e3b113b8a80badd4ba153faa1729ca169b60b04358ba692a7b9a9",
        "26adf074031aefc06cdcaa59821b79ba3543f0846e75d6b5f59f1f39a2315fcf",
    ),
    ("tiltyard@1", "zh"): (
        "542a587fc30e3b113b8a80badd4ba153faa1729ca169b60b04358ba692a7b9a9",
        "8b8fb6dfe1cb3c8484e82d3a418d08d8a73700903a934eda7163a4eeaa8426be",
    ),
    ("alpha-arena-s1@1", "en"): (
        "db801061cda2f24f1a1fd6f8a58d06bedf79517ac78136e07bfa13f8f194467a",
        "ec2cc1a26b3ceba1d38dfbed5df1f646d40b8b31c27a410a7c40f8f7c8c0dc1a",
    ),
}


def rendered(template, language):
    scene, seat = sample_scene(), sample_seat()
    return Prompt(template.system(scene, language), template.market(scene, language), template.account(scene, seat, language))


@pytest.mark.parametrize(("name", "language"), sorted(PUBLISHED))
def test_a_published_template_still_says_the_same_words_and_renders_the_same_bytes(name, language):
    """This is the promise of immutability. When it fails, a text or a number's form was changed under a published name: undo that, and make
    the change in a new version of the template. The values here may change only before a version was ever released.
    """
    template = TEMPLATES[name]
    prompt = rendered(template, language)
    whole = hashlib.sha256(f"{prompt.system}\0{prompt.user}".encode()).hexdigest()
    assert (template.fingerprint, whole) == PUBLISHED[name, language]


def test_every_template_and_language_is_pinned():
    assert set(PUBLISHED) == {(one.name, language) for one in TEMPLATES.values() for language in one.languages}


def test_a_template_is_found_by_its_full_name_or_as_its_familys_newest():
    assert find_template("tiltyard@1") is TEMPLATES["tiltyard@1"]
    assert find_template("tiltyard") is newest("tiltyard")
    assert newest("alpha-arena-s1").version == max(one.version for one in TEMPLATES.values() if one.family == "alpha-arena-s1")
    assert (find_template("tiltyard").read, find_template("alpha-arena-s1").read) == (read_tiltyard, read_alpha_arena)


@pytest.mark.parametrize("name", ["tiltyard@2", "tiltyard@", "Tiltyard", "", "alpha-arena"])
def test_an_unknown_name_is_refused_with_what_there_is(name):
    with pytest.raises(UnknownTemplateError, match="there is tiltyard@1, alpha-arena-s1@1"):
        find_template(name)


def test_an_unknown_family_or_language_is_refused_with_what_there_is():
    with pytest.raises(UnknownTemplateError, match="there is tiltyard, alpha-arena-s1"):
        newest("tiltyard@1")
    with pytest.raises(ValueError, match="alpha-arena-s1@1 isn't written in 'zh', only in en"):
        require_language(TEMPLATES["alpha-arena-s1@1"], "zh")
    require_language(TEMPLATES["tiltyard@1"], "zh")


def test_both_languages_have_the_same_texts_with_the_same_fields():
    english, chinese = tiltyard_v1_words.ENGLISH, tiltyard_v1_words.CHINESE
    assert english.keys() == chinese.keys()
    for name, text in english.items():
        assert fields(text) == fields(chinese[name]), name


def test_the_fingerprint_is_over_every_word():
    for language, words in tiltyard_v1_words.WORDS.items():
        for name, text in words.items():
            assert f"{language}.{name}\n{text}" in TEMPLATES["tiltyard@1"].words
    assert all(text in TEMPLATES["alpha-arena-s1@1"].words for text in alpha_arena_s1_v1_words.WORDS.values())


def test_the_words_ask_for_json_by_name():
    """Hosts refuse their JSON mode when the messages don't contain the word."""
    for name, language in PUBLISHED:
        assert "JSON" in rendered(TEMPLATES[name], language).system


def fields(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)
