"""Whatever is asked of the exchange in whatever order: the books balance and nothing is created or lost."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.engine.exchange import apply
from app.engine.facts import Filled
from app.engine.ledger import LedgerAccount
from app.engine.order_checks import Rules
from app.engine.orders import CloseOrder, OpenOrder, StopsOrder
from app.engine.trades import Purpose, Side
from app.engine.triggers import watch
from tests.engine.markets import NOON, D, account, bar, book, instrument, market

prices = st.integers(500_000, 2_000_000).map(lambda ticks: D(ticks) / 10)
moves = st.sampled_from([D("0.97"), D("0.995"), D("0.999"), D(1), D("1.001"), D("1.005"), D("1.03")])
levels = st.none() | st.decimals("0.5", "1.5", places=3)


class Exchange(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.account = account()
        self.mark = D(100_000)
        self.minute = 0
        self.fills: list[Filled] = []

    def now(self):
        return NOON + timedelta(minutes=self.minute)

    def take(self, outcome):
        self.account = outcome.account
        self.fills += [fact for fact in outcome.facts if isinstance(fact, Filled)]

    def market(self):
        half = D("0.1")
        return market(
            mark=self.mark, books={"BTCUSDT": book(bid=self.mark - half, ask=self.mark + half, size="0.4")}, rules=Rules(max_leverage=125)
        )

    @rule(
        side=st.sampled_from(Side), notional=st.decimals("1", "200000", places=2), leverage=st.integers(-1, 130), stop=levels, profit=levels
    )
    def open(self, side, notional, leverage, stop, profit):
        stops = [None if level is None else level * self.mark for level in (stop, profit)]
        self.take(apply(self.account, self.market(), [OpenOrder("BTCUSDT", side, notional, leverage, *stops)], self.now()))

    @rule(fraction=st.decimals("0.01", "1", places=2))
    def close(self, fraction):
        self.take(apply(self.account, self.market(), [CloseOrder("BTCUSDT", fraction)], self.now()))

    @rule(stop=levels, profit=levels)
    def set_stops(self, stop, profit):
        stops = [None if level is None else level * self.mark for level in (stop, profit)]
        self.take(apply(self.account, self.market(), [StopsOrder("BTCUSDT", *stops)], self.now()))

    @rule(gap=moves, up=moves, down=moves, end=moves)
    def minute_passes(self, gap, up, down, end):
        opened = (self.mark * gap).quantize(D("0.1"))
        path = [opened, *((opened * move).quantize(D("0.1")) for move in (up, down, end))]
        self.minute += 1
        candle = bar(opened, max(path), min(path), path[-1], minute=self.minute)
        before = len(self.fills)
        self.take(watch(self.account, {"BTCUSDT": [candle]}, {"BTCUSDT": instrument()}, Rules()))
        self.mark = path[-1]
        self.minute += 1
        for fill in self.fills[before:]:
            if fill.purpose is Purpose.STOP_LOSS:
                assert candle.low <= fill.price <= candle.high

    @invariant()
    def every_posting_and_so_the_ledger_sums_to_zero(self):
        assert all(sum(entry.amount for entry in fill.posting.entries) == 0 for fill in self.fills)

    @invariant()
    def the_wallet_is_what_the_ledger_says(self):
        moved = sum(
            (fill.posting.total(LedgerAccount.AVAILABLE) + fill.posting.total(LedgerAccount.MARGIN) for fill in self.fills), Decimal(0)
        )
        assert self.account.wallet == 10_000 + moved

    @invariant()
    def equity_is_wallet_plus_unrealised_and_money_is_never_negative(self):
        marks = {"BTCUSDT": self.mark}
        assert self.account.equity(marks) == self.account.wallet + self.account.unrealised_pnl(marks)
        assert self.account.available >= 0
        assert all(held.margin >= 0 and held.quantity > 0 for held in self.account.positions.values())

    @invariant()
    def the_position_is_the_sum_of_its_trades_fills(self):
        for held in self.account.positions.values():
            mine = [fill for fill in self.fills if fill.trade.number == held.trade.number]
            signed = [fill.quantity if fill.purpose in {Purpose.OPEN, Purpose.ADD} else -fill.quantity for fill in mine]
            assert held.quantity == sum(signed)
            assert held.trade.entry_quantity - held.trade.exit_quantity == held.quantity

    @invariant()
    def a_trades_net_result_is_what_the_wallet_gained(self):
        last = {fill.trade.number: fill.trade for fill in self.fills}
        assert self.account.wallet == 10_000 + sum((trade.net_pnl for trade in last.values()), Decimal(0))


Exchange.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestExchange = Exchange.TestCase
