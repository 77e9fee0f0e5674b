"""`arena.toml`: who plays, through which provider, and what everybody is held to. Reads and checks one file; opens nothing else.

A wrong value raises ArenaFileError, whose text is one sentence naming the file, the block and the fix. Keys never stand in this file.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from app.agents.baselines import TITLES, Baseline
from app.agents.templates import UnknownTemplateError, find_template
from app.llm.price_row import PriceRow, read_price
from app.llm.profiles import ALIASES, PROFILES, Profile, with_changes

SEEDED = frozenset({Baseline.RANDOM})
"""Baselines that take a seed, and so may enter several times."""
BASELINE_FIELDS = frozenset({"id", "name", "baseline", "instances", "seed"})
"""What a block with `baseline` may hold."""
DEFAULT_BASELINES = (Baseline.CASH, Baseline.BUY_AND_HOLD)
ID_CHARACTERS_MAX = 40
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BLOCK_DEPTH = 2
"""A fault no deeper than this in the file is about how a block is written, not about one of its fields."""


class ArenaFileError(ValueError):
    """An arena file that can't be used; the text says which block and what to do."""


class ContestantKind(StrEnum):
    """Who decides: a model behind a host, or a fixed rule of ours."""

    MODEL = "model"
    BASELINE = "baseline"


class ContestantSpec(BaseModel):
    """One contestant: a model through a provider profile, with the name of its key variable, or a baseline.

    `prompt` is a full template name, whichever way it was written. `seed` is for the random baseline alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str | None = None
    provider: str | None = None
    baseline: Baseline | None = None
    model: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    language: Literal["en", "zh"] = "en"
    prompt: str = Field("tiltyard", validate_default=True)
    instances: int = Field(1, ge=1, le=50)
    seed: int = Field(1, ge=0, le=2**31)
    params: Mapping[str, Any] = Field(default_factory=dict)

    @field_validator("id")
    @classmethod
    def _plain_id(cls, value: str) -> str:
        allowed = set("abcdefghijklmnopqrstuvwxyz0123456789._-")
        if not value or len(value) > ID_CHARACTERS_MAX or not set(value) <= allowed or value[0] in "._-":
            raise ValueError(f"write at most {ID_CHARACTERS_MAX} small letters, digits, dots, dashes, underscores, a letter or digit first")
        return value

    @field_validator("base_url")
    @classmethod
    def _has_scheme(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("write a URL with its scheme, like http://localhost:8080/v1")
        return value

    @field_validator("api_key_env")
    @classmethod
    def _variable_name(cls, value: str | None) -> str | None:
        """A key written here by mistake would end up in instructions and logs, so it is not repeated."""
        if value is not None and not VARIABLE_NAME.fullmatch(value):
            raise ValueError("write the name of an environment variable, like MY_LLM_KEY; the key itself belongs into backend/.env")
        return value

    @field_validator("prompt")
    @classmethod
    def _known_prompt(cls, value: str) -> str:
        try:
            return find_template(value).name
        except UnknownTemplateError as error:
            raise ValueError(str(error)) from None

    @field_validator("params", mode="after")
    @classmethod
    def _as_json(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is sent to a model host: its fractions are JSON numbers, nobody's money."""
        return _plain_json(value)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.provider is None) is (self.baseline is None):
            raise ValueError("write either provider (a model) or baseline (a fixed rule)")
        if self.baseline is None:
            self._check_model()
        else:
            self._check_baseline(self.baseline)
        return self

    def _check_model(self) -> None:
        if "seed" in self.model_fields_set:
            raise ValueError("seed is for the random baseline; what a model host takes goes into params, like params = { seed = 7 }")
        offered = find_template(self.prompt).languages
        if self.language not in offered:
            raise ValueError(f"{self.prompt} is written in {', '.join(offered)}: set language to that, or choose another prompt")

    def _check_baseline(self, baseline: Baseline) -> None:
        stray = sorted(self.model_fields_set - BASELINE_FIELDS)
        if stray:
            raise ValueError(f"a baseline asks no model: remove {', '.join(stray)}")
        if baseline not in SEEDED and {"seed", "instances"} & self.model_fields_set:
            raise ValueError(f"{baseline} always decides the same: seed and instances are for models and the random baseline")

    @property
    def kind(self) -> ContestantKind:
        """Who decides."""
        return ContestantKind.MODEL if self.baseline is None else ContestantKind.BASELINE

    @property
    def title(self) -> str:
        """What the pages call it."""
        return self.name or (self.id if self.baseline is None else TITLES[self.baseline])

    @property
    def key_variable(self) -> str | None:
        """Environment variable that holds the key; None where the provider needs none."""
        return self.api_key_env

    def copies(self) -> tuple[Self, ...]:
        """The contestants this block stands for: `instances` of them, numbered when there are several, each with a seed of its own."""
        if self.instances == 1:
            return (self,)
        return tuple(self._copy(number) for number in range(1, self.instances + 1))

    def _copy(self, number: int) -> Self:
        own: dict[str, Any] = {"id": f"{self.id}-{number}", "name": f"{self.title} {number}", "instances": 1}
        return self.model_copy(update=own if self.baseline is None else {**own, "seed": self.seed + number - 1})


