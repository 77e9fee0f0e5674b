"""The shapes the API answers with. Money, prices and quantities are JSON strings, ratios are numbers, times are ISO 8601 with Z.

Units: money in USDT, quantities in the base coin, ratios as fractions (0.05 is 5 %), durations in the unit the name ends with.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from app.engine.money import plain


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Exact = Annotated[
    Decimal, PlainSerializer(plain, return_type=str), WithJsonSchema({"type": "string", "format": "decimal"}, mode="serialization")
]
Time = Annotated[
    datetime, PlainSerializer(_iso, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization")
]

ContestantState = Literal["active", "paused", "no_key", "retired"]
ContestantKind = Literal["model", "baseline"]

Item = TypeVar("Item")


class Schema(BaseModel):
    """Base of every answer: read from attributes, never mutated."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Page(Schema, Generic[Item]):
    """One page of a list, newest first. Pass `next_cursor` back as `cursor` for the next one; null means the end."""

    items: list[Item]
    next_cursor: str | None


class Problem(Schema):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None


class CycleInProgress(Schema):
    """The cycle that runs at this moment. `phase` is the last step it completed."""

    id: int
    due_at: Time
    started_at: Time
    phase: str


class Season(Schema):
    """A contest under one set of rules."""

    id: int
    name: str
    started_at: Time


class SymbolHealth(Schema):
    """Whether a symbol had a sound price in the last snapshot; `reason` says why not."""

    symbol: str
    usable: bool
    reason: str | None


class MarketHealth(Schema):
    """Where prices come from and how old the newest are. Ages in seconds of market time."""

    venue: str
    venue_url: str | None
    data_time: Time | None
    data_age_seconds: float | None
    symbols: list[SymbolHealth]


class ContestantHealth(Schema):
    """How a contestant is doing as a participant, not as a trader. `state_reason` says why it is paused, `close_only` is the operator's."""

    id: str
    name: str
    kind: ContestantKind
    template: str | None
    state: ContestantState
    state_reason: str | None
    paused_by: Literal["operator", "arena"] | None
    close_only: bool
    last_outcome: str | None
    last_outcome_at: Time | None
    last_error: str | None
    consecutive_failures: int


class ErrorBucket(Schema):
    """Errors and warnings logged in one bucket of time."""

    at: Time
    errors: int
    warnings: int


class SystemStatus(Schema):
    """State of the arena. The first five fields are what the first release promised."""

    scheduler_running: bool
    last_run_time: Time | None
    error_count: int
    latest_log: str | None
    database_connected: bool
    mode: Literal["live", "demo"]
    version: str
    interval_minutes: int
    next_run_time: Time | None
    cycle_in_progress: CycleInProgress | None
    season: Season | None
    market: MarketHealth | None
    contestants: list[ContestantHealth]
    entries_open: bool
    market_time: Time
    clock_speed: int
    started_at: Time
    error_history: list[ErrorBucket]
    last_cycle_id: int | None


class Health(Schema):
    """For probes: `ok`, or the name of the part that fails and what it said."""

    status: Literal["ok", "failing"]
    failing: str | None = None
    detail: str | None = None


class LogRow(Schema):
    """One line of `system_logs`. `ms` is the duration of the phase it reports."""

    id: int
    at: Time
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    event: str
    message: str
    cycle_id: int | None
    contestant_id: str | None
    phase: str | None
    ms: float | None
    data: dict[str, Any] | None


class Estimate(Schema):
    """A figure with its 95 % interval; `low` and `high` are null while there is too little history to say."""

    value: float | None
    low: float | None
    high: float | None


class ContestantBrief(Schema):
    """Who it is. `color_index` picks the fixed colour used on every page; a baseline is a rule without a model, at no cost."""

    id: str
    name: str
    kind: ContestantKind
    provider: str
    model: str
    template: str | None
    color_index: int
    state: ContestantState
    state_reason: str | None
    close_only: bool


class Standing(Schema):
    """One row of the leaderboard. `rank_best`..`rank_worst` is where the contestant may plausibly stand (95 %).

    `api_cost_usd` leaves out `unpriced_calls`, and is null when none has a price. `equity_net_of_api` counts a US dollar as one USDT.
    `compliance_rate` is the share of `turns` read exactly as written, `intervention_rate` the share in which the arena changed, refused
    or ended something; both null before the first turn.
    """

    rank: int
    rank_best: int
    rank_worst: int
    contestant: ContestantBrief
    equity: Exact
    available: Exact
    unrealised_pnl: Exact
    total_return: Estimate
    max_drawdown: Estimate
    sharpe: Estimate
    trades: int
    wins: int
    open_positions: int
    fees: Exact
    funding: Exact
    api_cost_usd: Exact | None
    unpriced_calls: int
    equity_net_of_api: Exact | None
    turns: int
    compliance_rate: float | None
    intervention_rate: float | None
    exposure: Exact
    last_outcome: str | None
    last_outcome_at: Time | None


class Leaderboard(Schema):
    """Standings at `at`. `separable` is false while no contestant can be told from the next; `observations` counts equity points used."""

    at: Time
    season: Season | None
    initial_capital: Exact
    separable: bool
    observations: int
    standings: list[Standing]


class EquityPoint(Schema):
    """Equity at a moment; always wallet + unrealised PnL."""

    at: Time
    equity: Exact
    wallet: Exact
    unrealised_pnl: Exact


class EquitySeries(Schema):
    """Oldest first. When downsampled, each bucket keeps its lowest and highest point."""

    contestant_id: str
    downsampled: bool
    points: list[EquityPoint]


class Position(Schema):
    """An open isolated position, valued at the latest mark price."""

    contestant_id: str
    symbol: str
    side: Literal["long", "short"]
    quantity: Exact
    entry_price: Exact
    mark_price: Exact | None
    notional: Exact | None
    leverage: int
    margin: Exact
    unrealised_pnl: Exact | None
    liquidation_price: Exact | None
    stop_loss: Exact | None
    take_profit: Exact | None
    trade_id: int
    opened_at: Time


class ModelDetail(Schema):
    """A contestant with its standing and open positions."""

    contestant: ContestantBrief
    joined_at: Time
    last_outcome: str | None
    last_outcome_at: Time | None
    last_error: str | None
    consecutive_failures: int
    standing: Standing | None
    positions: list[Position]
