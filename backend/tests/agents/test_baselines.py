"""Baselines think nothing, but they are contestants: their replies are read and filled like any, and the same turn gives the same reply."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.agents.baselines import (
    ACTIONS_MAX,
    CHANCE,
    LOOKBACK_BARS,
    MOMENTUM_LEVERAGE,
    RANDOM_LEVERAGES,
    RANDOM_STOP,
    RANDOM_TARGET,
    RANGE_BARS,
    TITLES,
    Baseline,
    decide,
    describe,
)
from app.agents.reading import Shown, Spoken, Verdict
from app.agents.scene import ClosedTrade, Scene, Seat
from app.agents.tiltyard_reply import read_tiltyard
from app.engine.books import Book, Level
from app.engine.exchange import Market, apply
from app.engine.facts import OrderRefused, fills
from app.engine.market import Candle, Quote, Snapshot, SymbolView, Timeframe
from app.engine.positions import Account
from app.engine.rules import MarginMode, Rules
from app.engine.trades import Side
from app.engine.triggers import watch
from tests.engine.markets import NOON, instrument

D = Decimal
COINS = {"BTCUSDT": "100000", "ETHUSDT": "4000", "XRPUSDT": "2.5"}
TERMS = {
    "BTCUSDT": instrument(),
    "ETHUSDT": instrument("ETHUSDT", tick=D("0.01"), lot=D("0.01"), min_quantity=D("0.01"), max_market_quantity=D(4000)),
    "XRPUSDT": instrument("XRPUSDT", tick=D("0.0001"), lot=D(1), min_quantity=D(1), max_market_quantity=D(2_000_000)),
    "PEPEUSDT": instrument("PEPEUSDT", tick=D("0.0000001"), lot=D(100), min_quantity=D(100), max_market_quantity=None),
}
CYCLE = timedelta(minutes=5)


def rising(last="100000", step="100", bars=60, now=NOON):
    """4h bars that climb by `step` to `last`; the newest has just closed."""
    width = Timeframe.FOUR_HOURS.width
    closes = [D(last) - D(step) * back for back in reversed(range(bars))]
    opens = [now - width * (bars - number) for number in range(bars)]
    spread = D(last) / 100
    return tuple(Candle(at, close, close + spread, close - spread, close, D(1)) for at, close in zip(opens, closes, strict=True))


def view(symbol, mark, *, unusable=None, bars=()):
    tick, price = TERMS[symbol].tick, D(mark)
    quote = Quote(symbol, NOON, price, price, bid=price - tick, ask=price + tick)
    return SymbolView(TERMS[symbol], quote, candles_4h=bars, unusable=unusable)


def scene(marks=COINS, *, unusable=(), bars=None, at=NOON, rules=None, number=1):
    views = {
        symbol: view(symbol, mark, unusable="no sound price" if symbol in unusable else None, bars=(bars or {}).get(symbol, ()))
        for symbol, mark in marks.items()
    }
    return Scene(number, Snapshot(at, "test", views), rules or Rules(), 5)


def seat(account=None, *, closed=(), close_only=False):
    return Seat(account or Account("dice", D(10_000)), D(10_000), NOON, 1, closed=closed, close_only=close_only)


def trade(symbol="BTCUSDT", *, reason="stop_loss", at=NOON, side="long"):
    return ClosedTrade(symbol, side, 2, at, at, D(1), D(1), D(1), D(0), D(0), D(0), reason)


def wanted(baseline, scene, seat, seed=1):
    return json.loads(decide(baseline, scene, seat, seed))["actions"]


def shown(scene, account):
    ticks = {symbol: one.instrument.tick for symbol, one in scene.snapshot.symbols.items()}
    spreads = {symbol: 2 * tick for symbol, tick in ticks.items()}
    held = {symbol: position.side for symbol, position in account.positions.items()}
    return Shown(scene.snapshot.taken_at, scene.snapshot.marks, ticks, scene.rules.max_leverage, held, spreads)


@dataclass
class Player:
    """A baseline that plays on: what its replies do is filled and watched by the engine."""

    baseline: Baseline
    seed: int = 1
    account: Account = field(default_factory=lambda: Account("dice", D(10_000)))
    closed: list = field(default_factory=list)
    said: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    verdicts: set = field(default_factory=set)

    def play(self, scene, *, close_only=False, fill_move=1):
        """One turn; the books stand `fill_move` times the prices that were shown."""
        at, marks = scene.snapshot.taken_at, scene.snapshot.marks
        bars = {symbol: [Candle(at, mark, mark, mark, mark, D(0))] for symbol, mark in marks.items() if symbol in self.account.positions}
        if bars:
            self._note(watch(self.account, bars, scene.snapshot.instruments, scene.rules, timedelta(0)), at)
        text = decide(self.baseline, scene, seat(self.account, closed=tuple(self.closed), close_only=close_only), self.seed)
        reading = read_tiltyard(Spoken(text), shown(scene, self.account))
        self.said.append(text)
        self.verdicts.add(reading.verdict)
        assert reading.notes == (), text
        moved = {symbol: mark * fill_move for symbol, mark in marks.items()}
        books = {symbol: book(scene.snapshot.instruments[symbol], mark, at) for symbol, mark in moved.items()}
        market = Market(scene.snapshot.instruments, moved, books, rules=scene.rules)
        orders = [decision.order for decision in reading.decisions if decision.order is not None]
        self._note(apply(self.account, market, orders, at), at)

    def _note(self, outcome, at):
        self.refused += [fact.refused for fact in outcome.facts if isinstance(fact, OrderRefused)]
        for fill in fills(outcome.facts):
            if fill.trade.closed_at is not None:
                self.closed.append(trade(fill.symbol, reason=fill.purpose.value, at=at, side=fill.side.value))
        self.account = outcome.account


def book(terms, mark, at):
    size = D(1_000_000) / mark
    bids = tuple(Level(mark - terms.tick * step, size) for step in (1, 2, 3))
    asks = tuple(Level(mark + terms.tick * step, size) for step in (1, 2, 3))
    return Book(terms.symbol, at, bids, asks)


def test_cash_never_wants_anything():
    assert wanted(Baseline.CASH, scene(), seat()) == []


def test_buy_and_hold_puts_all_it_has_into_bitcoin_less_fee_and_spare():
    (only,) = wanted(Baseline.BUY_AND_HOLD, scene(), seat())
    assert (only["action"], only["symbol"], only["leverage"], only["stop_loss"]) == ("open_long", "BTCUSDT", 1, None)
    assert 9_890 < only["notional_usdt"] < 9_900


def test_buy_and_hold_never_buys_again_once_it_has_traded():
    player = Player(Baseline.BUY_AND_HOLD)
    for number in range(4):
        player.play(scene(at=NOON + CYCLE * number))
    assert player.account.trades_opened == 1
    sold = Account("dice", D(9_000), trades_opened=1)
    assert wanted(Baseline.BUY_AND_HOLD, scene(), seat(sold)) == []


def test_buy_and_hold_tries_again_when_its_order_was_not_filled():
    shown_again = scene(at=NOON + CYCLE)
    assert wanted(Baseline.BUY_AND_HOLD, shown_again, seat()) == wanted(Baseline.BUY_AND_HOLD, scene(), seat())


def test_equal_weight_buys_every_symbol_once_with_an_equal_part():
    player = Player(Baseline.EQUAL_WEIGHT)
    player.play(scene())
    player.play(scene(at=NOON + CYCLE))
    margins = {symbol: position.margin for symbol, position in player.account.positions.items()}
    assert set(margins) == set(COINS)
    assert max(margins.values()) - min(margins.values()) < 45, "a lot of Ether at most"
    assert player.account.trades_opened == 3


def test_a_symbol_without_a_price_is_bought_later_from_its_own_part():
    player = Player(Baseline.EQUAL_WEIGHT)
    player.play(scene(unusable={"ETHUSDT"}))
    assert player.account.available > D(3_300)
    player.play(scene(at=NOON + CYCLE))
    assert set(player.account.positions) == set(COINS)
    assert D(3_200) < player.account.positions["ETHUSDT"].margin < D(3_334)
    assert player.refused == []


def test_equal_weight_does_not_replace_what_the_operator_closed():
    closed_by_hand = Account("dice", D(9_000), trades_opened=3)
    assert wanted(Baseline.EQUAL_WEIGHT, scene(), seat(closed_by_hand, closed=[trade(symbol, reason="close") for symbol in COINS])) == []
    assert wanted(Baseline.EQUAL_WEIGHT, scene(), seat(closed_by_hand)) == [], "what is forgotten may be any symbol's"


def test_the_same_seed_rolls_the_same_dice_and_another_seed_others():
    scenes = [scene(at=NOON + CYCLE * number) for number in range(200)]
    first, again, other = Player(Baseline.RANDOM), Player(Baseline.RANDOM), Player(Baseline.RANDOM, seed=2)
    for one in scenes:
        for player in (first, other, again):
            player.play(one)
    assert first.said == again.said
    assert first.said != other.said
    assert first.account.trades_opened > 3


def test_dice_depend_on_the_minute_and_the_contestant_alone():
    at = next(one for one in (scene(at=NOON + CYCLE * number) for number in range(200)) if wanted(Baseline.RANDOM, one, seat()))
    later = replace(at, snapshot=replace(at.snapshot, taken_at=at.snapshot.taken_at + timedelta(seconds=3)))
    assert wanted(Baseline.RANDOM, later, seat()) == wanted(Baseline.RANDOM, at, seat())
    assert decide(Baseline.RANDOM, replace(at, cycle_number=99), seat(), 1) == decide(Baseline.RANDOM, at, seat(), 1)
    twin = Account("twin", D(10_000))
    many = [scene(at=NOON + CYCLE * number) for number in range(200)]
    assert [wanted(Baseline.RANDOM, one, seat(twin)) for one in many] != [wanted(Baseline.RANDOM, one, seat()) for one in many]


def test_random_opens_about_as_often_as_it_says():
    opened = sum(len(wanted(Baseline.RANDOM, scene(at=NOON + CYCLE * number), seat())) for number in range(1000))
    assert 40 <= opened <= 80, "2 % of 3,000"


@pytest.mark.parametrize(("step", "side"), [("100", "open_long"), ("-100", "open_short")])
def test_momentum_goes_with_the_move_of_seven_days_behind_a_stop(step, side):
    (only,) = wanted(Baseline.MOMENTUM, scene({"BTCUSDT": "100000"}, bars={"BTCUSDT": rising(step=step)}), seat())
    assert (only["action"], only["leverage"]) == (side, 2)
    distance = abs(only["stop_loss"] - 100_000)
    assert 6_000 <= distance <= 6_400, "three ranges of about 2 % of the price"
    assert (only["stop_loss"] < 100_000) is (side == "open_long")


def test_momentum_is_flat_without_enough_bars_and_without_a_move():
    assert wanted(Baseline.MOMENTUM, scene({"BTCUSDT": "100000"}, bars={"BTCUSDT": rising(bars=42)}), seat()) == []
    assert wanted(Baseline.MOMENTUM, scene({"BTCUSDT": "100000"}, bars={"BTCUSDT": rising(step="0")}), seat()) == []


def test_momentum_closes_when_the_move_turns_and_goes_the_other_way_in_the_next_cycle():
    player = Player(Baseline.MOMENTUM)
    sides = []
    for number, step in enumerate(["100", "100", "-100", "-100"]):
        player.play(scene({"BTCUSDT": "100000"}, bars={"BTCUSDT": rising(step=step)}, at=NOON + CYCLE * number))
        sides.append([position.side for position in player.account.positions.values()])
    assert sides == [[Side.LONG], [Side.LONG], [], [Side.SHORT]]


def test_momentum_waits_for_the_next_bar_after_a_stop():
    stopped, bars = trade(at=NOON + CYCLE), {"BTCUSDT": rising()}
    after = seat(Account("dice", D(9_000), trades_opened=1), closed=[stopped])
    assert wanted(Baseline.MOMENTUM, scene({"BTCUSDT": "100000"}, bars=bars, at=NOON + 2 * CYCLE), after) == []
    later = NOON + Timeframe.FOUR_HOURS.width
    assert len(wanted(Baseline.MOMENTUM, scene({"BTCUSDT": "100000"}, bars={"BTCUSDT": rising(now=later)}, at=later), after)) == 1


@pytest.mark.parametrize("baseline", Baseline)
def test_who_may_only_close_asks_for_nothing_else(baseline):
    bars = {symbol: rising(mark, "0.001") for symbol, mark in COINS.items()}
    for number in range(100):
        at = NOON + CYCLE * number
        shut = (scene(at=at, bars=bars, rules=Rules(entries_open=False)), seat()), (scene(at=at, bars=bars), seat(close_only=True))
        assert all(wanted(baseline, *one) == [] for one in shut)


@pytest.mark.parametrize("baseline", Baseline)
def test_a_symbol_without_a_sound_price_is_left_alone(baseline):
    bars = {symbol: rising(mark, "-0.001") for symbol, mark in COINS.items()}
    player = Player(baseline)
    for number in range(60):
        player.play(scene(at=NOON + CYCLE * number, bars=bars))
    for number in range(60, 160):
        actions = wanted(baseline, scene(at=NOON + CYCLE * number, unusable=set(COINS)), seat(player.account))
        assert actions == []


@pytest.mark.parametrize("baseline", [Baseline.BUY_AND_HOLD, Baseline.EQUAL_WEIGHT, Baseline.MOMENTUM])
def test_too_little_money_for_the_smallest_order_means_hold(baseline):
    bars = {symbol: rising(mark, "0.001") for symbol, mark in COINS.items()}
    poor = Seat(Account("dice", D(4)), D(4), NOON, 1)
    assert wanted(baseline, scene(bars=bars), poor) == []


def test_a_reply_never_holds_more_actions_than_may_be_asked():
    symbols = {f"C{number}USDT": "10" for number in range(20)}
    terms = {symbol: instrument(symbol, tick=D("0.01"), lot=D(1), min_quantity=D(1)) for symbol in symbols}
    views = {symbol: SymbolView(terms[symbol], Quote(symbol, NOON, D(10), D(10))) for symbol in symbols}
    crowd = Scene(1, Snapshot(NOON, "test", views), Rules(), 5)
    assert len(wanted(Baseline.EQUAL_WEIGHT, crowd, seat())) == ACTIONS_MAX


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_baseline_is_described_in_words_and_has_a_title(language):
    assert len({describe(one, language) for one in Baseline}) == len(TITLES) == len(Baseline)


def test_the_words_say_the_numbers_of_the_rules():
    dice, trend = describe(Baseline.RANDOM, "en"), describe(Baseline.MOMENTUM, "en")
    assert [f"{share * 100:.0f} %" in dice for share in (CHANCE, RANDOM_STOP, RANDOM_TARGET)] == [True] * 3
    assert f"{RANDOM_LEVERAGES[0]}x to {RANDOM_LEVERAGES[-1]}x" in dice
    assert f"the bar {LOOKBACK_BARS} before" in trend
    assert f"{MOMENTUM_LEVERAGE}x on" in trend
    assert f"of {RANGE_BARS} 4h bars" in trend


marks = st.fixed_dictionaries(
    {
        "BTCUSDT": st.integers(20_000, 2_000_000).map(lambda value: D(value) / 10),
        "ETHUSDT": st.integers(50_000, 900_000).map(lambda value: D(value) / 100),
        "XRPUSDT": st.integers(1_000, 90_000).map(lambda value: D(value) / 10_000),
        "PEPEUSDT": st.integers(500, 90_000).map(lambda value: D(value) / 10_000_000),
    }
)
steps = st.lists(
    st.tuples(st.integers(-40, 40), st.integers(-9, 9), st.sets(st.sampled_from(sorted(TERMS)), max_size=2)), min_size=6, max_size=25
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    baseline=st.sampled_from(Baseline),
    start=marks,
    steps=steps,
    seed=st.integers(0, 2**31),
    mode=st.sampled_from(MarginMode),
    cap=st.integers(1, 20),
    capital=st.sampled_from([D(20), D(1_000), D(10_000), D(1_000_000)]),
)
def test_whatever_the_market_every_reply_is_accepted_as_written_and_the_exchange_carries_it_out(
    baseline, start, steps, seed, mode, cap, capital
):
    player, prices = Player(baseline, seed, Account("dice", capital)), start
    for number, (permille, fill_permille, unusable) in enumerate(steps):
        prices = {
            symbol: max(TERMS[symbol].tick * 2, (price * (1000 + permille) / 1000).quantize(TERMS[symbol].tick))
            for symbol, price in prices.items()
        }
        bars = {symbol: rising(price, price * (permille % 3 - 1) / 200) for symbol, price in prices.items()}
        rules = Rules(max_leverage=cap, margin_mode=mode)
        player.play(
            scene(prices, unusable=unusable, bars=bars, at=NOON + CYCLE * number, rules=rules), fill_move=1 + D(fill_permille) / 1000
        )
    assert player.verdicts <= {Verdict.ACCEPT, Verdict.ACCEPT_AS_HOLD}
    assert player.refused == []
