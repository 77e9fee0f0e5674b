from decimal import Decimal

import pyarrow.compute as pc
import pytest

from app.engine.instruments import LeverageTier
from app.engine.rules import MarginMode, Rules
from app.replay import Lane, replay
from tests.engine.markets import D
from tests.replay.tapes import candles, decision, decisions, funding, minute, rows, terms

LANES = pytest.mark.parametrize("lane", list(Lane))


@LANES
def test_a_decision_is_filled_at_the_close_of_the_bar_that_has_just_closed(lane):
    tape = candles(BTCUSDT=[100, (100, 105, 95, 101.5), 120])
    result = replay(tape, decisions(decision("open_long", 2)), terms(), lane=lane)
    fill = rows(result.fills)[0]
    assert (fill["price"], fill["quantity"], fill["time_ms"], fill["decision"]) == (D("101.5"), D("9.8522"), minute(2), 0)
    assert fill["fee"] == D("0.59999898")


@LANES
def test_the_bar_of_the_decision_itself_triggers_nothing_and_the_next_one_does(lane):
    tape = candles(BTCUSDT=[100, (100, 100, 80, 100), (100, 100, 95, 97), 97])
    result = replay(tape, decisions(decision("open_long", 2, stop=95.0)), terms(), lane=lane)
    trade = rows(result.trades)[0]
    assert (trade["exit_reason"], trade["exit_price"], trade["closed_ms"]) == ("stop_loss", 95, minute(3))


@LANES
def test_a_stop_that_is_gapped_over_fills_at_the_open(lane):
    tape = candles(BTCUSDT=[100, (93, 94, 92, 93), 93])
    trade = rows(replay(tape, decisions(decision("open_long", 1, stop=95.0)), terms(), lane=lane).trades)[0]
    assert (trade["exit_price"], trade["closed_ms"]) == (93, minute(1))


@LANES
def test_a_bar_that_holds_stop_and_target_counts_as_the_stop(lane):
    tape = candles(BTCUSDT=[100, (100, 106, 94, 100), 100])
    trade = rows(replay(tape, decisions(decision("open_short", 1, stop=105.0, target=95.0)), terms(), lane=lane).trades)[0]
    assert (trade["exit_reason"], trade["exit_price"]) == ("stop_loss", 105)


@LANES
def test_a_close_row_ends_what_is_open_and_does_nothing_when_flat(lane):
    tape = candles(BTCUSDT=[100, 100, 110, 110])
    result = replay(
        tape, decisions(decision("close", 1), decision("open_long", 2), decision("close", 3), decision("close", 4)), terms(), lane=lane
    )
    assert [fill["purpose"] for fill in rows(result.fills)] == ["open", "close"]
    assert rows(result.trades)[0]["gross_pnl"] == 100
    assert result.refusals.num_rows == 0


@LANES
def test_the_ledger_of_an_account_sums_to_zero_and_to_its_balance(lane):
    tape = candles(BTCUSDT=[100, 100, 110, 110])
    result = replay(tape, decisions(decision("open_long", 2), decision("close", 3)), terms(), lane=lane)
    assert pc.sum(result.ledger["amount"]).as_py() == 0
    free = result.ledger.filter(pc.equal(result.ledger["ledger_account"].cast("string"), "available"))
    account = rows(result.accounts)[0]
    assert pc.sum(free["amount"]).as_py() == account["available"] == account["equity"] == D("10098.74")
    assert [row["kind"] for row in rows(result.ledger)][:2] == ["deposit", "deposit"]


@LANES
def test_funding_is_paid_by_who_holds_in_the_instant_and_not_by_who_opens_in_it(lane):
    tape = candles(BTCUSDT=[100, 100, 100, 120, 120])
    rates = funding(("BTCUSDT", 1, 0.01), ("BTCUSDT", 3, -0.0005))
    result = replay(tape, decisions(decision("open_long", 1), decision("close", 4)), terms(), funding=rates, lane=lane)
    assert [(one["time_ms"], one["mark"], one["amount"]) for one in rows(result.funding)] == [(minute(3), 100, D("0.5"))]
    trade = rows(result.trades)[0]
    assert trade["net_pnl"] == trade["gross_pnl"] - trade["fees"] + D("0.5")


