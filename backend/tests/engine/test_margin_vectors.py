"""Every case of the reference's margin vectors, found by reading the file; a case of a shape that nothing here checks fails."""

import json
from decimal import localcontext

import pytest

from app.engine.books import Book, Level, walk
from app.engine.exchange import apply
from app.engine.fills import Entering, Execution, Leaving, enter, leave
from app.engine.funding import Settlement, settle, settled_rate
from app.engine.instruments import LeverageTier
from app.engine.margin import bankruptcy_price, cross_collateral, liquidation_price, maintenance_margin, shown_liquidation_price
from app.engine.money import CONTEXT, ONE, ZERO, floor_to, round_to, to_cash
from app.engine.orders import CloseOrder, FlipOrder, LeverageOrder, OpenOrder
from app.engine.positions import Account
from app.engine.rules import MarginMode, Rules
from app.engine.trades import Purpose, Side
from tests.engine.markets import NOON, D, account, book, holder, holding, instrument, market
from tests.reference_data import REFERENCE_DIR, reference_file

ENDLESS = D(10) ** 30


def document():
    return json.loads(reference_file("margin_vectors.json").read_text(), parse_float=D, parse_int=D)


def cases():
    path = REFERENCE_DIR / "margin_vectors.json"
    return json.loads(path.read_text(), parse_float=D, parse_int=D)["vectors"] if path.is_file() else []


def agrees(found, expected):
    """To the digits given, and closer than a billionth where those are more."""
    if expected is None or found is None:
        return found is expected
    return abs(found - expected) <= D("1e-9") * max(1, abs(expected)) or round(found, -expected.as_tuple().exponent) == expected


def side_of(given):
    return Side.LONG if given.get("side", 1) > 0 else Side.SHORT


def tiers(rows):
    return tuple(LeverageTier(index + 1, row[0], row[1], int(row[2]), row[3]) for index, row in enumerate(rows))


def one_rate(rate, deduction=ZERO):
    """An endless tier at a rate; a deduction becomes the free first tier that it would follow from."""
    if deduction == 0:
        return (LeverageTier(1, ZERO, ENDLESS, 125, rate),)
    start = deduction / rate
    return (LeverageTier(1, ZERO, start, 125, ZERO), LeverageTier(2, start, ENDLESS, 125, rate))


def terms(given, symbol="BTCUSDT"):
    rows = document()["tables"].get(given.get("table"))
    steps = tiers(rows) if rows else one_rate(given["mmr"], given.get("deduction", ZERO))
    return instrument(symbol, taker_fee_rate=given.get("fee", ZERO), tiers=steps)


def positioned(given):
    leverage = int(given.get("leverage", 10))
    margin = given["margin"] if "margin" in given else given["wallet"]
    return holding(given["qty"], given["entry"], side=side_of(given), leverage=leverage, margin=margin)


def check_liquidation(given, expected):
    held, contract = positioned(given), terms(given)
    assert agrees(liquidation_price(held, contract), expected["liq"])
    if "liq_display_conservative" in expected:
        assert shown_liquidation_price(held, contract) == expected["liq_display_conservative"]
        assert agrees(bankruptcy_price(held, contract.taker_fee_rate), expected["bankruptcy_with_close_fee"])
        assert agrees(bankruptcy_price(held, ZERO), expected["bankruptcy_no_fee"])


def check_liquidation_with_others(given, expected):
    """Cross: the wallet and what the other positions could spare stand behind the one that is asked about."""
    held, contracts, marks = {"BTCUSDT": positioned({**given, "margin": ZERO})}, {"BTCUSDT": terms(given)}, {}
    for other in given["other"]:
        symbol = other["pair"]
        held[symbol] = holding(other["amount"], other["open_rate"], margin=0, symbol=symbol)
        contracts[symbol], marks[symbol] = terms(other, symbol), other["mark"]
    together = Account("qwen3", given["wallet"], held)
    collateral = cross_collateral(together, "BTCUSDT", marks, contracts)
    assert agrees(liquidation_price(held["BTCUSDT"], contracts["BTCUSDT"], collateral), expected["liq"])


