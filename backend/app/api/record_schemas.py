"""The shapes of what happened: fills, trades, decisions, cycles, prices. Units as in `schemas`."""

from typing import Literal

from app.api.schemas import Exact, Schema, Time


class Fill(Schema):
    """One execution. `parts` are the book levels taken, [price, quantity] each.

    `insured` is what the insurance bore; `takeover` what it then won (+) or lost (-) by closing a liquidated position.
    """

    id: int
    trade_id: int
    order_id: int
    cycle_id: int | None
    contestant_id: str
    symbol: str
    side: Literal["long", "short"]
    purpose: str
    quantity: Exact
    price: Exact
    fee: Exact
    realised_pnl: Exact
    insured: Exact
    takeover: Exact
    beyond_depth: bool
    parts: list[list[str]]
    at: Time


class Trade(Schema):
    """One round trip of a symbol from flat to flat. Prices are averages over its fills.

    `funding` is what it received (below zero: paid); `net_pnl` is realised so far, after fees and funding.
    """

    id: int
    contestant_id: str
    number: int
    symbol: str
    side: Literal["long", "short"]
    leverage: int
    state: Literal["open", "closed"]
    opened_at: Time
    closed_at: Time | None
    entry_quantity: Exact
    entry_price: Exact
    exit_quantity: Exact
    exit_price: Exact | None
    gross_pnl: Exact
    fees: Exact
    insured: Exact
    funding: Exact
    net_pnl: Exact
    exit_reason: str | None
    opened_by: int | None
    closed_by: int | None


class TradeDetail(Trade):
    """A trade with every fill that made it."""

    fills: list[Fill]


class FundingPayment(Schema):
    """One funding settlement of one holding: -d x quantity x mark x rate, signed to the contestant.

    Rate, amount and insured are null while the venue has not published the rate; `insured` is the part that the insurance bore.
    """

    id: int
    contestant_id: str
    trade_id: int
    symbol: str
    settlement_time: Time
    side: Literal["long", "short"]
    quantity: Exact
    mark: Exact
    rate: Exact | None
    amount: Exact | None
    insured: Exact | None


class Decision(Schema):
    """One action a contestant asked for, and what became of it. `code`, `needed` and `available` explain a refusal.

    `refused_by` is `reading` where the action was never an order, `exchange` where the exchange would not have it. `template` names the
    prompt it answers, `template_hash` is the SHA-256 of that template's words.
    """

    id: int
    cycle_id: int
    contestant_id: str
    conversation_id: int | None
    position: int
    action: str
    symbol: str | None
    notional: Exact | None
    leverage: int | None
    close_fraction: Exact | None
    stop_loss: Exact | None
    take_profit: Exact | None
    confidence: Exact | None
    invalidation: str | None
    reason: str | None
    summary: str | None
    verdict: Literal["accepted", "refused", "held"]
    refused_by: Literal["reading", "exchange"] | None
    code: str | None
    message: str | None
    needed: Exact | None
    available: Exact | None
    created_at: Time
    template: str | None
    template_hash: str | None


class DecisionDetail(Decision):
    """A decision with the fills it caused."""

    fills: list[Fill]


class Cycle(Schema):
    """One turn of the arena. `reason` says why a cycle was skipped or interrupted; `timings` are milliseconds a phase."""

    id: int
    due_at: Time
    kind: Literal["start", "scheduled", "manual", "operator"]
    state: Literal["running", "done", "skipped", "interrupted"]
    phase: str
    started_at: Time
    finished_at: Time | None
    reason: str | None
    timings: dict[str, float] | None


class Price(Schema):
    """What the venue said of a symbol in one cycle. `usable` false means nobody traded it, `reason` why."""

    cycle_id: int
    symbol: str
    price: Exact | None
    mark: Exact | None
    index_price: Exact | None
    bid: Exact | None
    ask: Exact | None
    funding_rate: Exact | None
    next_funding_time: Time | None
    open_interest: Exact | None
    high_24h: Exact | None
    low_24h: Exact | None
    change_24h: Exact | None
    volume_24h_usdt: Exact | None
    venue: str
    venue_time: Time | None
    taken_at: Time
    usable: bool
    reason: str | None


class Candle(Schema):
    """One closed bar; volume in the base coin."""

    open_time: Time
    open: Exact
    high: Exact
    low: Exact
    close: Exact
    volume: Exact


class Candles(Schema):
    """Closed candles, oldest first, as the last snapshot held them."""

    symbol: str
    timeframe: Literal["5m", "4h"]
    candles: list[Candle]