def at_the_table(spec: ContestantSpec, profiles: Mapping[str, Profile]) -> ContestantSpec:
    """The contestant with its provider's own name and key variable in place. Raises ArenaFileError for a provider that is none."""
    if spec.provider is None:
        return spec
    provider = _provider(spec.provider, profiles)
    return spec.model_copy(update={"provider": provider, "api_key_env": spec.api_key_env or profiles[provider].key_env})


def _provider(name: str, profiles: Mapping[str, Profile]) -> str:
    if name in profiles:
        return name
    if ALIASES.get(name) in profiles:
        return ALIASES[name]
    near = difflib.get_close_matches(name, [*profiles, *ALIASES], n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(profiles))}, or a [[profile]] of your own"
    raise ArenaFileError(f"unknown provider {name!r}; {hint}")


class Limits(BaseModel):
    """`[limits]`: what every contestant is held to. `concurrency` is requests at once by provider; `cost_usd_per_day` is per contestant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_leverage: int = Field(20, ge=1, le=150)
    deadline_seconds: float = Field(240.0, gt=0, le=3600)
    cost_usd_per_day: Decimal | None = Field(None, gt=0, le=1_000_000)
    concurrency: Mapping[str, int] = Field(default_factory=dict)

    @field_validator("concurrency")
    @classmethod
    def _at_least_one(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        low = sorted(name for name, most in value.items() if most < 1)
        if low:
            raise ValueError(f"{', '.join(low)} could never be asked: write 1 or more, or leave it out")
        return value


class ExecutionSpec(BaseModel):
    """`[execution]`: how fills are simulated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slippage_bps: Decimal = Field(Decimal(5), ge=0, le=500)
    fee_source: Literal["venue"] = "venue"
    fill_timing: Literal["common", "on_answer"] = "common"
    margin_mode: Literal["isolated", "cross"] = "isolated"
    trigger_price: Literal["mark", "last"] = "mark"


@dataclass(frozen=True, slots=True)
class ArenaFile:
    """An arena file as read, every block checked: contestants with their copies, baselines of the list, profiles with the built-in ones.

    `baselines` is None where the file says nothing of them: then the default ones play.
    """

    contestants: tuple[ContestantSpec, ...] = ()
    baselines: tuple[Baseline, ...] | None = None
    limits: Limits = field(default_factory=Limits)
    execution: ExecutionSpec = field(default_factory=ExecutionSpec)
    profiles: Mapping[str, Profile] = field(default_factory=lambda: PROFILES)
    price_rows: tuple[PriceRow, ...] = ()


class _Document(BaseModel):
    """The file's own shape."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    baselines: tuple[Baseline, ...] | None = None
    contestant: tuple[ContestantSpec, ...] = ()
    profile: tuple[Mapping[str, Any], ...] = ()
    price: tuple[Mapping[str, Any], ...] = ()
    limits: Limits = Limits()
    execution: ExecutionSpec = ExecutionSpec()


def read_arena_file(path: Path) -> ArenaFile:
    """Read and check a file. Raises ArenaFileError with one sentence for the first thing that is wrong."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ArenaFileError(f"{path} is not valid TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ArenaFileError(f"{path} can't be read: {error}.") from None
    try:
        return _checked(_Document.model_validate(written))
    except ValidationError as error:
        raise ArenaFileError(_sentence(f"{path}, {_first_fault(error, written)}")) from None
    except ArenaFileError as error:
        raise ArenaFileError(_sentence(f"{path}, {error}")) from None


def _checked(document: _Document) -> ArenaFile:
    profiles = _profiles(document.profile)
    seated = (_seated(number, spec, profiles) for number, spec in enumerate(document.contestant, start=1))
    contestants = tuple(copy for spec in seated for copy in spec.copies())
    doubled = _doubled([spec.id for spec in contestants])
    if doubled:
        raise ArenaFileError(f"[[contestant]]: the id {doubled} is used twice: give each block its own")
    if document.baselines is not None and (twice := _doubled(list(document.baselines))):
        raise ArenaFileError(f"baselines: {twice} is named twice: write it once")
    return ArenaFile(
        contestants=contestants,
        baselines=document.baselines,
        limits=_limits(document.limits, profiles),
        execution=document.execution,
        profiles=profiles,
        price_rows=tuple(_price(number, block, profiles) for number, block in enumerate(document.price, start=1)),
    )


