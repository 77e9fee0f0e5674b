"""Every call with its bytes and its cost, every change to a reply, and sums of both. Turns of before count in no rate: nothing was kept."""

import sqlalchemy as sa
from alembic import op

from app.store import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COUNTS = (
    "asked",
    "turns",
    "as_written",
    "interventions",
    "late",
    "failed",
    "repairs",
    "clamps",
    "refusals",
    "calls",
    "unpriced_calls",
)
TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")


def upgrade() -> None:
    """Apply."""
    op.add_column("blobs", sa.Column("packing", sa.Integer(), server_default="0", nullable=False))
    _contestants()
    _turns()
    _conversations()
    op.add_column("decisions", sa.Column("refused_by", types.AnyText(), nullable=True))
    op.execute("UPDATE decisions SET refused_by = 'exchange' WHERE verdict = 'refused'")
    accepted = sa.text("verdict = 'accepted'")
    op.create_index(
        op.f("ix_decisions_contestant_id_symbol_id"),
        "decisions",
        ["contestant_id", "symbol", "id"],
        sqlite_where=accepted,
        postgresql_where=accepted,
    )
    op.create_index(op.f("ix_trades_contestant_id_closed_at"), "trades", ["contestant_id", "closed_at"])
    # Those two were written before templates became immutable; the first immutable one is another text under the same number.
    op.execute("UPDATE prompts SET version = 'draft-' || version WHERE family = 'tiltyard' AND version IN ('1', '2')")
    _calls()
    _events()
    _totals()


def _contestants() -> None:
    op.add_column("contestants", sa.Column("kind", sa.Text(), server_default="model", nullable=False))
    for name in ("template", "language", "base_url", "state_reason", "paused_by"):
        op.add_column("contestants", sa.Column(name, types.AnyText(), nullable=True))
    op.add_column("contestants", sa.Column("settings", types.Json(), nullable=True))
    op.add_column("contestants", sa.Column("close_only", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE contestants SET paused_by = 'operator' WHERE state = 'paused'")


def _turns() -> None:
    for name in ("asked_at", "answered_at", "deadline_at", "filled_at"):
        op.add_column("turns", sa.Column(name, types.UtcTime(), nullable=True))
    op.add_column("turns", sa.Column("close_only", sa.Boolean(), server_default=sa.false(), nullable=False))
    for name in ("verdict", "code", "books_hash"):
        op.add_column("turns", sa.Column(name, types.AnyText(), nullable=True))


def _conversations() -> None:
    for name in ("template", "template_hash", "verdict", "code"):
        op.add_column("conversations", sa.Column(name, types.AnyText(), nullable=True))
    # In one statement on both databases, without copying the table.
    op.execute(
        "ALTER TABLE conversations ADD COLUMN market_hash VARCHAR(64) CONSTRAINT fk_conversations_market_hash REFERENCES blobs (hash)"
    )
    for name in ("asked_at", "answered_at", "deadline_at"):
        op.add_column("conversations", sa.Column(name, types.UtcTime(), nullable=True))
    for name in TOKENS:
        op.add_column("conversations", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("conversations", sa.Column("cost_usd", types.ExactDecimal(), nullable=True))
    op.add_column("conversations", sa.Column("calls", sa.Integer(), server_default="0", nullable=False))


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("contestant_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("purpose", types.AnyText(), nullable=False),
        sa.Column("started_at", types.UtcTime(), nullable=False),
        sa.Column("first_byte_ms", sa.Integer(), nullable=True),
        sa.Column("ended_ms", sa.Integer(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("content_type", types.AnyText(), nullable=True),
        sa.Column("request_id", types.AnyText(), nullable=True),
        sa.Column("finish_reason", types.AnyText(), nullable=True),
        sa.Column("model", types.AnyText(), nullable=True),
        sa.Column("error_kind", types.AnyText(), nullable=True),
        sa.Column("error", types.AnyText(), nullable=True),
        sa.Column("usage", types.Json(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("cached_tokens", sa.Integer(), nullable=True),
        sa.Column("cache_write_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("reasoning_tokens", sa.Integer(), nullable=True),
        sa.Column("price_id", types.AnyText(), nullable=True),
        sa.Column("cost_usd", types.ExactDecimal(), nullable=True),
        sa.Column("sent", types.Json(), nullable=False),
        sa.Column("received_hash", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_calls_conversation_id")),
        sa.ForeignKeyConstraint(["contestant_id"], ["contestants.id"], name=op.f("fk_calls_contestant_id")),
        sa.ForeignKeyConstraint(["received_hash"], ["blobs.hash"], name=op.f("fk_calls_received_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("conversation_id", "number", name=op.f("uq_calls_conversation_id_number")),
    )
    op.create_index(op.f("ix_calls_contestant_id_started_at"), "calls", ["contestant_id", "started_at"])


def _events() -> None:
    op.create_table(
        "contestant_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.Column("contestant_id", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=True),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("decision_id", sa.Integer(), nullable=True),
        sa.Column("trade_id", sa.Integer(), nullable=True),
        sa.Column("kind", types.AnyText(), nullable=False),
        sa.Column("code", types.AnyText(), nullable=False),
        sa.Column("subject", types.AnyText(), nullable=False),
        sa.Column("before", types.AnyText(), nullable=True),
        sa.Column("after", types.AnyText(), nullable=True),
        sa.Column("message", types.AnyText(), nullable=False),
        sa.ForeignKeyConstraint(["contestant_id"], ["contestants.id"], name=op.f("fk_contestant_events_contestant_id")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycles.id"], name=op.f("fk_contestant_events_cycle_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_contestant_events_conversation_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_contestant_events_decision_id")),
        sa.ForeignKeyConstraint(["trade_id"], ["trades.id"], name=op.f("fk_contestant_events_trade_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contestant_events")),
    )
    op.create_index(op.f("ix_contestant_events_contestant_id_id"), "contestant_events", ["contestant_id", "id"])
    op.create_index(op.f("ix_contestant_events_cycle_id_contestant_id"), "contestant_events", ["cycle_id", "contestant_id"])


def _totals() -> None:
    """How often somebody was asked is known of turns of before as well; how they went is not."""
    op.create_table(
        "contestant_totals",
        sa.Column("contestant_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in COUNTS),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in TOKENS),
        sa.Column("cost_usd", types.ExactDecimal(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["contestant_id"], ["contestants.id"], name=op.f("fk_contestant_totals_contestant_id")),
        sa.PrimaryKeyConstraint("contestant_id", name=op.f("pk_contestant_totals")),
    )
    op.execute(
        "INSERT INTO contestant_totals (contestant_id, asked) "
        "SELECT id, (SELECT count(*) FROM turns WHERE turns.contestant_id = contestants.id) FROM contestants"
    )
