"""The tables. Names of the first six are promised to users: market_prices, decisions, conversations, positions, trades, system_logs.

Money, prices and quantities are ExactDecimal (USDT, base coin), times UTC. `ledger_entries` is append-only; all its rows sum to zero.
"""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

from app.store.types import AnyText, ExactDecimal, Json, UtcTime, WholeNumber

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _money(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, ExactDecimal, nullable=null)


def _monies(*names: str, null: bool = False) -> list[Column[object]]:
    return [_money(name, null=null) for name in names]


def _time(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, UtcTime, nullable=null)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, AnyText, nullable=null)


def _to(name: str, target: str, *, null: bool = False, primary: bool = False) -> Column[object]:
    return Column(name, ForeignKey(target), nullable=null, primary_key=primary)


market_prices = Table(
    "market_prices",
    metadata,
    _id(),
    _to("cycle_id", "cycles.id"),
    _text("symbol"),
    *_monies("price", "mark", "index_price", "bid", "ask", "funding_rate", null=True),
    _time("next_funding_time", null=True),
    *_monies("open_interest", "high_24h", "low_24h", "change_24h", "volume_24h_usdt", null=True),
    _text("venue"),
    _time("venue_time", null=True),
    _time("taken_at"),
    Column("usable", Boolean, nullable=False),
    _text("reason", null=True),
    UniqueConstraint("cycle_id", "symbol"),
    Index(None, "symbol", "id"),
)

decisions = Table(
    "decisions",
    metadata,
    _id(),
    _to("cycle_id", "cycles.id"),
    _to("contestant_id", "contestants.id"),
    _to("conversation_id", "conversations.id", null=True),
    Column("position", Integer, nullable=False),
    _text("action"),
    _text("symbol", null=True),
    _money("notional", null=True),
    Column("leverage", WholeNumber),
    *_monies("close_fraction", "stop_loss", "take_profit", "confidence", null=True),
    _text("invalidation", null=True),
    _text("reason", null=True),
    _text("summary", null=True),
    _text("verdict"),
    _text("code", null=True),
    _text("message", null=True),
    _money("needed", null=True),
    _money("available", null=True),
    _time("created_at"),
    UniqueConstraint("cycle_id", "contestant_id", "position"),
    Index(None, "contestant_id", "id"),
)

conversations = Table(
    "conversations",
    metadata,
    _id(),
    _to("cycle_id", "cycles.id"),
    _to("contestant_id", "contestants.id"),
    _time("created_at"),
    _text("provider"),
    _text("model"),
    _to("prompt_hash", "prompts.hash"),
    _to("user_hash", "blobs.hash"),
    _text("reply", null=True),
    _text("reasoning", null=True),
    _text("finish_reason", null=True),
    Column("usage", Json),
    Column("latency_ms", Integer),
    Column("http_status", Integer),
    _text("error_kind", null=True),
    _text("error", null=True),
    _text("request_id", null=True),
    UniqueConstraint("cycle_id", "contestant_id"),
    Index(None, "contestant_id", "id"),
)

positions = Table(
    "positions",
    metadata,
    _to("contestant_id", "contestants.id", primary=True),
    Column("symbol", Text, primary_key=True),
    _text("side"),
    _money("quantity"),
    _money("entry_price"),
    Column("leverage", Integer, nullable=False),
    _money("margin"),
    _money("stop_loss", null=True),
    _money("take_profit", null=True),
    _time("armed_from"),
    _time("funded_until"),
    _to("trade_id", "trades.id"),
    _time("updated_at"),
)

trades = Table(
    "trades",
    metadata,
    _id(),
    _to("contestant_id", "contestants.id"),
    _to("season_id", "seasons.id"),
    Column("number", Integer, nullable=False),
    _text("symbol"),
    _text("side"),
    Column("leverage", Integer, nullable=False),
    _text("state"),
    _time("opened_at"),
    _time("closed_at", null=True),
    *_monies("entry_quantity", "entry_price", "exit_quantity"),
    _money("exit_price", null=True),
    *_monies("gross_pnl", "fees", "insured"),
    Column("funding", ExactDecimal, nullable=False, server_default="0"),
    _money("net_pnl"),
    _text("exit_reason", null=True),
    _to("opened_by", "decisions.id", null=True),
    _to("closed_by", "decisions.id", null=True),
    UniqueConstraint("contestant_id", "season_id", "number"),
    Index(None, "symbol", "id"),
)

system_logs = Table(
    "system_logs",
    metadata,
    _id(),
    _time("at"),
    _text("level"),
    _text("event"),
    _text("message"),
    Column("cycle_id", Integer),
    _text("contestant_id", null=True),
    _text("phase", null=True),
    Column("ms", Float),
    Column("data", Json),
    Index(None, "level", "id"),
    Index(None, "contestant_id", "id"),
    Index(None, "at"),
)

seasons = Table(
    "seasons",
    metadata,
    _id(),
    _text("name"),
    _time("started_at"),
    _time("ended_at", null=True),
    Column("rules", Json, nullable=False),
    Column("entries_open", Boolean, nullable=False),
)

