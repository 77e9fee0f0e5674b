"""From a provider's own usage object to token counts that mean the same everywhere. Guesses nothing: what contradicts itself is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.llm.profile import Profile, UsageMap

TOKENS_MAX = 100_000_000
"""No request is this large: a number beyond it is a fault of the host."""

USD_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one call; None is unknown. `input` includes `cached` and `cache_write`, `output` includes `reasoning`.

    `reported_usd` is the cost that the host itself named. `doubt` says what was wrong with the numbers; a call in doubt has no price.
    """

    input: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None
    reported_usd: Decimal | None = None
    doubt: str | None = None


def tokens_of(usage: Mapping[str, Any], profile: Profile) -> Tokens | None:
    """The counts in a usage object, found where the profile says; None when there is no usage at all."""
    if not usage:
        return None
    return _Reading(usage, profile.usage_map).tokens()


class _Reading:
    __slots__ = ("_doubts", "_map", "_usage")

    def __init__(self, usage: Mapping[str, Any], usage_map: UsageMap) -> None:
        self._usage, self._map = usage, usage_map
        self._doubts: list[str] = []

    def tokens(self) -> Tokens:
        prompt, cached, written = self._prompt()
        output, reasoning = self._completion(prompt)
        return Tokens(prompt, cached, written, output, reasoning, self._reported(), "; ".join(self._doubts) or None)

    def _prompt(self) -> tuple[int | None, int | None, int | None]:
        prompt, cached, written = (self._count(paths) for paths in (self._map.input, self._map.cached, self._map.cache_write))
        if prompt is not None and (cached or 0) + (written or 0) > prompt:
            self._doubts.append(f"{cached or 0} cached and {written or 0} written tokens are more than the {prompt} of the prompt")
            return None, None, None
        return prompt, cached, written

    def _completion(self, prompt: int | None) -> tuple[int | None, int | None]:
        output, reasoning, total = (self._count(paths) for paths in (self._map.output, self._map.reasoning, self._map.total))
        if output is None or prompt is None or total is None or total == prompt + output:
            if output is not None and (reasoning or 0) > output:
                self._doubts.append(f"{reasoning} tokens of thinking are more than the {output} of the completion")
                return None, None
            return output, reasoning
        # xAI counts the thinking beside the completion, Gemini only in the total: the sum tells.
        beside = total - prompt - output
        if beside == reasoning or (self._map.thinking_in_total and beside > 0 and reasoning is None):
            return output + beside, beside
        self._doubts.append(f"{prompt} and {output} tokens don't make the total of {total}")
        return None, reasoning

    def _count(self, paths: tuple[str, ...]) -> int | None:
        found = next(((path, value) for path in paths if (value := _at(self._usage, path)) is not None), None)
        if found is None:
            return None
        path, value = found
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= TOKENS_MAX:
            self._doubts.append(f"{path} is {str(value)[:40]}")
            return None
        return value

    def _reported(self) -> Decimal | None:
        value = None if self._map.cost_usd is None else _at(self._usage, self._map.cost_usd)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= USD_MAX:
            return None
        return Decimal(repr(value))


def _at(usage: Mapping[str, Any], path: str) -> Any:
    value: Any = usage
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
