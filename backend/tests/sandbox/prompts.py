"""Prompts as the arena writes them, made of the few figures that scripted traders look at."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from app.agents import alpha_arena_s1_v1, tiltyard_v1
from app.agents.account_figures import AccountFigures, PositionFigures
from app.agents.market_figures import CoinFigures, Gauges, MarketFigures, Series, UnusableCoin
from app.agents.scene import Scene
from app.engine.market import Snapshot, SymbolView
from app.engine.rules import Rules
from tests.engine.markets import instrument

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
TICK = Decimal("0.01")
SHUT = UnusableCoin("", "its price is 95 s old")


def coin(last, drift=0.0):
    """A symbol whose last 10 closes rise by `drift` percent a bar up to `last`."""
    closes = tuple(Decimal(f"{last * (1 - drift / 100) ** back:.2f}") for back in range(9, -1, -1))
    rsi = min(max(50.0 + 40 * drift, 0.0), 100.0)
    near = Series(closes, (None,) * 9 + (0.0,), (None,) * 9 + (rsi,), (None,) * 9 + (last * (1 - drift / 20),), (None,) * 9 + (rsi,))
    gauges = Gauges(None, last * (1 - drift / 10), None, last * 0.002, 1.0, 1.0, drift)
    mark = Decimal(f"{last:.2f}")
    return CoinFigures("", TICK, mark, near, Series((), (), ()), gauges, gauges, mark=mark)


def position(symbol, side="long", gain=0.0, notional=1000.0):
    size, pnl = Decimal(f"{notional:.2f}"), Decimal(f"{gain * notional:.2f}")
    return PositionFigures(symbol, side, Decimal(10), Decimal(100), 5, TICK, notional=size, pnl=pnl)


def prompt(coins, positions=(), *, language="en", available="10000", entries_open=True, max_leverage=20, template="tiltyard"):
    """Everything that is sent, system text first."""
    scene = Scene(1, snapshot(coins), Rules(max_leverage=max_leverage), 5)
    market = MarketFigures(NOON, tuple(replace(one, symbol=symbol) for symbol, one in coins.items()))
    account = AccountFigures(
        1, NOON, 5, 1, Decimal(10_000), Decimal(10_000), Decimal(available), None, tuple(positions), entries_open=entries_open
    )
    if template == "alpha-arena-s1":
        return "\n".join(
            (alpha_arena_s1_v1.system(scene, "en"), alpha_arena_s1_v1.market_text(market) + alpha_arena_s1_v1.account_text(account))
        )
    user = tiltyard_v1.market_text(market, language) + tiltyard_v1.account_text(account, language)
    return f"{tiltyard_v1.system(scene, language)}\n{user}"


def snapshot(coins):
    views = {symbol: SymbolView(instrument(symbol, tick=TICK, lot=Decimal("0.001")), None) for symbol in coins}
    return Snapshot(NOON, "sandbox", views)