@LANES
def test_a_position_that_a_bar_ends_in_the_instant_of_funding_does_not_pay(lane):
    tape = candles(BTCUSDT=[100, 100, (100, 100, 90, 90), 90])
    result = replay(tape, decisions(decision("open_long", 1, stop=95.0)), terms(), funding=funding(("BTCUSDT", 3, 0.01)), lane=lane)
    assert result.funding.num_rows == 0


@LANES
def test_jitter_of_the_settlement_time_changes_nothing(lane):
    tape = candles(BTCUSDT=[100, 100, 100])
    rates = funding(("BTCUSDT", 2, 0.01))
    late = rates.set_column(1, "funding_time_ms", [[minute(2) + 16]])
    tapes = tape, decisions(decision("open_long", 1)), terms()
    assert replay(*tapes, funding=late, lane=lane) == replay(*tapes, funding=rates, lane=lane)


@LANES
def test_a_position_is_liquidated_for_its_margin_where_it_has_no_stop(lane):
    tape = candles(BTCUSDT=[100, 100, (100, 100, 85, 85), 85])
    result = replay(tape, decisions(decision("open_long", 1)), terms(), lane=lane)
    trade, account = rows(result.trades)[0], rows(result.accounts)[0]
    assert (trade["exit_reason"], trade["net_pnl"]) == ("liquidation", D("-100.6"))
    assert (account["equity"], account["liquidations"]) == (D("9899.4"), 1)


@LANES
def test_a_second_open_of_the_same_side_adds_and_one_of_the_other_side_is_refused(lane):
    tape = candles(BTCUSDT=[100, 110, 110, 110])
    asked = decisions(decision("open_long", 1), decision("open_long", 2), decision("open_short", 3))
    result = replay(tape, asked, terms(), lane=lane)
    assert [fill["purpose"] for fill in rows(result.fills)] == ["open", "add"]
    refused = rows(result.refusals)[0]
    assert (refused["code"], refused["decision"], refused["time_ms"]) == ("OPPOSITE_WITHOUT_CLOSE", 2, minute(3))
    assert rows(result.trades)[0]["entry_price"] == round((10 * 100 + D("9.0909") * 110) / D("19.0909"), 12)


@LANES
def test_what_the_free_balance_lacks_is_refused_with_the_numbers(lane):
    tape = candles(BTCUSDT=[100, 100])
    refused = rows(replay(tape, decisions(decision("open_long", 1, notional=1000.0)), terms(balance="100"), lane=lane).refusals)[0]
    assert (refused["code"], refused["needed"], refused["available"]) == ("NO_ROOM_FOR_FEE", "100.60000000", "100")


@LANES
def test_a_close_and_an_open_of_one_instant_turn_a_position_around(lane):
    tape = candles(BTCUSDT=[100, 110, 110])
    asked = decisions(decision("open_long", 1), decision("open_short", 2), decision("close", 2))
    result = replay(tape, asked, terms(), lane=lane)
    assert [(fill["purpose"], fill["side"]) for fill in rows(result.fills)] == [("open", "long"), ("close", "long"), ("open", "short")]


@LANES
def test_accounts_and_rows_come_in_the_order_of_the_tape(lane):
    tape = candles(BTCUSDT=[100, 100], ETHUSDT=[50, 50])
    asked = decisions(
        decision("open_long", 1, account=9),
        decision("open_long", 1, account=9, symbol="ETHUSDT"),
        decision("open_long", 1, account=2, leverage=500),
    )
    result = replay(tape, asked, terms(), lane=lane)
    assert result.accounts["account"].to_pylist() == [9, 2]
    assert [(fill["symbol"], fill["trade"]) for fill in rows(result.fills)] == [("BTCUSDT", 1), ("ETHUSDT", 2)]
    assert result.refusals["account"].to_pylist() == [2]


