"""Funding, margin changes, and what a replay needs: minutes and rates that positions were judged on. Trades of before paid no funding."""

import sqlalchemy as sa
from alembic import op

from app.store import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WATCHED_UNTIL = "(SELECT watched_until FROM accounts WHERE accounts.contestant_id = positions.contestant_id)"


def upgrade() -> None:
    """Apply."""
    op.add_column("trades", sa.Column("funding", types.ExactDecimal(), server_default="0", nullable=False))
    op.add_column("fills", sa.Column("takeover", types.ExactDecimal(), server_default="0", nullable=False))
    op.add_column("cycles", sa.Column("watched_at", types.UtcTime(), nullable=True))
    op.add_column("cycles", sa.Column("watched_until", types.UtcTime(), nullable=True))
    op.add_column("cycles", sa.Column("rules", types.Json(), nullable=True))
    # In one statement on both databases, without copying the largest table.
    op.execute("ALTER TABLE ledger_entries ADD COLUMN order_id INTEGER CONSTRAINT fk_ledger_entries_order_id REFERENCES orders (id)")
    op.add_column("positions", sa.Column("funded_until", types.UtcTime(), nullable=True))
    op.execute(f"UPDATE positions SET funded_until = COALESCE({WATCHED_UNTIL}, updated_at)")  # noqa: S608 - a constant
    with op.batch_alter_table("positions") as positions:
        positions.alter_column("funded_until", existing_type=types.UtcTime(), nullable=False)
    _payments()
    op.create_table(
        "funding_rates",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("settlement_time", types.UtcTime(), nullable=False),
        sa.Column("rate", types.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "settlement_time", name=op.f("pk_funding_rates")),
        sqlite_with_rowid=False,
    )
    for name in ("mark_minutes", "last_minutes"):
        op.create_table(
            name,
            sa.Column("symbol", sa.Text(), nullable=False),
            sa.Column("open_time", types.UtcTime(), nullable=False),
            sa.Column("open", types.ExactDecimal(), nullable=False),
            sa.Column("high", types.ExactDecimal(), nullable=False),
            sa.Column("low", types.ExactDecimal(), nullable=False),
            sa.Column("close", types.ExactDecimal(), nullable=False),
            sa.PrimaryKeyConstraint("symbol", "open_time", name=op.f(f"pk_{name}")),
            sqlite_with_rowid=False,
        )


def _payments() -> None:
    """The first release made the table and never wrote to it."""
    op.drop_table("funding_payments")
    op.create_table(
        "funding_payments",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("contestant_id", sa.Text(), nullable=False),
        sa.Column("trade_id", sa.Integer(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=True),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("settlement_time", types.UtcTime(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.Column("mark", types.ExactDecimal(), nullable=False),
        sa.Column("rate", types.ExactDecimal(), nullable=True),
        sa.Column("amount", types.ExactDecimal(), nullable=True),
        sa.Column("insured", types.ExactDecimal(), nullable=True),
        sa.Column("posting", sa.Integer(), nullable=True),
        sa.Column("paid_after", types.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["contestant_id"], ["contestants.id"], name=op.f("fk_funding_payments_contestant_id")),
        sa.ForeignKeyConstraint(["trade_id"], ["trades.id"], name=op.f("fk_funding_payments_trade_id")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycles.id"], name=op.f("fk_funding_payments_cycle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funding_payments")),
        sa.UniqueConstraint(
            "contestant_id", "symbol", "settlement_time", name=op.f("uq_funding_payments_contestant_id_symbol_settlement_time")
        ),
    )
    op.create_index(op.f("ix_funding_payments_trade_id"), "funding_payments", ["trade_id"], unique=False)
