"""The shapes of one turn: the conversation with its calls, what was changed or refused, what was decided. Units as in `schemas`.

`verdict` of a reply: accept, accept_as_hold, repair, reject_action, reject_whole. `code` names the weightiest thing that was found.
"""

from typing import Any, Literal

from app.api.record_schemas import Cycle, Decision, Fill, Price
from app.api.schemas import Exact, Schema, Time
from app.store.contestant_events import EventKind

Encoding = Literal["utf-8", "base64"]


class ContestantEvent(Schema):
    """Something the arena or its operator did to what a contestant asked for. `subject` is a path in the reply, or a symbol."""

    id: int
    at: Time
    contestant_id: str
    cycle_id: int | None
    conversation_id: int | None
    decision_id: int | None
    trade_id: int | None
    kind: EventKind
    code: str
    subject: str
    before: str | None
    after: str | None
    message: str


class Tokens(Schema):
    """Tokens as the provider counted them; `cached` is part of `input`, `reasoning` part of `output`. Null where it did not say."""

    input: int | None
    cached: int | None
    output: int | None
    reasoning: int | None


class CallFacts(Schema):
    """One HTTP attempt without its bytes. Milliseconds count from `started_at`; `usage` is the provider's own object, untouched."""

    number: int
    purpose: Literal["ask", "retry", "reask"]
    started_at: Time
    first_byte_ms: int | None
    ended_ms: int
    http_status: int | None
    content_type: str | None
    request_id: str | None
    error_kind: str | None
    error: str | None
    finish_reason: str | None
    model: str | None
    usage: dict[str, Any] | None
    input_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    price_id: str | None
    cost_usd: Exact | None


class Call(CallFacts):
    """One HTTP attempt with exactly what was sent and received: text, or base64 where it is no UTF-8."""

    sent: str
    sent_encoding: Encoding
    received: str
    received_encoding: Encoding


class Conversation(Schema):
    """What was asked of a model and what came back, without the texts. Tokens and cost (USD) are sums over the calls."""

    id: int
    cycle_id: int
    contestant_id: str
    created_at: Time
    provider: str
    model: str
    template: str | None
    template_hash: str | None
    asked_at: Time | None
    answered_at: Time | None
    deadline_at: Time | None
    verdict: str | None
    code: str | None
    finish_reason: str | None
    latency_ms: int | None
    http_status: int | None
    error_kind: str | None
    error: str | None
    usage: dict[str, Any] | None
    tokens: Tokens
    cost_usd: Exact | None


class Message(Schema):
    """One message of the prompt."""

    role: str
    content: str


class ToolCall(Schema):
    """A tool call that came instead of, or beside, text; `arguments` as they were written."""

    name: str
    arguments: str


class ConversationDetail(Conversation):
    """A conversation whole: the messages sent, the raw reply, the thinking where the provider shows it, every call.

    `market` is the part of the user message that everybody with this template saw; the rest of it is the contestant's own.
    """

    messages: list[Message]
    market: str | None
    reply: str | None
    tool_calls: list[ToolCall]
    reasoning: str | None
    calls: list[Call]


class TurnDecision(Decision):
    """A decision with what was done to it and the fills it caused."""

    events: list[ContestantEvent]
    fills: list[Fill]


class Turn(Schema):
    """One contestant's part in a cycle. Equal `prompt_hash` or `market_hash` mean the same text was sent, to the byte.

    `events` are those that belong to the reply as a whole; the others stand with their decision. `books_hash` and `filled_at` are set
    where each answer is filled at its own market.
    """

    contestant_id: str
    state: str
    outcome: str | None
    detail: str | None
    latency_ms: int | None
    asked_at: Time | None
    answered_at: Time | None
    deadline_at: Time | None
    close_only: bool
    verdict: str | None
    code: str | None
    books_hash: str | None
    filled_at: Time | None
    conversation_id: int | None
    provider: str | None
    model: str | None
    template: str | None
    template_hash: str | None
    prompt_hash: str | None
    market_hash: str | None
    calls: int
    tokens: Tokens
    cost_usd: Exact | None
    decisions: list[TurnDecision]
    events: list[ContestantEvent]


class CycleDetail(Cycle):
    """What everybody saw, said and did in one cycle. `other_events` are those of contestants who were not asked in it."""

    previous_id: int | None
    next_id: int | None
    content_hash: str | None
    books_hash: str | None
    prices: list[Price]
    turns: list[Turn]
    other_events: list[ContestantEvent]