def check_cross(given, expected):
    """The ETH contract has one tier at 0.5%, as the case's description says."""
    rows = zip(("BTCUSDT", "ETHUSDT"), given["positions"], strict=True)
    held = {name: holding(row[1], row[2], side=side_of({"side": row[0]}), margin=0, symbol=name) for name, row in rows}
    marks = {name: row[3] for name, row in zip(held, given["positions"], strict=True)}
    contracts = {"BTCUSDT": terms({"table": "BTC_JUN25", **given}), "ETHUSDT": terms({"mmr": D("0.005"), **given}, "ETHUSDT")}
    together = Account("qwen3", given["balance"], held)
    assert together.equity(marks) == expected["equity"]
    total = sum(maintenance_margin(contracts[name], one.notional(marks[name])) for name, one in held.items())
    assert total == expected["mm_total_incl_fee"]
    for name, wanted in (("BTCUSDT", "liq_btc"), ("ETHUSDT", "liq_eth")):
        collateral = cross_collateral(together, name, marks, contracts)
        assert agrees(liquidation_price(held[name], contracts[name], collateral), expected[wanted])


def check_maintenance(given, expected):
    contract = terms(given)
    tier = contract.tier(given["notional"])
    assert tier.maintenance_rate == expected["mmr"]
    assert contract.deductions[tier.level - 1] == expected["deduction"]
    assert maintenance_margin(contract, given["notional"]) == expected["mm"]


def check_published_maintenance(given, expected):
    steps = tiers([[low, high, D(100), rate] for low, high, rate in given["tiers"]]) if "tiers" in given else one_rate(given["mmr"])
    contract = instrument(taker_fee_rate=given["fee"], tiers=steps)
    assert maintenance_margin(contract, given["notional"]) == expected["mm_incl_fee"]
    if "mm_excl_fee" in expected:
        assert maintenance_margin(instrument(taker_fee_rate=ZERO, tiers=steps), given["notional"]) == expected["mm_excl_fee"]
        assert contract.deductions[1] == expected["deduction_tier2"]


def check_unrealised(given, expected):
    assert holding(given["qty"], given["entry"], side=side_of(given)).unrealised_pnl(given["mark"]) == expected["upnl"]


def traded(fills, fee=ZERO):
    """The account after each fill (signed side, quantity, price), one position, leverage 1."""
    current, seen = account("100000000"), []
    for sign, quantity, price in fills:
        held = current.positions.get("BTCUSDT")
        done = Execution(quantity, price, (Level(price, quantity),), False, NOON, NOON)
        side = side_of({"side": sign})
        if held is None or held.side is side:
            entering = Entering("BTCUSDT", side, 1, None, None)
            current, _ = enter(current, entering, done, fee=to_cash(quantity * price * fee), index=0)
        else:
            current, _ = leave(current, held, done, Leaving(Purpose.REDUCE, fee, MarginMode.ISOLATED, 0))
        seen.append((current.wallet - 100_000_000, current.positions["BTCUSDT"]))
    return seen


def check_average_entry(given, expected):
    *_, (_, held) = traded([[1, *fill] for fill in given["fills"]])
    assert held.entry_price == expected["avg"]


def check_realised(given, expected):
    for (gained, held), realised, average, quantity in zip(
        traded(given["fills"], given["fee"]),
        expected["realized_after_each"],
        expected["avg_after_each"],
        expected["qty_after_each"],
        strict=True,
    ):
        assert agrees(gained, realised)
        assert agrees(held.entry_price, average)
        assert held.quantity == quantity


def check_flip(given, expected):
    (_, first, opened), (_, flipped, at), (_, last, back) = given["fills"]
    contract = instrument(tick=D("0.0001"), lot=ONE, taker_fee_rate=given["fee"], max_market_quantity=None)
    at_price = lambda price: market(mark=price, books={"BTCUSDT": book(bid=price, ask=price, size="1e9", levels=1)}, terms=contract)  # noqa: E731
    start = apply(account("1000000"), at_price(opened), [OpenOrder("BTCUSDT", Side.LONG, first * opened, 1)], NOON)
    turned = apply(start.account, at_price(at), [FlipOrder("BTCUSDT", (flipped - first) * at, 1)], NOON)
    closed, opened_short = turned.facts
    assert (closed.realised_pnl, closed.trade.net_pnl) == (expected["close_pnl_gross"], expected["realized_long_net"])
    assert (opened_short.price, opened_short.quantity) == (expected["short_entry"], last)
    (done,) = apply(turned.account, at_price(back), [CloseOrder("BTCUSDT")], NOON).facts
    assert (done.realised_pnl, done.trade.net_pnl) == (expected["short_gross"], expected["short_net"])


def check_funding(given, expected):
    before = holder(holding(given["qty"], given["mark"], side=side_of(given), margin="100000"))
    instant = NOON.replace(hour=16)
    after, (paid,) = settle(before, Settlement("BTCUSDT", instant, given["rate"]), given["mark"], instrument(), Rules())
    assert (paid.amount, after.wallet - before.wallet) == (expected["cash"], expected["cash"])


def check_funding_rate(given, expected):
    assert settled_rate(given["P"], int(given["N"]), given.get("min"), given.get("max")) == expected["F"]


