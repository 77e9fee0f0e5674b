"""The tables. Names of the first six are promised to users: market_prices, decisions, conversations, positions, trades, system_logs.

Money, prices and quantities are ExactDecimal (USDT, base coin), times UTC. `ledger_entries` is append-only; all its rows sum to zero.
"""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, false

from app.store.columns import metadata, moment, money, monies, reference, row_id, words
from app.store.turn_tables import blobs, calls, contestant_events, contestant_totals, conversations, decisions, prompts, turns
from app.store.types import ExactDecimal, Json, UtcTime

__all__ = [
    "accounts",
    "blobs",
    "calls",
    "contestant_events",
    "contestant_totals",
    "contestants",
    "conversations",
    "cycles",
    "decisions",
    "equity",
    "fills",
    "funding_payments",
    "funding_rates",
    "last_minutes",
    "ledger_entries",
    "mark_minutes",
    "market_prices",
    "metadata",
    "orders",
    "positions",
    "prompts",
    "seasons",
    "snapshots",
    "system_logs",
    "trades",
    "turns",
]

market_prices = Table(
    "market_prices",
    metadata,
    row_id(),
    reference("cycle_id", "cycles.id"),
    words("symbol"),
    *monies("price", "mark", "index_price", "bid", "ask", "funding_rate", null=True),
    moment("next_funding_time", null=True),
    *monies("open_interest", "high_24h", "low_24h", "change_24h", "volume_24h_usdt", null=True),
    words("venue"),
    moment("venue_time", null=True),
    moment("taken_at"),
    Column("usable", Boolean, nullable=False),
    words("reason", null=True),
    UniqueConstraint("cycle_id", "symbol"),
    Index(None, "symbol", "id"),
)

positions = Table(
    "positions",
    metadata,
    reference("contestant_id", "contestants.id", primary=True),
    Column("symbol", Text, primary_key=True),
    words("side"),
    money("quantity"),
    money("entry_price"),
    Column("leverage", Integer, nullable=False),
    money("margin"),
    money("stop_loss", null=True),
    money("take_profit", null=True),
    moment("armed_from"),
    moment("funded_until"),
    reference("trade_id", "trades.id"),
    moment("updated_at"),
)

trades = Table(
    "trades",
    metadata,
    row_id(),
    reference("contestant_id", "contestants.id"),
    reference("season_id", "seasons.id"),
    Column("number", Integer, nullable=False),
    words("symbol"),
    words("side"),
    Column("leverage", Integer, nullable=False),
    words("state"),
    moment("opened_at"),
    moment("closed_at", null=True),
    *monies("entry_quantity", "entry_price", "exit_quantity"),
    money("exit_price", null=True),
    *monies("gross_pnl", "fees", "insured"),
    Column("funding", ExactDecimal, nullable=False, server_default="0"),
    money("net_pnl"),
    words("exit_reason", null=True),
    reference("opened_by", "decisions.id", null=True),
    reference("closed_by", "decisions.id", null=True),
    UniqueConstraint("contestant_id", "season_id", "number"),
    Index(None, "symbol", "id"),
    Index(None, "contestant_id", "closed_at"),
)

system_logs = Table(
    "system_logs",
    metadata,
    row_id(),
    moment("at"),
    words("level"),
    words("event"),
    words("message"),
    Column("cycle_id", Integer),
    words("contestant_id", null=True),
    words("phase", null=True),
    Column("ms", Float),
    Column("data", Json),
    Index(None, "level", "id"),
    Index(None, "contestant_id", "id"),
    Index(None, "at"),
)

seasons = Table(
    "seasons",
    metadata,
    row_id(),
    words("name"),
    moment("started_at"),
    moment("ended_at", null=True),
    Column("rules", Json, nullable=False),
    Column("entries_open", Boolean, nullable=False),
)

