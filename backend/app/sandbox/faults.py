"""Faults that can be switched on while the sandbox runs: which requests they meet, how often, and when they wear off. Does no HTTP.

A rule names a route (`venue.tickers`, `venue.*`, `model.chat`, `*`), may narrow it to a symbol or a model, and a kind. `delay` adds up with
others; of those that replace the answer the first rule wins. `frozen`, `absurd` and `missing` change what a route of the venue says;
from `finish_length` on, the kinds spoil what a model says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from app.sandbox.prices.chance import uniforms

ROUTES = (
    "venue.time",
    "venue.contracts",
    "venue.tickers",
    "venue.ticker",
    "venue.mark_price",
    "venue.candles",
    "venue.depth",
    "venue.funding",
    "venue.funding_time",
    "venue.funding_history",
    "venue.open_interest",
    "venue.tiers",
    "venue.spot",
    "model.chat",
    "model.list",
)
WILDCARDS = ("venue.*", "model.*", "*")
RULES_MAX = 100
SECONDS_MAX = 3600.0


class FaultKind(StrEnum):
    """What goes wrong."""

    DELAY = "delay"
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    CUT = "cut"
    WRONG_JSON = "wrong_json"
    BLANK = "blank"
    AUTH = "auth"
    PAYMENT = "payment"
    FORBIDDEN = "forbidden"
    FROZEN = "frozen"
    ABSURD = "absurd"
    MISSING = "missing"
    FINISH_LENGTH = "finish_length"
    PROSE = "prose"
    FENCED = "fenced"
    TRUNCATED_JSON = "truncated_json"
    DUPLICATE_KEYS = "duplicate_keys"
    THINK_TAGS = "think_tags"
    TWO_OBJECTS = "two_objects"
    NAN = "nan"
    HTML = "html"
    TOOL_CALLS = "tool_calls"


CONTENT_KINDS = frozenset({FaultKind.FROZEN, FaultKind.ABSURD, FaultKind.MISSING})
REPLY_KINDS = frozenset(
    {
        FaultKind.FINISH_LENGTH,
        FaultKind.PROSE,
        FaultKind.FENCED,
        FaultKind.TRUNCATED_JSON,
        FaultKind.DUPLICATE_KEYS,
        FaultKind.THINK_TAGS,
        FaultKind.TWO_OBJECTS,
        FaultKind.NAN,
        FaultKind.HTML,
        FaultKind.TOOL_CALLS,
    }
)


class Absurdity(StrEnum):
    """What an absurd price is."""

    THOUSANDFOLD = "x1000"
    ZERO = "0"
    NEGATIVE = "negative"
    NAN = "nan"


class FaultError(ValueError):
    """A rule that can't be used; the text says why and what can."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One switched-on fault. `since_ms` is the market time of switching, at which a frozen route stands still."""

    route: str
    kind: FaultKind
    since_ms: int
    model: str | None = None
    symbol: str | None = None
    seconds: float = 1.0
    retry_after: int = 1
    status: int = 500
    value: Absurdity = Absurdity.THOUSANDFOLD
    count: int | None = None
    probability: float = 1.0
    seed: int = 0

    def meets(self, route: str, symbol: str | None, model: str | None) -> bool:
        """Whether a request is one that the rule is about. A route that shows all symbols is met by rules that change single ones."""
        if self.route not in (route, f"{route.partition('.')[0]}.*", "*"):
            return False
        if self.model is not None and self.model != model:
            return False
        return self.symbol is None or self.symbol == symbol or (symbol is None and self.kind in CONTENT_KINDS)

    def as_json(self) -> dict[str, Any]:
        """The rule as it can be sent again, with the moment it was switched on."""
        return asdict(self)


@dataclass(slots=True)
class _Active:
    rule: Rule
    met: int = 0
    hit: int = 0

    def strikes(self) -> bool:
        self.met += 1
        struck = float(uniforms(1, self.rule.seed, "fault", self.met)[0]) < self.rule.probability
        self.hit += struck
        return struck

    @property
    def spent(self) -> bool:
        return self.rule.count is not None and self.hit >= self.rule.count


