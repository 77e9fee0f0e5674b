"""Random small tapes for property tests: prices that jump, levels near them, leverage up to the limit, funding that hurts."""

import pyarrow as pa
from hypothesis import strategies as st

from app.engine.instruments import LeverageTier
from app.engine.rules import Rules, TriggerPrice
from tests.engine.markets import D
from tests.replay.tapes import candles, decision, decisions, funding, terms

SYMBOLS = ("BTCUSDT", "ETHUSDT")
TIERS = (LeverageTier(1, D(0), D(2_000), 50, D("0.004")), LeverageTier(2, D(2_000), D(100_000), 10, D("0.02")))


@st.composite
def price_bars(draw, count):
    """Bars whose prices are tenths; now and then one opens away from the last close."""
    price, bars = 1000, []
    for _ in range(count):
        opened = max(50, price + draw(st.sampled_from([0, 0, 0, 0, 1, -1, 30, -30, 90, -90])))
        close = max(50, opened + draw(st.integers(-40, 40)))
        low = max(10, min(opened, close) - draw(st.integers(0, 25)))
        bars.append(tuple(value / 10 for value in (opened, max(opened, close) + draw(st.integers(0, 25)), low, close)))
        price = close
    return bars


def level(draw, price, *, above, wild):
    """An exit level near a price or far from it, sometimes absent; in a wild tape also off tick or on the wrong side."""
    distance = draw(st.sampled_from([1.0, 2.5, 4.0, 15.0, 40.0, None, *([0.013, 3.33, -2.0] if wild else [])]))
    return None if distance is None else round(price + (distance if above else -distance), 3)


@st.composite
def row(draw, bars, *, wild):
    """One decision. Tame rows ask for what is mostly allowed."""
    symbol, at = draw(st.sampled_from(SYMBOLS)), draw(st.integers(1, len(bars["BTCUSDT"])))
    action = draw(st.sampled_from(["open_long", "open_short", "close"]))
    price, long = bars[symbol][at - 1][3], action == "open_long"
    return decision(
        action,
        at,
        account=draw(st.integers(1, 2)),
        symbol=symbol,
        notional=draw(st.sampled_from([400.0, 700.5, 1000.0, *([3.0, 5000.0, 60_000.0, -5.0] if wild else [])])),
        leverage=draw(st.sampled_from([3, 5, 10, *([1, 50, 60, 0] if wild else [])])),
        stop=level(draw, price, above=not long, wild=wild),
        target=level(draw, price, above=long, wild=wild),
    )


def listed(found):
    """The decisions as a tape may list them: no two closes or opens of a symbol at once, by account, symbol and time."""
    kept = {}
    for one in found:
        kept.setdefault((one["account"], one["symbol"], one["time_ms"], one["action"] == "close"), one)
    return decisions(*sorted(kept.values(), key=lambda one: (one["account"], one["symbol"], one["time_ms"])))


@st.composite
def tapes(draw):
    """Keyword arguments of `replay`, its lane apart."""
    count, wild = draw(st.integers(5, 40)), draw(st.booleans())
    bars = {symbol: draw(price_bars(count)) for symbol in SYMBOLS}
    found = draw(st.lists(row(bars, wild=wild), min_size=4, max_size=25))
    instants = st.tuples(st.sampled_from(SYMBOLS), st.integers(1, count))
    rates = st.integers(-400, 400).map(lambda bps: bps / (5_000 if wild else 1_000_000))
    settled = sorted(draw(st.dictionaries(instants, rates, max_size=8)).items())
    tape = funding(*((symbol, at, rate) for (symbol, at), rate in settled)) if settled else None
    rules = Rules(
        max_leverage=draw(st.sampled_from([50, 50, 5])),
        slippage=D(draw(st.sampled_from(["0", "0.0005", "0.01"]))),
        trigger_price=draw(st.sampled_from(TriggerPrice)),
    )
    contract = {
        "tick": D(draw(st.sampled_from(["0.1", "0.5", "0.001"]))),
        "lot": D(draw(st.sampled_from(["0.01", "0.00000001", "0.03"]))),
        "taker_fee_rate": D(draw(st.sampled_from(["0.0006", "0", "0.00055"]))),
        "max_leverage": 50,
        "tiers": draw(st.sampled_from([TIERS, TIERS, ()])),
    }
    balance = draw(st.sampled_from(["10000", "10000", "450", "201.5", "45.1"]))
    return {
        "candles": candles(**bars),
        "decisions": listed(found),
        "funding": tape if tape is None or draw(st.booleans()) else pa.Table.from_batches(tape.to_batches()),
        "terms": terms(balance=balance, rules=rules, **contract),
    }