def test_accounts_may_be_named_by_text():
    tape = decisions(decision("open_long", 1))
    named = tape.set_column(0, "account", [["qwen"]])
    assert replay(candles(BTCUSDT=[100, 100]), named, terms()).fills["account"].to_pylist() == ["qwen"]


def test_in_cross_margin_the_whole_account_stands_behind_a_position():
    tape = candles(BTCUSDT=[100, 100, (100, 100, 85, 85), 85])
    rules = Rules(slippage=D(0), margin_mode=MarginMode.CROSS)
    account = rows(replay(tape, decisions(decision("open_long", 1)), terms(rules=rules)).accounts)[0]
    assert (account["liquidations"], account["unrealised_pnl"]) == (0, -150)


def test_what_is_open_at_the_end_is_valued_at_the_last_close():
    tape = candles(BTCUSDT=[100, 104, 107])
    account = rows(replay(tape, decisions(decision("open_long", 1)), terms()).accounts)[0]
    assert account["unrealised_pnl"] == 70
    assert account["equity"] == Decimal(10_070) - D("0.6")


@pytest.mark.parametrize("tiers", [(), (LeverageTier(1, D(0), D(10**6), 50, D("0.01")),)])
def test_in_cross_margin_a_fall_after_hours_of_calm_is_found(tiers):
    calm = [(100, 101, 99, 100)] * 700
    rules = Rules(slippage=D(0), margin_mode=MarginMode.CROSS)
    tape = candles(BTCUSDT=[*calm, (100, 100, 33.5, 33.5), 33.5], ETHUSDT=[50] * 702)
    asked = decisions(decision("open_long", 1, notional=15_000.0), decision("open_long", 1, symbol="ETHUSDT"))
    result = replay(tape, asked, terms(rules=rules, tiers=tiers))
    liquidated = [trade["closed_ms"] for trade in rows(result.trades) if trade["exit_reason"] == "liquidation"]
    assert liquidated == ([minute(701)] if tiers else [])


@LANES
def test_a_dip_to_the_liquidation_price_liquidates_although_the_price_recovers_in_its_bar(lane):
    tape = candles(BTCUSDT=[100, 100, (100, 100, 90, 100), 100])
    result = replay(tape, decisions(decision("open_long", 1), decision("close", 4)), terms(), lane=lane)
    assert rows(result.trades)[0]["exit_reason"] == "liquidation"


@LANES
def test_a_bar_that_opens_beyond_the_target_takes_it_at_the_open_although_it_then_falls_below_the_stop(lane):
    tape = candles(BTCUSDT=[100, (107, 108, 94, 96), 96])
    trade = rows(replay(tape, decisions(decision("open_long", 1, stop=95.0, target=105.0)), terms(), lane=lane).trades)[0]
    assert (trade["exit_reason"], trade["exit_price"], trade["closed_ms"]) == ("take_profit", 107, minute(1))


@pytest.mark.parametrize("lane", list(Lane))
def test_a_charge_for_funding_is_never_held_against_bars_from_before_it(lane):
    """The charge at minute 10 brings the liquidation price above the low of minute 3, which is over."""
    bars = [100000] * 3 + [(100000, 100000, 90450, 100000)] + [100000] * 20
    tape = candles(BTCUSDT=bars, ETHUSDT=[100] * 24)
    found = replay(
        tape,
        decisions(decision("open_long", 2, notional=10000.0)),
        terms(balance="1006"),
        funding=funding(("BTCUSDT", 10, 0.003)),
        lane=lane,
    )
    assert found.funding.num_rows == 1
    assert [one["purpose"] for one in found.fills.to_pylist()] == ["open"]