def check_step(given, expected):
    if "lot" in given:
        assert floor_to(D(given["raw"]), D(given["lot"])) == D(expected["qty"])
    else:
        assert round_to(D(given["raw"]), D(given["tick"])) == D(expected["price"])


def check_book(given, expected):
    asks = tuple(Level(D(price), D(size)) for price, size in given["asks"])
    found = walk(asks, given["qty"], buying=True, instrument=instrument())
    assert (found.price, D(len(found.parts))) == (expected["vwap"], expected["levels"])
    assert agrees(found.slippage_bps(asks[0].price), expected["slippage_bps_vs_best"])
    assert agrees(found.slippage_bps(given["mid"]), expected["slippage_bps_vs_mid"])


def check_bankruptcy(given, expected):
    for side in Side:
        held = holding(given["qty"], given["entry"], side=side, margin=given["margin"])
        assert agrees(bankruptcy_price(held, given["fee"]), expected[side.value])


def check_size(given, expected):
    """By fraction of the free balance, and by notional: one lot more is refused."""
    levels = (Level(given["price"], D(10) ** 9),)
    contract = instrument(taker_fee_rate=given["fee"], lot=given["lot"])
    there = market(books={"BTCUSDT": Book("BTCUSDT", NOON, levels, levels)}, mark=given["price"], terms=contract)
    whole = OpenOrder("BTCUSDT", Side.LONG, None, int(given["leverage"]), fraction=ONE)
    filled = apply(account(given["available"]), there, [whole], NOON)
    assert (filled.facts[0].quantity, filled.facts[0].fee) == (expected["qty"], expected["fee"])
    assert filled.account.positions["BTCUSDT"].margin == expected["margin"]
    more = OpenOrder("BTCUSDT", Side.LONG, (expected["qty"] + given["lot"]) * given["price"], int(given["leverage"]))
    assert apply(account(given["available"]), there, [more], NOON).account.positions == {}


def check_fee(given, expected):
    levels = (Level(given["price"], given["qty"]),)
    contract = instrument(taker_fee_rate=given["rate"], lot=given["qty"])
    there = market(books={"BTCUSDT": Book("BTCUSDT", NOON, levels, levels)}, mark=given["price"], terms=contract)
    (fact,) = apply(account("1000000"), there, [OpenOrder("BTCUSDT", Side.LONG, given["qty"] * given["price"], 1)], NOON).facts
    assert fact.fee == expected["fee"]


CHECKS = (
    (lambda given, expected: "liq" in expected and given.get("other"), check_liquidation_with_others),
    (lambda given, expected: "liq" in expected, check_liquidation),
    (lambda given, expected: "liq_btc" in expected, check_cross),
    (lambda given, expected: "deduction" in expected, check_maintenance),
    (lambda given, expected: "mm_incl_fee" in expected, check_published_maintenance),
    (lambda given, expected: "upnl" in expected, check_unrealised),
    (lambda given, expected: "avg" in expected, check_average_entry),
    (lambda given, expected: "realized_after_each" in expected, check_realised),
    (lambda given, expected: "short_entry" in expected, check_flip),
    (lambda given, expected: "cash" in expected, check_funding),
    (lambda given, expected: "F" in expected, check_funding_rate),
    (lambda given, expected: "raw" in given, check_step),
    (lambda given, expected: "vwap" in expected, check_book),
    (lambda given, expected: "long" in expected, check_bankruptcy),
    (lambda given, expected: "available" in given, check_size),
    (lambda given, expected: "fee" in expected, check_fee),
)


@pytest.mark.reference
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_the_engine_gives_the_published_figures(case):
    given, expected = case["input"], case["expected"]
    check = next((check for fits, check in CHECKS if fits(given, expected)), None)
    assert check is not None, f"nothing checks a case of this shape: {sorted(given)} -> {sorted(expected)}"
    with localcontext(CONTEXT):
        check(given, expected)


@pytest.mark.reference
def test_a_change_of_leverage_ends_where_a_position_opened_with_it_would_be():
    """LIQ-20 by its way: 0.1 BTC at 10x, then the leverage is set to 20x."""
    contract = instrument(tiers=tiers(document()["tables"]["BTC_JUN25"]))
    there = market(terms=contract, rules=Rules(max_leverage=125))
    before = holder(holding())
    after = apply(before, there, [LeverageOrder("BTCUSDT", 20)], NOON).account
    assert (after.positions["BTCUSDT"].margin, after.available) == (500, 10_500)
    assert agrees(liquidation_price(after.positions["BTCUSDT"], contract), D("95439.0194896524"))
