from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from app.engine.instruments import Instrument, LeverageTier
from app.engine.rules import Rules
from app.replay import Lane, Terms, replay
from app.replay.batch_lane import replay_certain
from app.replay.inputs import parse_candles, parse_decisions, parse_funding
from app.replay.stage import Stage
from tests.engine.markets import D
from tests.replay.random_tapes import tapes
from tests.replay.tapes import bench_tape, candles, decision, decisions, rows, terms

PLACES = {"BTCUSDT": (1, 4), "ETHUSDT": (2, 2), "SOLUSDT": (2, 1), "BNBUSDT": (2, 2), "XRPUSDT": (4, 0), "DOGEUSDT": (5, 0)}
TIERS = (
    LeverageTier(1, D(0), D(150_000), 75, D("0.005")),
    LeverageTier(2, D(150_000), D(900_000), 50, D("0.01")),
    LeverageTier(3, D(900_000), D(12_000_000), 20, D("0.02")),
)
PLAIN_EQUITY = {"W1": "9628.78", "W6": "6715.26", "W60": "68969.60"}
WORKLOADS = pytest.mark.parametrize("name", ["W1", "W6", pytest.param("W60", marks=pytest.mark.slow)])


def plain_terms():
    """The rules of the bench: no ticks, lots, margins or liquidations worth the name, no slippage."""
    shared = (D(0), D(0), None, D("0.0006"), D("0.0002"), 125, 8, D(1), ())
    return Terms({name: Instrument(name, D("0.00001"), D("0.00000001"), *shared) for name in PLACES}, Rules(slippage=D(0)))


def full_terms():
    """Terms as venues have them."""

    def contract(name, price_places, lot_places):
        lot = D(1).scaleb(-lot_places)
        return Instrument(
            name, D(1).scaleb(-price_places), lot, lot, D(5), D(20_000_000), D("0.0006"), D("0.0002"), 75, 8, D("0.05"), TIERS
        )

    return Terms({name: contract(name, *places) for name, places in PLACES.items()})


def assert_equal(found, expected):
    for name, table in expected.by_name().items():
        assert found.by_name()[name].schema == table.schema
        assert found.by_name()[name].to_pylist() == table.to_pylist(), name
        assert found.by_name()[name].equals(table), name


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tapes())
def test_the_batch_and_the_engine_give_the_same_tables_on_any_tape(tape):
    assert_equal(replay(**tape), replay(**tape, lane=Lane.ENGINE))


@pytest.mark.real
@WORKLOADS
def test_plain_rules_give_the_equity_of_other_engines_to_the_cent(name):
    candles, _, decisions = bench_tape(name)
    equity = replay(candles, decisions, plain_terms()).accounts["equity"].to_pylist()
    assert round(sum(equity), 2) == Decimal(PLAIN_EQUITY[name])


@pytest.mark.real
@WORKLOADS
@pytest.mark.parametrize("terms", [plain_terms, full_terms])
def test_both_lanes_give_the_same_tables_on_the_recorded_month(name, terms):
    candles, funding, decisions = bench_tape(name)
    assert_equal(
        replay(candles, decisions, terms(), funding=funding), replay(candles, decisions, terms(), funding=funding, lane=Lane.ENGINE)
    )


@pytest.mark.real
def test_the_batch_leaves_no_account_of_the_recorded_month_to_the_engine():
    candles, funding, decisions = bench_tape("W6")
    terms = full_terms()
    bars = parse_candles(candles, terms.instruments)
    tables, others = replay_certain(Stage(terms, bars, parse_funding(funding, tuple(bars))), parse_decisions(decisions, bars))
    assert tables is not None
    assert others.tolist() == []


@pytest.mark.real
def test_accounts_in_doubt_and_beyond_doubt_come_back_in_the_order_of_the_tape():
    candles, funding, decisions = bench_tape("W60")
    poor = replace(full_terms(), starting_balance=D(420))
    some = decisions.filter(decisions["time_ms"].to_numpy() < 1_748_400_000_000)
    assert_equal(replay(candles, some, poor, funding=funding), replay(candles, some, poor, funding=funding, lane=Lane.ENGINE))


def test_when_entries_are_stopped_every_open_is_refused_by_the_engine():
    tape = candles(BTCUSDT=[100, 100]), decisions(decision("open_long", 1)), terms(rules=Rules(entries_open=False))
    assert rows(replay(*tape).refusals)[0]["code"] == "CLOSE_ONLY"


def test_a_level_with_too_many_digits_for_the_batch_is_rounded_to_tick_by_the_engine():
    tape = candles(BTCUSDT=[100, 100, (100, 100, 80, 80)]), decisions(decision("open_long", 1, stop=100 / 1.1)), terms()
    assert rows(replay(*tape).trades)[0]["exit_price"] == D("90.9")
