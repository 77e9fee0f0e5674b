"""One line of a price list: what a million tokens of a model cost, when, for what size of prompt, and who says so. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.llm.usage import Tokens

ANY = "*"
MILLION = Decimal(1_000_000)
PRICE_MAX = Decimal(100_000)

_PRICES = ("input", "cached", "cache_write", "output")
_ALLOWED = ("provider", "model", *_PRICES, "valid_from", "valid_until", "weekdays", "hours", "prompt_over", "prompt_max", "source", "dated")


@dataclass(frozen=True, slots=True)
class PriceRow:
    """USD per 1,000,000 tokens. `cached` and `cache_write` None cost as much as other input. Provider and model may be "*" for any.

    Holds for requests from `valid_from` to before `valid_until` (UTC, None is open), on `weekdays` (0 is Monday; () is all), within one of
    `hours` (UTC, from and to before; () is all day), and for prompts of more than `prompt_over` and at most `prompt_max` tokens.
    `source` says who names the price and `dated` as of when. `by_operator` rows come from the operator's own file.
    """

    provider: str
    model: str
    input: Decimal
    output: Decimal
    source: str
    dated: date
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    weekdays: tuple[int, ...] = ()
    hours: tuple[tuple[int, int], ...] = ()
    prompt_over: int = 0
    prompt_max: int | None = None
    by_operator: bool = False

    @property
    def id(self) -> str:
        """Names the row in records: a changed price or condition is another id, a changed place in the list is not."""
        return f"{self.provider}:{self.model}:{self.fingerprint}"

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits of the SHA-256 over everything the row says."""
        said = "\n".join(f"{name}={value}" for name, value in asdict(self).items())
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    def holds(self, provider: str, model: str, prompt_tokens: int, at: datetime) -> bool:
        """Whether this is a price of such a request, sent at `at` (UTC)."""
        if self.provider not in (provider, ANY) or self.model not in (model, ANY):
            return False
        if (self.valid_from is not None and at < self.valid_from) or (self.valid_until is not None and at >= self.valid_until):
            return False
        if self.weekdays and at.weekday() not in self.weekdays:
            return False
        if self.hours and not any(start <= at.hour < end for start, end in self.hours):
            return False
        if self.prompt_over and prompt_tokens <= self.prompt_over:
            return False
        return self.prompt_max is None or prompt_tokens <= self.prompt_max

    def usd(self, tokens: Tokens) -> Decimal | None:
        """What these tokens cost; None when input or output is unknown, or the numbers are in doubt."""
        if tokens.input is None or tokens.output is None or tokens.doubt is not None:
            return None
        cached, written = tokens.cached or 0, tokens.cache_write or 0
        hit = self.input if self.cached is None else self.cached
        write = self.input if self.cache_write is None else self.cache_write
        return ((tokens.input - cached - written) * self.input + cached * hit + written * write + tokens.output * self.output) / MILLION


def read_price(given: Mapping[str, Any]) -> PriceRow:
    """A row as the operator wrote it: prices as text or numbers, times with their zone. Raises ValueError with a sentence."""
    unknown = sorted(set(given) - set(_ALLOWED))
    if unknown:
        raise ValueError(f"a price has no {', '.join(unknown)}: it may have {', '.join(_ALLOWED)}")
    missing = [name for name in ("provider", "model", "input", "output") if name not in given]
    if missing:
        raise ValueError(f"a price needs {', '.join(missing)}")
    prices = {name: _price(name, given[name]) for name in _PRICES if given.get(name) is not None}
    return PriceRow(
        provider=_words("provider", given["provider"]),
        model=_words("model", given["model"]),
        input=prices["input"],
        output=prices["output"],
        cached=prices.get("cached"),
        cache_write=prices.get("cache_write"),
        source=_words("source", given.get("source", "the operator")),
        dated=_day(given.get("dated", date.min)),
        valid_from=_moment("valid_from", given.get("valid_from")),
        valid_until=_moment("valid_until", given.get("valid_until")),
        weekdays=tuple(_whole("weekdays", day, 6) for day in _several("weekdays", given.get("weekdays", []))),
        hours=tuple(_span(span) for span in _several("hours", given.get("hours", []))),
        prompt_over=_whole("prompt_over", given.get("prompt_over", 0), 10**9),
        prompt_max=None if given.get("prompt_max") is None else _whole("prompt_max", given["prompt_max"], 10**9),
        by_operator=True,
    )


def _words(name: str, value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError(f"{name} of a price must be text, not {value!r}")


def _price(name: str, value: object) -> Decimal:
    try:
        # Through text, so that 0.1 in a file is a tenth and not its nearest binary fraction.
        price = Decimal(str(value))
    except InvalidOperation:
        price = Decimal(-1)
    if isinstance(value, bool) or not price.is_finite() or not 0 <= price <= PRICE_MAX:
        raise ValueError(f"{name} of a price must be USD per million tokens, from 0 to {PRICE_MAX}, not {value!r}")
    return price


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise ValueError(f"dated of a price must be a date like 2026-11-24, not {value!r}")


def _moment(name: str, value: object) -> datetime | None:
    if value is None or (isinstance(value, datetime) and value.tzinfo is not None):
        return value
    raise ValueError(f"{name} of a price must be a time with its zone, like 2026-11-24T00:00:00Z, not {value!r}")


def _several(name: str, value: object) -> list[object]:
    if isinstance(value, list | tuple):
        return list(value)
    raise ValueError(f"{name} of a price must be a list, not {value!r}")


def _whole(name: str, value: object, most: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
        return value
    raise ValueError(f"{name} of a price must be a whole number from 0 to {most}, not {value!r}")


def _span(value: object) -> tuple[int, int]:
    start, end = (_whole("hours", hour, 24) for hour in value) if isinstance(value, list | tuple) and len(value) == 2 else (0, 0)  # noqa: PLR2004
    if start >= end:
        raise ValueError(f"hours of a price are pairs like [1, 4], from and to before in UTC, not {value!r}")
    return start, end
