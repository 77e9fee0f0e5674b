"""Metrics against hand-made series and the reference's library values."""

import json
from datetime import timedelta

import numpy as np
import pytest

from app.scoring.intervals import OBSERVATIONS_MIN, separable, stationary_indices, uncertainty
from app.scoring.metrics import annualised_sharpe, max_drawdown, performance
from tests.reference_data import reference_file

STEP = timedelta(minutes=5)


def test_the_drawdown_is_measured_from_the_highest_point_before():
    assert max_drawdown(np.array([100, 110, 105, 120, 90, 95, 121, 119.0])) == -0.25


def test_a_ruined_account_has_lost_everything_and_keeps_its_series():
    found = performance([10_000, 5_000, 0, 0], STEP)
    assert (found.total_return, found.max_drawdown) == (-1.0, -1.0)


def test_a_constant_series_has_no_sharpe_and_no_drawdown():
    found = performance([10_000] * 10, STEP)
    assert (found.total_return, found.max_drawdown, found.sharpe) == (0.0, 0.0, None)


def test_one_point_is_no_series():
    assert performance([10_000], STEP) is None


@pytest.mark.reference
def test_returns_drawdowns_and_sharpes_agree_with_the_reference_libraries():
    vectors = json.loads(reference_file("metrics_vectors.json").read_text())
    assert vectors["metrics"]
    for name, expected in vectors["metrics"].items():
        returns = np.array(vectors["returns"][name])
        equity = np.concatenate([[1.0], np.cumprod(1 + returns)])
        found = performance(equity, STEP)
        assert found.total_return == pytest.approx(expected["total_return"], rel=1e-9)
        assert found.max_drawdown == pytest.approx(expected["max_drawdown"], rel=1e-9)
        assert found.sharpe == pytest.approx(expected["sharpe_ann"], rel=1e-6)


@pytest.mark.reference
def test_the_bootstrap_interval_of_sharpe_agrees_with_the_reference():
    vectors = json.loads(reference_file("metrics_vectors.json").read_text())
    equities = {name: np.concatenate([[1.0], np.cumprod(1 + np.array(returns))]) for name, returns in vectors["returns"].items()}
    found = uncertainty(equities, STEP, seed=7, repetitions=1000)
    for name, (low, high) in vectors["stationary_bootstrap_sharpe_ci95"]["ci"].items():
        width = high - low
        assert found[name].sharpe.low == pytest.approx(low, abs=0.1 * width)
        assert found[name].sharpe.high == pytest.approx(high, abs=0.1 * width)
    order = sorted(equities, key=lambda name: -equities[name][-1])
    assert not separable(found, order)


def test_a_planted_winner_is_told_apart_and_a_young_contest_is_not():
    chance = np.random.default_rng(1)
    noise = chance.normal(0, 1e-4, (2, 1000))
    series = {
        "winner": np.concatenate([[1.0], np.cumprod(1 + noise[0] + 5e-4)]),
        "other": np.concatenate([[1.0], np.cumprod(1 + noise[1])]),
    }
    old = uncertainty(series, STEP, seed=3, repetitions=200)
    young = uncertainty({name: values[: OBSERVATIONS_MIN - 1] for name, values in series.items()}, STEP, seed=3)
    assert separable(old, ["winner", "other"])
    assert (old["winner"].rank_best, old["winner"].rank_worst) == (1, 1)
    assert not separable(young, ["winner", "other"])
    assert young["winner"].total_return is None


def test_the_same_seed_gives_the_same_resamples():
    first, second = (list(stationary_indices(200, 3, 48, seed=5)) for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, second, strict=True))
    assert len({tuple(one) for one in first}) == 3


def test_blocks_have_the_mean_length_asked_for():
    draws = stationary_indices(10_000, 20, 48, seed=1)
    breaks = [int((np.diff(draw) != 1).sum()) for draw in draws]
    assert np.mean([10_000 / (count + 1) for count in breaks]) == pytest.approx(48, rel=0.1)


def test_sharpe_needs_two_returns():
    assert annualised_sharpe(np.array([0.1]), STEP) is None
