"""The prompt templates that there are, by name. A published template never changes: what should read otherwise is a new version."""

from collections.abc import Mapping
from types import MappingProxyType

from app.agents import alpha_arena_s1_v1, alpha_arena_s1_v1_words, tiltyard_v1, tiltyard_v1_words
from app.agents.alpha_arena_reply import ALPHA_ARENA_SCHEMA, read_alpha_arena
from app.agents.template import Template
from app.agents.tiltyard_reply import REPLY_SCHEMA as TILTYARD_SCHEMA
from app.agents.tiltyard_reply import read_tiltyard

TILTYARD_1 = Template(
    family="tiltyard",
    version=1,
    languages=("en", "zh"),
    words=tiltyard_v1_words.all_words(),
    system=tiltyard_v1.system,
    market=tiltyard_v1.market,
    account=tiltyard_v1.account,
    read=read_tiltyard,
    reply_schema=TILTYARD_SCHEMA,
)
ALPHA_ARENA_S1_1 = Template(
    family="alpha-arena-s1",
    version=1,
    languages=("en",),
    words=alpha_arena_s1_v1_words.all_words(),
    system=alpha_arena_s1_v1.system,
    market=alpha_arena_s1_v1.market,
    account=alpha_arena_s1_v1.account,
    read=read_alpha_arena,
    reply_schema=ALPHA_ARENA_SCHEMA,
)
TEMPLATES: Mapping[str, Template] = MappingProxyType({one.name: one for one in (TILTYARD_1, ALPHA_ARENA_S1_1)})
"""Every template by its full name, like tiltyard@1."""


class UnknownTemplateError(ValueError):
    """There is no such template, or none in that language; the text says which there are."""


def find_template(name: str) -> Template:
    """A template by family (its newest version) or by full name. Raises UnknownTemplateError."""
    found = TEMPLATES.get(name) or _newest(name)
    if found is None:
        raise UnknownTemplateError(f"there is no prompt template {name!r}: there is {', '.join(TEMPLATES)}")
    return found


def newest(family: str) -> Template:
    """The newest version of a family. Raises UnknownTemplateError."""
    found = _newest(family)
    if found is None:
        families = dict.fromkeys(one.family for one in TEMPLATES.values())
        raise UnknownTemplateError(f"there is no prompt family {family!r}: there is {', '.join(families)}")
    return found


def require_language(template: Template, language: str) -> None:
    """Raises UnknownTemplateError when a template isn't written in a language."""
    if language not in template.languages:
        raise UnknownTemplateError(f"{template.name} isn't written in {language!r}, only in {', '.join(template.languages)}")


def _newest(family: str) -> Template | None:
    versions = [one for one in TEMPLATES.values() if one.family == family]
    return max(versions, key=lambda one: one.version, default=None)
