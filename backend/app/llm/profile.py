"""What a provider profile is, and how an operator changes one. The providers themselves stand in `profiles`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

OUTPUT_TOKENS_MAX: Final = 16_384
"""Thinking counts as output: a smaller limit truncates the answer of models that think first."""

PROMPT_BYTES_MAX: Final = 1_048_576
"""A request body larger than this is not sent."""

NO_BALANCE = ("insufficient balance", "insufficient_balance", "arrear", "overdue", "not enough balance", "balance is", "out of credits")
"""Words in an error body that mean: no money left, whatever the status says."""


class JsonMode(StrEnum):
    """What may be asked of the provider about the shape of the reply."""

    NONE = "none"
    OBJECT = "object"
    SCHEMA = "schema"


@dataclass(frozen=True, slots=True)
class UsageMap:
    """Where a provider's usage object holds its counts: dotted paths, the first that is there wins.

    `thinking_in_total` where thinking is counted in the total alone; `cost_usd` where the host reports what the call cost.
    """

    input: tuple[str, ...] = ("prompt_tokens",)
    output: tuple[str, ...] = ("completion_tokens",)
    total: tuple[str, ...] = ("total_tokens",)
    cached: tuple[str, ...] = ("prompt_tokens_details.cached_tokens", "prompt_cache_hit_tokens", "cached_tokens")
    cache_write: tuple[str, ...] = ("prompt_tokens_details.cache_write_tokens", "prompt_tokens_details.cache_creation_input_tokens")
    reasoning: tuple[str, ...] = ("completion_tokens_details.reasoning_tokens", "reasoning_tokens")
    thinking_in_total: bool = False
    cost_usd: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider's OpenAI-compatible endpoint and its quirks.

    `stream` where thinking needs it; `extra_body` holds the thinking parameter and all else a vendor added; `refused_params` are never sent
    because its models answer them with 400. `other_region` is the base URL a key of the other region belongs to; `payment_words` are
    lower-case marks in an error body that mean the account has no money; `reasoning_fields` are where the thinking arrives, first one wins.
    `concurrency` is how many requests its smallest account may have under way (None: no limit known); `prompt_bytes_max` bounds the request
    body; `priced_as` names the provider in the price list where it is not the profile's own name; `note` is for the operator.
    """

    name: str
    title: str
    base_url: str
    key_env: str | None
    default_model: str
    stream: bool = False
    json_mode: JsonMode = JsonMode.OBJECT
    refused_params: tuple[str, ...] = ()
    extra_body: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    max_tokens_param: str = "max_tokens"
    max_output_tokens: int = OUTPUT_TOKENS_MAX
    reasoning_fields: tuple[str, ...] = ("reasoning_content", "reasoning")
    usage_map: UsageMap = field(default_factory=UsageMap)
    other_region: str | None = None
    payment_words: tuple[str, ...] = NO_BALANCE
    console: str | None = None
    concurrency: int | None = None
    prompt_bytes_max: int = PROMPT_BYTES_MAX
    priced_as: str | None = None
    note: str = ""

    @property
    def price_provider(self) -> str:
        """The provider's name in the price list."""
        return self.priced_as or self.name


def with_changes(profile: Profile, changes: Mapping[str, Any]) -> Profile:
    """The profile with an operator's fields in place of its own; all values as TOML holds them. Raises ValueError with a sentence.

    The price list goes on knowing it under the old name unless it is another host: what that charges is not known.
    """
    unknown = sorted(set(changes) - set(_READERS))
    if unknown:
        raise ValueError(f"a profile has no {', '.join(unknown)}: it may have {', '.join(sorted(_READERS))}")
    given = {name: _READERS[name](name, value) for name, value in changes.items() if name != "usage_map"}
    if "usage_map" in changes:
        given["usage_map"] = _usage_map(profile.usage_map, changes["usage_map"])
    elsewhere = given.get("base_url", profile.base_url) not in (profile.base_url, profile.other_region)
    return replace(profile, **{"priced_as": None if elsewhere else profile.price_provider, **given})


def _usage_map(old: UsageMap, changes: object) -> UsageMap:
    known = {one.name for one in fields(UsageMap)}
    if not isinstance(changes, Mapping) or not set(changes) <= known:
        raise ValueError(f"usage_map of a profile must be a table of {', '.join(sorted(known))}, not {changes!r}")
    readers: dict[str, Callable[[str, Any], Any]] = {"thinking_in_total": _switch, "cost_usd": _text}
    given: dict[str, Any] = {name: readers.get(name, _paths)(f"usage_map.{name}", value) for name, value in changes.items()}
    return replace(old, **given)


def _wrong(name: str, wanted: str, value: object) -> ValueError:
    return ValueError(f"{name} of a profile must be {wanted}, not {value!r}")


def _text(name: str, value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise _wrong(name, "text", value)


def _url(name: str, value: object) -> str:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return value.rstrip("/")
    raise _wrong(name, "an address that begins with http:// or https://", value)


def _switch(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong(name, "true or false", value)


def _whole(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise _wrong(name, "a whole number from 1", value)


def _texts(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise _wrong(name, "a list of texts", value)


def _paths(name: str, value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else _texts(name, value)


def _table(name: str, value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return MappingProxyType(dict(value))
    raise _wrong(name, "a table", value)


def _mode(name: str, value: object) -> JsonMode:
    if isinstance(value, str) and value in JsonMode.__members__.values():
        return JsonMode(value)
    raise _wrong(name, f"one of {', '.join(JsonMode)}", value)


_READERS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "name": _text,
        "title": _text,
        "base_url": _url,
        "key_env": _text,
        "default_model": _text,
        "stream": _switch,
        "json_mode": _mode,
        "refused_params": _texts,
        "extra_body": _table,
        "max_tokens_param": _text,
        "max_output_tokens": _whole,
        "reasoning_fields": _texts,
        "usage_map": _table,
        "other_region": _url,
        "payment_words": _texts,
        "console": _text,
        "concurrency": _whole,
        "prompt_bytes_max": _whole,
        "priced_as": _text,
        "note": _text,
    }
)