def _profiles(blocks: tuple[Mapping[str, Any], ...]) -> Mapping[str, Profile]:
    """The built-in profiles and the operator's, in the order of the file: a block may extend an earlier one."""
    profiles = dict(PROFILES)
    for number, block in enumerate(blocks, start=1):
        name, extends = block.get("name"), block.get("extends", "openai-compatible")
        where = f"[[profile]] {number}" + (f" ({name})" if isinstance(name, str) else "")
        if not isinstance(name, str) or not name:
            raise ArenaFileError(f"{where}: give it a name, which provider in [[contestant]] then takes")
        if not isinstance(extends, str):
            raise ArenaFileError(f"{where}, extends: write the name of a profile, like openai-compatible")
        changes = {key: value for key, value in block.items() if key != "extends"}
        try:
            profiles[name] = with_changes(profiles[_provider(extends, profiles)], {"title": name, **_plain_json(changes)})
        except ValueError as error:
            raise ArenaFileError(f"{where}: {_phrase(str(error))}") from None
    doubled = _doubled([str(block["name"]) for block in blocks])
    if doubled:
        raise ArenaFileError(f"[[profile]]: the name {doubled} is used twice: give each block its own")
    return profiles


def _seated(number: int, spec: ContestantSpec, profiles: Mapping[str, Profile]) -> ContestantSpec:
    try:
        return at_the_table(spec, profiles)
    except ArenaFileError as error:
        raise ArenaFileError(f"[[contestant]] {number} ({spec.id}), provider: {error}") from None


def _limits(limits: Limits, profiles: Mapping[str, Profile]) -> Limits:
    try:
        named = {_provider(name, profiles): most for name, most in limits.concurrency.items()}
    except ArenaFileError as error:
        raise ArenaFileError(f"[limits] concurrency: {error}") from None
    return limits.model_copy(update={"concurrency": named})


def _price(number: int, block: Mapping[str, Any], profiles: Mapping[str, Profile]) -> PriceRow:
    try:
        provider = block.get("provider")
        named = {"provider": _provider(provider, profiles)} if isinstance(provider, str) and provider != "*" else {}
        return read_price({**block, **named})
    except ValueError as error:
        raise ArenaFileError(f"[[price]] {number} ({block.get('model', 'no model')}): {_phrase(str(error))}") from None


def _doubled(names: list[str]) -> str | None:
    return next((one for one in names if names.count(one) > 1), None)


def _plain_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """TOML values as JSON ones: fractions become floats, which is right for what is sent to a host."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(values), default=_fraction, allow_nan=False))
    return plain


def _fraction(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise ValueError(f"{value} is nothing that JSON can hold: write text, a number, true or false, a list or a table")


def _first_fault(error: ValidationError, written: Mapping[str, Any]) -> str:
    """The first fault as `block, field: what is wrong and the fix`."""
    first = error.errors()[0]
    where = _where([str(part) for part in first["loc"]], written)
    if first["type"] == "extra_forbidden":
        return f"{where}: no such field{_nearest(first['loc'])}"
    if first["type"] in {"tuple_type", "mapping_type", "model_type", "dict_type"} and len(first["loc"]) <= BLOCK_DEPTH:
        return f"{where}: {_how_written(str(first['loc'][0]))}"
    return f"{where}: {_phrase(first['msg'].removeprefix('Value error, '))}"


def _how_written(block: str) -> str:
    match block:
        case "contestant" | "profile" | "price":
            return f"write [[{block}]] with two brackets, once for each"
        case "baselines":
            return 'write a list, like ["cash", "buy-and-hold"]'
        case _:
            return f"write [{block}] on a line of its own and its fields below"


def _where(place: list[str], written: Mapping[str, Any]) -> str:
    match place:
        case ["contestant", number, *rest]:
            block = written["contestant"][int(number)]
            named = block.get("id") if isinstance(block, dict) else None
            return ", ".join([f"[[contestant]] {int(number) + 1}" + (f" ({named})" if named else ""), *rest[:1]])
        case [("limits" | "execution") as block, *rest]:
            return " ".join([f"[{block}]", *rest[:1]])
        case []:
            return "whole file"
        case _:
            return place[0]


def _nearest(place: tuple[int | str, ...]) -> str:
    models: Mapping[object, type[BaseModel]] = {"contestant": ContestantSpec, "limits": Limits, "execution": ExecutionSpec}
    fields = list(models[place[0]].model_fields) if len(place) > 1 else list(_Document.model_fields)
    near = difflib.get_close_matches(str(place[-1]), fields, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(fields)}"


def _phrase(text: str) -> str:
    return text.removesuffix(".")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."
