"""Whatever is asked of the exchange, and whatever the market does, in whatever order: the books balance and nothing is created or lost."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.engine.exchange import apply
from app.engine.facts import Filled, FundingPaid, OrderRefused, postings
from app.engine.funding import Settlement
from app.engine.ledger import LedgerAccount
from app.engine.money import ZERO
from app.engine.orders import CloseOrder, FlipOrder, LeverageOrder, MarginOrder, OpenOrder, StopsOrder
from app.engine.placing import Market
from app.engine.rules import MarginMode, Rules, TriggerPrice
from app.engine.trades import Purpose, Side
from app.engine.triggers import watch
from tests.engine.markets import NOON, D, account, bar, book, instrument

SYMBOLS = ("BTCUSDT", "ETHUSDT")
TERMS = {"BTCUSDT": instrument(), "ETHUSDT": instrument("ETHUSDT", lot=D("0.01"), min_quantity=D("0.01"))}
START = {"BTCUSDT": D(100_000), "ETHUSDT": D(4_000)}
ENTRIES = {Purpose.OPEN, Purpose.ADD}
MARKET_EXITS = {Purpose.STOP_LOSS, Purpose.TAKE_PROFIT, Purpose.LIQUIDATION}

symbols = st.sampled_from(SYMBOLS)
sides = st.sampled_from(Side)
notionals = st.decimals("1", "60000", places=2)
leverages = st.integers(-1, 130) | st.sampled_from([1, 5, 20, 50, 100])
moves = st.sampled_from([D("0.93"), D("0.97"), D("0.995"), D("0.999"), D(1), D("1.001"), D("1.005"), D("1.03"), D("1.07")])
levels = st.none() | st.decimals("0.9", "1.1", places=3)
fractions = st.decimals("0.01", "1", places=2)


class Exchange(RuleBasedStateMachine):
    mode = MarginMode.ISOLATED

    @initialize(on_last=st.booleans())
    def start(self, on_last):
        price = TriggerPrice.LAST if on_last else TriggerPrice.MARK
        self.rules = Rules(max_leverage=125, margin_mode=self.mode, trigger_price=price)
        self.account = account()
        self.marks = dict(START)
        self.minute = 0
        self.facts = []
        self.steps = []

    def now(self):
        return NOON + timedelta(minutes=self.minute)

    def take(self, function, *arguments, **named):
        before = len(self.facts)
        outcome = function(self.account, *arguments, **named)
        self.steps.append((function, arguments, named))
        self.account = outcome.account
        self.facts += outcome.facts
        return self.facts[before:]

    def market(self):
        tick = D("0.1")
        books = {
            name: book(bid=mark - tick, ask=mark + tick, size="0.4" if name == "BTCUSDT" else "7", symbol=name)
            for name, mark in self.marks.items()
        }
        return Market(TERMS, dict(self.marks), books, rules=self.rules)

    def place(self, *orders):
        return self.take(apply, self.market(), list(orders), self.now())

    def at_levels(self, symbol, *wanted):
        return [None if level is None else level * self.marks[symbol] for level in wanted]

    @rule(symbol=symbols, side=sides, notional=notionals, leverage=leverages, stop=levels, profit=levels)
    def open_or_add(self, symbol, side, notional, leverage, stop, profit):
        self.place(OpenOrder(symbol, side, notional, leverage, *self.at_levels(symbol, stop, profit)))

    @rule(symbol=symbols, side=sides, fraction=fractions, leverage=leverages)
    def open_by_fraction(self, symbol, side, fraction, leverage):
        self.place(OpenOrder(symbol, side, None, leverage, fraction=fraction))

    @precondition(lambda self: self.account.positions)
    @rule(symbol=symbols, fraction=fractions)
    def reduce(self, symbol, fraction):
        self.place(CloseOrder(symbol, fraction))

    @precondition(lambda self: self.account.positions)
    @rule(symbol=symbols, notional=notionals)
    def reduce_by_notional(self, symbol, notional):
        self.place(CloseOrder(symbol, notional=notional))

    @precondition(lambda self: self.account.positions)
    @rule(symbol=symbols, notional=notionals, leverage=leverages, stop=levels)
    def flip(self, symbol, notional, leverage, stop):
        """A flip comes to what a close and an open come to, where one level holds them both; refused, it changes nothing."""
        held, before = self.account.positions.get(symbol), self.account
        facts = self.place(FlipOrder(symbol, notional, leverage, *self.at_levels(symbol, stop)))
        if held is None or isinstance(facts[0], OrderRefused):
            assert self.account == before
            return
        if len(facts[0].parts) == len(facts[1].parts) == 1 and facts[0].price == facts[0].parts[0].price:
            other = Side.SHORT if held.side is Side.LONG else Side.LONG
            stepwise = [CloseOrder(symbol), OpenOrder(symbol, other, notional, leverage, *self.at_levels(symbol, stop))]
            assert apply(before, self.market(), stepwise, self.now()).account == self.account

    @precondition(lambda self: self.account.positions)
    @rule(symbol=symbols, stop=levels, profit=levels)
    def set_stops(self, symbol, stop, profit):
        self.place(StopsOrder(symbol, *self.at_levels(symbol, stop, profit)))

    @precondition(lambda self: self.account.positions)
    @rule(symbol=symbols, leverage=leverages)
    def change_leverage(self, symbol, leverage):
        self.place(LeverageOrder(symbol, leverage))

    @precondition(lambda self: self.account.positions)
    @rule(symbol=symbols, amount=st.decimals("-3000", "3000", places=2))
    def move_margin(self, symbol, amount):
        self.place(MarginOrder(symbol, amount))

    @rule(gaps=st.tuples(moves, moves), ups=st.tuples(moves, moves), downs=st.tuples(moves, moves), ends=st.tuples(moves, moves))
    def minute_passes(self, gaps, ups, downs, ends):
        self.minute += 1
        bars = {}
        for index, symbol in enumerate(SYMBOLS):
            opened = (self.marks[symbol] * gaps[index]).quantize(D("0.1"))
            path = [opened, *((opened * move[index]).quantize(D("0.1")) for move in (ups, downs, ends))]
            bars[symbol] = bar(opened, max(path), min(path), path[-1], minute=self.minute)
            self.marks[symbol] = path[-1]
        last = {name: [replace(one, high=one.high + 10, low=one.low - 10)] for name, one in bars.items()}
        self.minute += 1
        for fact in self.take(watch, {name: [one] for name, one in bars.items()}, TERMS, self.rules, last=last):
            self.check_exit(fact, bars[fact.symbol], last[fact.symbol][0])
        assert self.account.equity(self.marks) >= 0

    def check_exit(self, fact, mark, last):
        assert fact.purpose in MARKET_EXITS
        if fact.purpose is Purpose.LIQUIDATION and self.mode is MarginMode.ISOLATED:
            closed_at = fact.price + fact.side.sign * fact.takeover / fact.quantity
            assert mark.low - D("0.00001") <= closed_at <= mark.high + D("0.00001")
            return
        seen = last if self.rules.trigger_price is TriggerPrice.LAST and fact.purpose is not Purpose.LIQUIDATION else mark
        assert seen.low <= fact.price <= seen.high

    @rule(symbol=symbols, rate=st.decimals("-0.003", "0.003", places=6), late=st.booleans())
    def funding_is_settled(self, symbol, rate, late):
        self.minute += 1
        at, still = self.now(), {symbol: [bar(*[self.marks[symbol]] * 4, minute=self.minute - 1)]}
        held = self.account.positions.get(symbol)
        if late:
            self.take(watch, still, TERMS, self.rules, settlements=[Settlement(symbol, at, None)])
        paid = [
            one
            for one in self.take(watch, still, TERMS, self.rules, settlements=[Settlement(symbol, at, rate)])
            if isinstance(one, FundingPaid)
        ]
        left = self.account.positions.get(symbol)
        if held is not None and left is not None:
            assert [one.quantity for one in paid] == [left.quantity]
        again = self.take(watch, still, TERMS, self.rules, settlements=[Settlement(symbol, at, rate)])
        assert not [one for one in again if isinstance(one, FundingPaid)]

    @invariant()
    def every_posting_and_so_the_ledger_sums_to_zero(self):
        assert all(sum(entry.amount for entry in one.entries) == 0 for one in postings(self.facts))

    @invariant()
    def the_balances_are_what_the_ledger_says(self):
        done = postings(self.facts)
        assert self.account.available == 10_000 + sum((one.total(LedgerAccount.AVAILABLE) for one in done), ZERO)
        margins = sum((held.margin for held in self.account.positions.values()), ZERO)
        assert margins == sum((one.total(LedgerAccount.MARGIN) for one in done), ZERO)

    @invariant()
    def equity_is_wallet_plus_unrealised_and_never_below_zero(self):
        assert self.account.equity(self.marks) == self.account.wallet + self.account.unrealised_pnl(self.marks)
        assert self.account.equity(self.marks) >= 0
        assert self.account.available >= 0 or self.mode is MarginMode.CROSS
        assert all(held.margin >= 0 and held.quantity > 0 for held in self.account.positions.values())

    @invariant()
    def the_position_is_the_sum_of_its_trades_fills(self):
        for held in self.account.positions.values():
            mine = [one for one in self.facts if isinstance(one, Filled) and one.trade.number == held.trade.number]
            assert held.quantity == sum(one.quantity if one.purpose in ENTRIES else -one.quantity for one in mine)
            assert held.trade.entry_quantity - held.trade.exit_quantity == held.quantity

    @invariant()
    def what_trades_gained_is_what_the_wallet_gained(self):
        done = [one for one in self.facts if isinstance(one, Filled)]
        gained = sum((one.realised_pnl - one.fee + one.insured for one in done), ZERO)
        funded = sum((one.amount + one.insured for one in self.facts if isinstance(one, FundingPaid)), ZERO)
        assert self.account.wallet == 10_000 + gained + funded

    def teardown(self):
        """Played again from the start, the same steps give the same books: nothing depends on anything but its arguments."""
        if not hasattr(self, "steps"):
            return
        again, facts = account(), []
        for function, arguments, named in self.steps:
            outcome = function(again, *arguments, **named)
            again = outcome.account
            facts += outcome.facts
        assert (again, facts) == (self.account, self.facts)


class CrossExchange(Exchange):
    mode = MarginMode.CROSS


PLENTY = settings(max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Exchange.TestCase.settings = PLENTY
CrossExchange.TestCase.settings = PLENTY
TestExchange = Exchange.TestCase
TestCrossExchange = CrossExchange.TestCase