contestants = Table(
    "contestants",
    metadata,
    Column("id", Text, primary_key=True),
    _to("season_id", "seasons.id"),
    _text("name"),
    _text("provider"),
    _text("model"),
    Column("color_index", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    _text("state"),
    _time("joined_at"),
    _text("last_outcome", null=True),
    _time("last_outcome_at", null=True),
    _text("last_error", null=True),
    Column("consecutive_failures", Integer, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    _to("contestant_id", "contestants.id", primary=True),
    _to("season_id", "seasons.id"),
    _money("available"),
    _money("initial"),
    Column("trades_opened", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    _time("watched_until", null=True),
    _time("updated_at"),
)

cycles = Table(
    "cycles",
    metadata,
    _id(),
    _to("season_id", "seasons.id"),
    Column("due_at", UtcTime, nullable=False, unique=True),
    _text("kind"),
    _text("state"),
    _text("phase"),
    _time("started_at"),
    _time("finished_at", null=True),
    _text("reason", null=True),
    _text("books_hash", null=True),
    _time("watched_at", null=True),
    _time("watched_until", null=True),
    Column("rules", Json),
    Column("timings", Json),
    Column("pid", Integer, nullable=False),
    Index(None, "state"),
)

snapshots = Table(
    "snapshots",
    metadata,
    _id(),
    Column("cycle_id", ForeignKey("cycles.id"), nullable=False, unique=True),
    _time("taken_at"),
    _text("content_hash"),
    _to("manifest", "blobs.hash"),
)

blobs = Table(
    "blobs",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

prompts = Table(
    "prompts",
    metadata,
    Column("hash", String(64), primary_key=True),
    _text("family"),
    _text("version"),
    _text("text"),
    _time("created_at"),
)

turns = Table(
    "turns",
    metadata,
    _id(),
    _to("cycle_id", "cycles.id"),
    _to("contestant_id", "contestants.id"),
    _text("state"),
    _text("outcome", null=True),
    _text("detail", null=True),
    _time("started_at"),
    _time("settled_at", null=True),
    Column("latency_ms", Integer),
    UniqueConstraint("cycle_id", "contestant_id"),
)

orders = Table(
    "orders",
    metadata,
    _id(),
    _to("contestant_id", "contestants.id"),
    _to("cycle_id", "cycles.id", null=True),
    _to("decision_id", "decisions.id", null=True),
    _text("source"),
    _text("kind"),
    _text("symbol"),
    _text("side", null=True),
    _text("state"),
    _time("created_at"),
    Index(None, "decision_id"),
)

fills = Table(
    "fills",
    metadata,
    _id(),
    _to("contestant_id", "contestants.id"),
    _to("trade_id", "trades.id"),
    _to("order_id", "orders.id"),
    _to("cycle_id", "cycles.id", null=True),
    _text("symbol"),
    _text("side"),
    _text("purpose"),
    *_monies("quantity", "price", "fee", "realised_pnl", "insured"),
    Column("takeover", ExactDecimal, nullable=False, server_default="0"),
    Column("beyond_depth", Boolean, nullable=False),
    Column("parts", Json, nullable=False),
    _time("at"),
    Index(None, "trade_id"),
    Index(None, "order_id"),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    _id(),
    Column("posting", Integer, nullable=False),
    _to("contestant_id", "contestants.id"),
    _to("season_id", "seasons.id"),
    _to("cycle_id", "cycles.id", null=True),
    _to("fill_id", "fills.id", null=True),
    _to("order_id", "orders.id", null=True),
    _text("kind"),
    _text("account"),
    _text("symbol", null=True),
    _money("amount"),
    _time("at"),
    Index(None, "contestant_id", "posting"),
)

# Once per contestant and settlement. Without rate and amount: what was held then is noted, the rate is not published yet. `paid_after` is
# set where the rate came late: payment followed what was judged up to that minute.
funding_payments = Table(
    "funding_payments",
    metadata,
    _id(),
    _to("contestant_id", "contestants.id"),
    _to("trade_id", "trades.id"),
    _to("cycle_id", "cycles.id", null=True),
    _text("symbol"),
    _time("settlement_time"),
    _text("side"),
    _money("quantity"),
    _money("mark"),
    *_monies("rate", "amount", "insured", null=True),
    Column("posting", Integer),
    _time("paid_after", null=True),
    UniqueConstraint("contestant_id", "symbol", "settlement_time"),
    Index(None, "trade_id"),
)

funding_rates = Table(
    "funding_rates",
    metadata,
    Column("symbol", Text, primary_key=True),
    Column("settlement_time", UtcTime, primary_key=True),
    _money("rate"),
    sqlite_with_rowid=False,
)


def _minutes(name: str) -> Table:
    """Closed one-minute bars that positions were judged on."""
    return Table(
        name,
        metadata,
        Column("symbol", Text, primary_key=True),
        Column("open_time", UtcTime, primary_key=True),
        *_monies("open", "high", "low", "close"),
        sqlite_with_rowid=False,
    )


mark_minutes = _minutes("mark_minutes")
last_minutes = _minutes("last_minutes")

equity = Table(
    "equity",
    metadata,
    _id(),
    _to("contestant_id", "contestants.id"),
    _to("season_id", "seasons.id"),
    _time("at"),
    _to("cycle_id", "cycles.id", null=True),
    _text("source"),
    *_monies("equity", "wallet", "unrealised_pnl", "available", "exposure"),
    UniqueConstraint("contestant_id", "at"),
    Index(None, "season_id", "cycle_id"),
)