contestants = Table(
    "contestants",
    metadata,
    Column("id", Text, primary_key=True),
    reference("season_id", "seasons.id"),
    words("name"),
    words("provider"),
    words("model"),
    Column("color_index", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    words("state"),
    moment("joined_at"),
    words("last_outcome", null=True),
    moment("last_outcome_at", null=True),
    words("last_error", null=True),
    Column("consecutive_failures", Integer, nullable=False),
    Column("kind", Text, nullable=False, server_default="model"),
    *(words(name, null=True) for name in ("template", "language", "base_url")),
    Column("settings", Json),
    words("state_reason", null=True),
    words("paused_by", null=True),
    Column("close_only", Boolean, nullable=False, server_default=false()),
)

accounts = Table(
    "accounts",
    metadata,
    reference("contestant_id", "contestants.id", primary=True),
    reference("season_id", "seasons.id"),
    money("available"),
    money("initial"),
    Column("trades_opened", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    moment("watched_until", null=True),
    moment("updated_at"),
)

cycles = Table(
    "cycles",
    metadata,
    row_id(),
    reference("season_id", "seasons.id"),
    Column("due_at", UtcTime, nullable=False, unique=True),
    words("kind"),
    words("state"),
    words("phase"),
    moment("started_at"),
    moment("finished_at", null=True),
    words("reason", null=True),
    words("books_hash", null=True),
    moment("watched_at", null=True),
    moment("watched_until", null=True),
    Column("rules", Json),
    Column("timings", Json),
    Column("pid", Integer, nullable=False),
    Index(None, "state"),
)

snapshots = Table(
    "snapshots",
    metadata,
    row_id(),
    Column("cycle_id", ForeignKey("cycles.id"), nullable=False, unique=True),
    moment("taken_at"),
    words("content_hash"),
    reference("manifest", "blobs.hash"),
)

orders = Table(
    "orders",
    metadata,
    row_id(),
    reference("contestant_id", "contestants.id"),
    reference("cycle_id", "cycles.id", null=True),
    reference("decision_id", "decisions.id", null=True),
    words("source"),
    words("kind"),
    words("symbol"),
    words("side", null=True),
    words("state"),
    moment("created_at"),
    Index(None, "decision_id"),
)

fills = Table(
    "fills",
    metadata,
    row_id(),
    reference("contestant_id", "contestants.id"),
    reference("trade_id", "trades.id"),
    reference("order_id", "orders.id"),
    reference("cycle_id", "cycles.id", null=True),
    words("symbol"),
    words("side"),
    words("purpose"),
    *monies("quantity", "price", "fee", "realised_pnl", "insured"),
    Column("takeover", ExactDecimal, nullable=False, server_default="0"),
    Column("beyond_depth", Boolean, nullable=False),
    Column("parts", Json, nullable=False),
    moment("at"),
    Index(None, "trade_id"),
    Index(None, "order_id"),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    row_id(),
    Column("posting", Integer, nullable=False),
    reference("contestant_id", "contestants.id"),
    reference("season_id", "seasons.id"),
    reference("cycle_id", "cycles.id", null=True),
    reference("fill_id", "fills.id", null=True),
    reference("order_id", "orders.id", null=True),
    words("kind"),
    words("account"),
    words("symbol", null=True),
    money("amount"),
    moment("at"),
    Index(None, "contestant_id", "posting"),
)

# Once per contestant and settlement. Without rate and amount: what was held then is noted, the rate is not published yet. `paid_after` is
# set where the rate came late: payment followed what was judged up to that minute.
funding_payments = Table(
    "funding_payments",
    metadata,
    row_id(),
    reference("contestant_id", "contestants.id"),
    reference("trade_id", "trades.id"),
    reference("cycle_id", "cycles.id", null=True),
    words("symbol"),
    moment("settlement_time"),
    words("side"),
    money("quantity"),
    money("mark"),
    *monies("rate", "amount", "insured", null=True),
    Column("posting", Integer),
    moment("paid_after", null=True),
    UniqueConstraint("contestant_id", "symbol", "settlement_time"),
    Index(None, "trade_id"),
)

funding_rates = Table(
    "funding_rates",
    metadata,
    Column("symbol", Text, primary_key=True),
    Column("settlement_time", UtcTime, primary_key=True),
    money("rate"),
    sqlite_with_rowid=False,
)


def _minutes(name: str) -> Table:
    """Closed one-minute bars that positions were judged on."""
    return Table(
        name,
        metadata,
        Column("symbol", Text, primary_key=True),
        Column("open_time", UtcTime, primary_key=True),
        *monies("open", "high", "low", "close"),
        sqlite_with_rowid=False,
    )


mark_minutes = _minutes("mark_minutes")
last_minutes = _minutes("last_minutes")

equity = Table(
    "equity",
    metadata,
    row_id(),
    reference("contestant_id", "contestants.id"),
    reference("season_id", "seasons.id"),
    moment("at"),
    reference("cycle_id", "cycles.id", null=True),
    words("source"),
    *monies("equity", "wallet", "unrealised_pnl", "available", "exposure"),
    UniqueConstraint("contestant_id", "at"),
    Index(None, "season_id", "cycle_id"),
)
