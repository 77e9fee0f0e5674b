"""The baseline accounts of the season: simple rules over closed bars, whole numbers only, so that they decide the same on any machine.

A rule sees the closes so far and its own account, and returns orders. Together the players meet everything the exchange can do to them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from app.engine.orders import CloseOrder, FlipOrder, LeverageOrder, MarginOrder, OpenOrder, StopsOrder
from app.engine.positions import Account
from app.engine.rules import MarginMode, Rules
from app.engine.trades import Purpose, Side, Trade
from tests.golden.tape import Tape

BTC, ETH, SOL, BNB, XRP, DOGE = SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT")
HOUR = 60
D = Decimal


@dataclass(frozen=True, slots=True)
class View:
    """What a player may look at: bars up to `closed` (the last closed one), its account, its closed trades, how often it was asked."""

    tape: Tape
    closed: int
    account: Account
    trades: tuple[Trade, ...]
    turn: int

    def price(self, symbol):
        return self.tape.bar(symbol, self.closed).close

    def change(self, symbol, minutes):
        """How far the price has come, in hundredths of a percent, rounded down."""
        close = self.tape.minutes[symbol].close
        before = int(close[max(0, self.closed - minutes)])
        return (int(close[self.closed]) - before) * 10_000 // before

    def against_mean(self, symbol, minutes):
        """How far the price lies from its mean, in hundredths of a percent, rounded down."""
        close = self.tape.minutes[symbol].close[max(0, self.closed - minutes) : self.closed + 1]
        total, count = int(close.sum()), len(close)
        return (int(close[-1]) * count - total) * 10_000 // total

    def held(self, symbol):
        return self.account.positions.get(symbol)

    def levels(self, symbol, side, stop, target):
        """(stop loss, take profit) at so many hundredths of a percent from the price."""
        price = self.price(symbol)
        return price * (1 - side.sign * D(stop) / 10_000), price * (1 + side.sign * D(target) / 10_000)


@dataclass(frozen=True, slots=True)
class Player:
    """A rule, how often it is asked (minutes), under which rules, how long after the minute it is filled, and whether it gets rates late."""

    name: str
    every: int
    rule: Callable[[View], list]
    rules: Rules = field(default_factory=Rules)
    delay_seconds: int = 0
    late_rates: bool = False


def side_of(number):
    return Side.LONG if number > 0 else Side.SHORT


def buy_and_hold(view):
    return [OpenOrder(BTC, Side.LONG, None, 1, fraction=D(1))] if view.turn == 0 else []


def equal_weight(view):
    """All six at 1x; once a day what is off by more than a twentieth is brought back."""
    if view.turn == 0:
        return [OpenOrder(name, Side.LONG, D(1500), 1) for name in SYMBOLS]
    orders = []
    for name in SYMBOLS:
        excess = view.held(name).notional(view.price(name)) - 1500
        if excess > 75:
            orders.append(CloseOrder(name, None, notional=excess))
        if excess < -75:
            orders.append(OpenOrder(name, Side.LONG, -excess, 1))
    return orders


def momentum(view):
    """Goes with four hours of movement, turning round in one order."""
    orders = []
    for name in SYMBOLS:
        change, held = view.change(name, 4 * HOUR), view.held(name)
        if abs(change) < 80:
            continue
        side = side_of(change)
        stop, target = view.levels(name, side, 300, 700)
        if held is None:
            orders.append(OpenOrder(name, side, D(1500), 5, stop, target))
        elif held.side is not side:
            orders.append(FlipOrder(name, D(1500), 5, stop, target))
    return orders


def mean_reversion(view):
    """Goes against what is far from its mean, and leaves when it is back."""
    orders = []
    for name in SYMBOLS:
        off, held = view.against_mean(name, 6 * HOUR), view.held(name)
        if held is not None and held.side.sign * off >= 0:
            orders.append(CloseOrder(name))
        elif held is None and abs(off) >= 120:
            side = side_of(-off)
            orders.append(OpenOrder(name, side, D(2500), 10, *view.levels(name, side, 180, 140)))
    return orders


def martingale(view):
    """Doubles the stake after each loss, at the limit of leverage, without a stop: what it can't win back it loses to liquidations."""
    name = (SOL, DOGE, ETH)[view.turn % 3]
    if view.account.positions:
        return []
    lost = 0
    for trade in reversed(view.trades):
        if trade.net_pnl >= 0:
            break
        lost += 1
    side = side_of(view.change(name, 30) or 1)
    target = view.price(name) * (1 + side.sign * D("0.012"))
    return [OpenOrder(name, side, D(2000) * 2 ** min(lost, 4), 20, None, target)]


def scalper(first, second, stop, target, notional):
    def rule(view):
        orders = []
        for name in (first, second):
            change = view.change(name, 15)
            if view.held(name) is None and abs(change) >= 25:
                side = side_of(change)
                orders.append(OpenOrder(name, side, notional, 20, *view.levels(name, side, stop, target)))
        return orders

    return rule


def flipper(view):
    """Always in ETH, on the other side whenever two hours point there."""
    held, side = view.held(ETH), side_of(view.change(ETH, 2 * HOUR) or 1)
    if held is None:
        return [OpenOrder(ETH, side, None, 3, fraction=D("0.5"))]
    return [FlipOrder(ETH, D(6000), 3)] if held.side is not side else []


