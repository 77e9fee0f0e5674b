"""The tables of what was said and decided: prompts, contents by hash, conversations and their calls, decisions, turns, events, sums."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint, false, text

from app.store.columns import count, large_count, metadata, moment, money, monies, reference, row_id, whole_numbers, words
from app.store.types import ExactDecimal, Json, WholeNumber

ACCEPTED = text("verdict = 'accepted'")

# `hash` is over the content as it was given. `packing` says how it is stored: app.store.blobs.
blobs = Table(
    "blobs",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    count("packing"),
)

prompts = Table(
    "prompts",
    metadata,
    Column("hash", String(64), primary_key=True),
    words("family"),
    words("version"),
    words("text"),
    moment("created_at"),
)

# The user message is the market text followed by the user text. Rows of before have no market text, no times and no calls.
conversations = Table(
    "conversations",
    metadata,
    row_id(),
    reference("cycle_id", "cycles.id"),
    reference("contestant_id", "contestants.id"),
    moment("created_at"),
    words("provider"),
    words("model"),
    reference("prompt_hash", "prompts.hash"),
    reference("user_hash", "blobs.hash"),
    words("reply", null=True),
    words("reasoning", null=True),
    words("finish_reason", null=True),
    Column("usage", Json),
    Column("latency_ms", Integer),
    Column("http_status", Integer),
    words("error_kind", null=True),
    words("error", null=True),
    words("request_id", null=True),
    words("template", null=True),
    words("template_hash", null=True),
    reference("market_hash", "blobs.hash", null=True),
    moment("asked_at", null=True),
    moment("answered_at", null=True),
    moment("deadline_at", null=True),
    words("verdict", null=True),
    words("code", null=True),
    *whole_numbers("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens"),
    money("cost_usd", null=True),
    count("calls"),
    UniqueConstraint("cycle_id", "contestant_id"),
    Index(None, "contestant_id", "id"),
)

# One HTTP attempt each. `sent` lists the pieces of the request body (app.store.wire), `received_hash` names the response body.
calls = Table(
    "calls",
    metadata,
    row_id(),
    reference("conversation_id", "conversations.id"),
    reference("contestant_id", "contestants.id"),
    Column("number", Integer, nullable=False),
    words("purpose"),
    moment("started_at"),
    *whole_numbers("first_byte_ms"),
    Column("ended_ms", Integer, nullable=False),
    *whole_numbers("http_status"),
    *(words(name, null=True) for name in ("content_type", "request_id", "finish_reason", "model", "error_kind", "error")),
    Column("usage", Json),
    *whole_numbers("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"),
    words("price_id", null=True),
    money("cost_usd", null=True),
    Column("sent", Json, nullable=False),
    reference("received_hash", "blobs.hash", null=True),
    UniqueConstraint("conversation_id", "number"),
    Index(None, "contestant_id", "started_at"),
)

decisions = Table(
    "decisions",
    metadata,
    row_id(),
    reference("cycle_id", "cycles.id"),
    reference("contestant_id", "contestants.id"),
    reference("conversation_id", "conversations.id", null=True),
    Column("position", Integer, nullable=False),
    words("action"),
    words("symbol", null=True),
    money("notional", null=True),
    Column("leverage", WholeNumber),
    *monies("close_fraction", "stop_loss", "take_profit", "confidence", null=True),
    words("invalidation", null=True),
    words("reason", null=True),
    words("summary", null=True),
    words("verdict"),
    words("code", null=True),
    words("message", null=True),
    money("needed", null=True),
    money("available", null=True),
    moment("created_at"),
    words("refused_by", null=True),
    UniqueConstraint("cycle_id", "contestant_id", "position"),
    Index(None, "contestant_id", "id"),
    Index(None, "contestant_id", "symbol", "id", sqlite_where=ACCEPTED, postgresql_where=ACCEPTED),
)

# Rows of before have no `asked_at`: what was changed or refused of a reply was not kept then, so they count in no rate.
turns = Table(
    "turns",
    metadata,
    row_id(),
    reference("cycle_id", "cycles.id"),
    reference("contestant_id", "contestants.id"),
    words("state"),
    words("outcome", null=True),
    words("detail", null=True),
    moment("started_at"),
    moment("settled_at", null=True),
    Column("latency_ms", Integer),
    *(moment(name, null=True) for name in ("asked_at", "answered_at", "deadline_at")),
    Column("close_only", Boolean, nullable=False, server_default=false()),
    words("verdict", null=True),
    words("code", null=True),
    words("books_hash", null=True),
    moment("filled_at", null=True),
    UniqueConstraint("cycle_id", "contestant_id"),
)

contestant_events = Table(
    "contestant_events",
    metadata,
    row_id(),
    moment("at"),
    reference("contestant_id", "contestants.id"),
    reference("cycle_id", "cycles.id", null=True),
    reference("conversation_id", "conversations.id", null=True),
    reference("decision_id", "decisions.id", null=True),
    reference("trade_id", "trades.id", null=True),
    words("kind"),
    words("code"),
    words("subject"),
    words("before", null=True),
    words("after", null=True),
    words("message"),
    Index(None, "contestant_id", "id"),
    Index(None, "cycle_id", "contestant_id"),
)

# Running sums, changed in the transaction that changes what they sum: app.store.totals.
contestant_totals = Table(
    "contestant_totals",
    metadata,
    reference("contestant_id", "contestants.id", primary=True),
    *(count(name) for name in ("asked", "turns", "as_written", "interventions", "late", "failed", "repairs", "clamps", "refusals")),
    *(count(name) for name in ("calls", "unpriced_calls")),
    *(large_count(name) for name in ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")),
    Column("cost_usd", ExactDecimal, nullable=False, server_default="0"),
)