class FaultBoard:
    """The faults that are on."""

    def __init__(self) -> None:
        self._active: list[_Active] = []

    @property
    def rules(self) -> list[Rule]:
        """Rules that have not worn off."""
        return [one.rule for one in self._active]

    def put(self, rules: Iterable[Mapping[str, Any]], now_ms: int) -> None:
        """Switch on exactly these rules. Raises FaultError and changes nothing when one can't be used."""
        made = [_Active(read_rule(rule, now_ms)) for rule in rules]
        if len(made) > RULES_MAX:
            raise FaultError(f"{len(made)} rules are too many: at most {RULES_MAX} can be on at once.")
        self._active = made

    def clear(self) -> None:
        """Switch everything off."""
        self._active = []

    def take(self, route: str, *, symbol: str | None = None, model: str | None = None) -> list[Rule]:
        """The rules that strike this request; counts are used up."""
        struck = [one.rule for one in self._active if one.rule.meets(route, symbol, model) and one.strikes()]
        self._active = [one for one in self._active if not one.spent]
        return struck


def read_rule(given: Mapping[str, Any], now_ms: int) -> Rule:
    """A rule from JSON, checked. Raises FaultError."""
    known = {field.name for field in fields(Rule)} - {"since_ms"}
    unknown = sorted(set(given) - known - {"since_ms"})
    if unknown:
        raise FaultError(f"A rule has no {', '.join(unknown)}: it may have {', '.join(sorted(known))}.")
    route, kind = _route(given.get("route")), _kind(given.get("kind"))
    if kind in CONTENT_KINDS and route.startswith("model."):
        raise FaultError(f"{kind} changes prices and can't strike {route}: use a venue route.")
    if kind in REPLY_KINDS and route.startswith("venue."):
        raise FaultError(f"{kind} spoils a model's reply and can't strike {route}: use model.chat.")
    count = given.get("count")
    return Rule(
        route=route,
        kind=kind,
        since_ms=now_ms,
        model=_text(given, "model"),
        symbol=_text(given, "symbol"),
        seconds=_number(given, "seconds", 1.0, SECONDS_MAX),
        retry_after=int(_number(given, "retry_after", 1, SECONDS_MAX)),
        status=_status(given.get("status", 500)),
        value=_absurdity(given.get("value")),
        count=None if count is None else max(int(_number(given, "count", 1, 1e9)), 1),
        probability=_number(given, "probability", 1.0, 1.0),
        seed=int(_number(given, "seed", 0, 2**53)),
    )


def _route(value: object) -> str:
    if isinstance(value, str) and value in ROUTES + WILDCARDS:
        return value
    raise FaultError(f"{value!r} is not a route: use one of {', '.join(ROUTES + WILDCARDS)}.")


def _kind(value: object) -> FaultKind:
    if isinstance(value, str) and value in FaultKind.__members__.values():
        return FaultKind(value)
    raise FaultError(f"{value!r} is not a kind of fault: use one of {', '.join(FaultKind)}.")


def _absurdity(value: object) -> Absurdity:
    text = "x1000" if value is None else str(value).lower().replace("×", "x")
    text = {"1000": "x1000", "zero": "0"}.get(text, text)
    if text in Absurdity.__members__.values():
        return Absurdity(text)
    raise FaultError(f"value {value!r} is not an absurd price: use one of {', '.join(Absurdity)}.")


def _status(value: object) -> int:
    if isinstance(value, int) and 500 <= value <= 599:  # noqa: PLR2004 - the HTTP class of server errors
        return value
    raise FaultError(f"status {value!r} is not a server error: use a whole number from 500 to 599.")


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None or isinstance(value, str):
        return value
    raise FaultError(f"{name} {value!r} must be text.")


def _number(given: Mapping[str, Any], name: str, default: float, most: float) -> float:
    value = given.get(name, default)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most:
        return float(value)
    raise FaultError(f"{name} {value!r} must be a number from 0 to {most:g}.")
