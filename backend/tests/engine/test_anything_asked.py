"""Whatever numbers an order holds, it is carried out or refused by name: nothing raises, and a refusal changes nothing."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.engine.exchange import apply
from app.engine.facts import OrderRefused
from app.engine.orders import CloseOrder, FlipOrder, LeverageOrder, MarginOrder, OpenOrder, StopsOrder
from app.engine.rules import MarginMode, Rules
from app.engine.trades import Side
from tests.engine.markets import NOON, D, holder, holding, market

anything = st.decimals(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [D("1e40"), D("-1e40"), D("1e6000"), D("1e-6000"), D("sNaN"), D("-0"), D("1e15"), D("1.000000000000001e15"), D("9" * 60)]
)
perhaps = st.none() | anything
symbols = st.sampled_from(["BTCUSDT", "ETHUSDT", "", "比特币", "BTCUSDT'; DROP TABLE trades; --"])
leverages = st.integers() | st.sampled_from([10**40, -(10**40), 0, 1, 20])
orders = (
    st.builds(OpenOrder, symbols, st.sampled_from(Side), perhaps, leverages, perhaps, perhaps, fraction=perhaps)
    | st.builds(CloseOrder, symbols, perhaps, notional=perhaps)
    | st.builds(FlipOrder, symbols, anything, leverages, perhaps, perhaps)
    | st.builds(StopsOrder, symbols, perhaps, perhaps)
    | st.builds(LeverageOrder, symbols, leverages)
    | st.builds(MarginOrder, symbols, anything)
)


@settings(max_examples=400, deadline=None)
@given(orders, st.sampled_from(MarginMode))
@example(OpenOrder("BTCUSDT", Side.LONG, D("1e40"), 1), MarginMode.ISOLATED)
@example(StopsOrder("BTCUSDT", D("1e40"), None), MarginMode.ISOLATED)
@example(MarginOrder("BTCUSDT", D("1e40")), MarginMode.ISOLATED)
@example(CloseOrder("BTCUSDT", None, notional=D("1e40")), MarginMode.ISOLATED)
def test_no_number_in_an_order_raises_and_a_refusal_changes_nothing(order, mode):
    before = holder(holding(stop="95000"))
    outcome = apply(before, market(rules=Rules(margin_mode=mode)), [order], NOON)
    assert outcome.facts
    if isinstance(outcome.facts[0], OrderRefused):
        assert outcome.account == before
        assert outcome.facts[0].refused.message
    assert outcome.account.equity({"BTCUSDT": D(100_000)}) <= before.equity({"BTCUSDT": D(100_000)})