def cross_pairs(view):
    """Cross margin: each coin on the side of its last twelve hours, the whole balance behind all, stops on every second."""
    orders = []
    for place, name in enumerate(SYMBOLS):
        side = side_of(view.change(name, 12 * HOUR) or 1)
        held = view.held(name)
        if held is None:
            levels = view.levels(name, side, 150, 400) if place % 2 else (None, None)
            orders.append(OpenOrder(name, side, None, 20, *levels, fraction=D("0.08")))
        elif held.side is not side and place % 3 == view.turn % 3:
            orders.append(CloseOrder(name, D("0.6") if view.turn % 2 else D(1)))
    return orders


def cross_all_in(view):
    """Cross margin at the limit, everything against the last day of the market, more of it each time: the dip that goes on ends it."""
    side = side_of(-view.change(BTC, 24 * HOUR) or 1)
    if any(held.side is not side for held in view.account.positions.values()):
        return [CloseOrder(name) for name in view.account.positions]
    return [OpenOrder(name, side, None, 20, fraction=D("0.3")) for name in (ETH, SOL, XRP)]


def funding_collector(view):
    """Holds the side that the last rate paid."""
    orders = []
    at = view.tape.bar(BTC, view.closed).open_time
    rates = {one.symbol: one.rate for one in view.tape.settlements if one.at <= at}
    for name in SYMBOLS:
        side, held = side_of(-rates.get(name, D(1)) or 1), view.held(name)
        if held is None:
            orders.append(OpenOrder(name, side, D(1400), 2))
        elif held.side is not side:
            orders.append(FlipOrder(name, D(1400), 2))
    return orders


def mover(view):
    """Moves leverage, margin and stops of what it holds, round and round."""
    orders = []
    for place, name in enumerate((BTC, BNB, XRP)):
        held = view.held(name)
        if held is None:
            side = side_of(-view.change(name, 8 * HOUR) or 1)
            orders.append(OpenOrder(name, side, D(3000), 20))
            continue
        match (view.turn + place) % 6:
            case 0:
                orders.append(LeverageOrder(name, 20 if held.leverage < 20 else 12))
            case 1:
                orders.append(MarginOrder(name, D("40.25")))
            case 2:
                orders.append(MarginOrder(name, D("-40.25")))
            case 3:
                orders.append(StopsOrder(name, *view.levels(name, held.side, 250, 500)))
            case 4:
                orders.append(OpenOrder(name, held.side, D(400), held.leverage + 1 if held.leverage < 20 else 15))
            case _:
                orders.append(StopsOrder(name, None, None))
    return orders


def careless(view):
    """Asks for what is not to be had, and in between for something that is."""
    price = view.price(BTC)
    wrong = (
        OpenOrder("PEPEUSDT", Side.LONG, D(100), 2),
        OpenOrder(BTC, Side.LONG, D(1000), 50),
        OpenOrder(BTC, Side.LONG, D(1000), 0),
        OpenOrder(BTC, Side.LONG, D("NaN"), 2),
        OpenOrder(BTC, Side.LONG, D(3), 2),
        OpenOrder(BTC, Side.LONG, D(20), 2),
        OpenOrder(BTC, Side.SHORT, D(1000), 2, price * D("0.9")),
        OpenOrder(BTC, Side.LONG, D(1000), 2, None, price * D("0.9")),
        OpenOrder(ETH, Side.LONG, D(400_000), 20),
        OpenOrder(DOGE, Side.LONG, D(2_900_000), 20),
        CloseOrder(SOL),
        CloseOrder(SOL, D("0.0000001")),
        OpenOrder(SOL, Side.LONG, D(600), 6),
        OpenOrder(SOL, Side.SHORT, D(600), 6),
        MarginOrder(SOL, D(-5)),
        LeverageOrder(SOL, 21),
        StopsOrder(SOL, D("Infinity"), None),
    )
    return [wrong[(view.turn * 3 + step) % len(wrong)] for step in range(3)]


CROSS = Rules(margin_mode=MarginMode.CROSS)

PLAYERS = (
    Player("buy-and-hold", 240, buy_and_hold),
    Player("equal-weight", 240, equal_weight),
    Player("momentum", 60, momentum, delay_seconds=20),
    Player("mean-reversion", 15, mean_reversion),
    Player("martingale", 30, martingale, delay_seconds=45),
    Player("scalper-wide", 10, scalper(XRP, DOGE, 45, 60, D(1200)), delay_seconds=3),
    Player("scalper-tight", 5, scalper(SOL, ETH, 8, 12, D(600)), delay_seconds=30),
    Player("flipper", 120, flipper, delay_seconds=8),
    Player("cross-pairs", 240, cross_pairs, CROSS),
    Player("cross-all-in", 240, cross_all_in, CROSS, delay_seconds=10),
    Player("funding-collector", 240, funding_collector, late_rates=True),
    Player("mover", 120, mover),
    Player("careless", 180, careless),
)

EXITS = frozenset({Purpose.STOP_LOSS, Purpose.TAKE_PROFIT, Purpose.LIQUIDATION})
