"""The venue, a model or the database fails while the real arena runs: what is recorded, who holds, and that the next cycle is normal."""

import json
import sqlite3
import urllib.request

import pytest

from tests.running_arena import RunningArena

SYMBOLS = 6


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    with RunningArena(tmp_path_factory.mktemp("arena"), SANDBOX_SPEED="300", SCHEDULER_ENABLED="false") as running:
        running.wait(lambda one: one.ask("/api/v1/system/health")[1]["status"] == "ok")
        yield running
        assert running.stop() == 0


@pytest.fixture(autouse=True)
def healthy_again(arena):
    yield
    fault(arena, "DELETE")
    arena.ask("/api/v1/models/deepseek/resume", "POST")  # a refused key or balance has paused it


def fault(arena, method="PUT", **rule):
    venue = arena.status()["market"]["venue_url"]
    request = urllib.request.Request(f"{venue}/sandbox/faults", json.dumps(rule).encode() if rule else None, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def run_cycle(arena, seconds=60):
    """One cycle, whole; the cycle as the API tells it."""
    before = newest(arena)
    status, body = arena.ask("/api/v1/system/scheduler/run-now", "POST")
    assert status == 200, body
    return arena.wait(
        lambda one: (
            (found := newest(one)) and found["id"] != (before or {"id": 0})["id"] and found["finished_at"] and whole(one, found["id"])
        ),
        seconds,
    )


def newest(arena):
    items = arena.ask("/api/v1/cycles?limit=1")[1]["items"]
    return items[0] if items else None


def whole(arena, cycle_id):
    return arena.ask(f"/api/v1/cycles/{cycle_id}")[1]


def outcomes(cycle):
    return {turn["contestant_id"]: turn["outcome"] for turn in cycle["turns"]}


def logs(arena, cycle, level="WARNING"):
    def found(one):
        rows = one.ask(f"/api/v1/system/logs?level={level}&limit=500")[1]["items"]
        return [row["message"] for row in rows if row["cycle_id"] == cycle["id"]]

    return arena.wait(found)


def test_a_cycle_without_faults_is_done_and_everybody_took_a_turn(arena):
    cycle = run_cycle(arena)
    assert (cycle["state"], set(outcomes(cycle))) == ("done", {"qwen3", "deepseek", "kimi", "cash", "buy-and-hold"})
    assert set(outcomes(cycle).values()) <= {"traded", "held"}


@pytest.mark.parametrize("kind", ["server_error", "cut", "wrong_json", "rate_limit"])
def test_a_venue_that_is_down_skips_the_cycle_counts_an_error_and_the_next_is_normal(arena, kind):
    errors = arena.wait(lambda one: one.status())["error_count"]
    fault(arena, route="venue.*", kind=kind)
    cycle = run_cycle(arena)
    assert (cycle["state"], cycle["turns"]) == ("skipped", [])
    assert "prices could not be had" in cycle["reason"]
    arena.wait(lambda one: one.status()["error_count"] > errors)
    fault(arena, "DELETE")
    assert run_cycle(arena)["state"] == "done"


@pytest.mark.slow
def test_a_slow_venue_is_given_thirty_seconds_and_no_more(arena):
    fault(arena, route="venue.tickers", kind="delay", seconds=120)
    cycle = run_cycle(arena, seconds=45)
    assert cycle["state"] == "skipped"
    assert cycle["timings"]["see"] <= 32_000


@pytest.mark.parametrize("value", ["x1000", "0", "negative", "nan"])
def test_an_absurd_price_is_traded_by_nobody_and_the_others_are_untouched(arena, value):
    run_cycle(arena)
    rule = {"kind": "absurd", "symbol": "BTCUSDT", "value": value}
    fault(arena, rules=[{"route": route, **rule} for route in ("venue.tickers", "venue.ticker")])
    cycle = run_cycle(arena)
    usable = {row["symbol"]: row["usable"] for row in cycle["prices"]}
    assert cycle["state"] == "done"
    assert [name for name, sound in usable.items() if not sound] == ["BTCUSDT"]
    assert any("BTCUSDT can't be traded in this cycle" in line for line in logs(arena, cycle))
    decided = [one for turn in cycle["turns"] for one in turn["decisions"] if one["symbol"] == "BTCUSDT"]
    assert all(one["verdict"] != "accepted" for one in decided)


def test_a_missing_symbol_is_unusable_with_its_reason(arena):
    fault(arena, route="venue.*", kind="missing", symbol="DOGEUSDT")
    cycle = run_cycle(arena)
    (row,) = [one for one in cycle["prices"] if one["symbol"] == "DOGEUSDT"]
    assert (row["usable"], row["price"]) == (False, None)
    assert row["reason"]


def test_a_frozen_venue_is_noticed_and_nobody_is_asked(arena):
    run_cycle(arena)
    fault(arena, route="venue.tickers", kind="frozen")
    arena.wait(lambda one: not any(row["usable"] for row in one.status()["market"]["symbols"]))
    cycle = run_cycle(arena)
    assert (cycle["state"], cycle["turns"]) == ("skipped", [])
    assert "no symbol has a sound price" in cycle["reason"]


@pytest.mark.parametrize(
    ("kind", "outcome", "words"),
    [
        ("auth", "failed", "key"),
        ("payment", "failed", "balance"),
        ("forbidden", "failed", ""),
        ("rate_limit", "failed", "rate"),
        ("server_error", "failed", ""),
        ("blank", "failed", "blank"),
        ("finish_length", "failed", "truncated"),
        ("wrong_json", "refused", "NOT_JSON"),
    ],
)
def test_one_model_failing_holds_alone_and_the_log_says_what_to_do(arena, kind, outcome, words):
    fault(arena, route="model.chat", kind=kind, model="mean-reverter")
    cycle = run_cycle(arena)
    found = outcomes(cycle)
    if kind == "wrong_json" and found["deepseek"] == "failed":
        outcome = "failed"  # the body of the answer itself is broken, which no reply can be read from
    assert found["deepseek"] == outcome, cycle["turns"]
    assert {found["qwen3"], found["kimi"]} <= {"traded", "held"}
    said = " ".join(logs(arena, cycle)).lower()
    assert "deepseek holds" in said
    assert words.lower() in said or outcome == "failed"
    health = {one["id"]: one for one in arena.status()["contestants"]}
    assert health["deepseek"]["consecutive_failures"] >= 1
    assert health["qwen3"]["consecutive_failures"] == 0
    assert health["deepseek"]["last_error"]


def test_a_model_slower_than_the_deadline_holds_as_late(arena):
    fault(arena, route="model.chat", kind="delay", model="mean-reverter", seconds=60)
    found = outcomes(run_cycle(arena))
    assert found["deepseek"] == "late"
    assert {found["qwen3"], found["kimi"]} <= {"traded", "held"}


def test_a_venue_failing_between_answers_and_fill_fills_nothing(arena):
    fault(arena, route="venue.depth", kind="server_error")
    cycle = run_cycle(arena)
    decided = [one for turn in cycle["turns"] for one in turn["decisions"]]
    assert cycle["state"] == "done"
    assert all(one["verdict"] == "refused" for one in decided if one["action"].startswith(("open", "close")))
    assert {one["code"] for one in decided if one["action"] == "close"} <= {"NO_DEPTH"}


def test_a_locked_database_shows_in_the_status_and_the_timer_goes_on(arena):
    done = run_cycle(arena)["id"]
    lock = sqlite3.connect(arena.folder / "demo.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    assert arena.ask("/api/v1/system/scheduler/start", "POST")[0] == 200
    arena.wait(lambda one: "was not started: the database is locked" in one.said, seconds=40)
    status = arena.status()
    assert (status["scheduler_running"], status["database_connected"]) == (True, False)
    assert arena.ask("/api/v1/system/health")[0] == 503
    lock.execute("ROLLBACK")
    lock.close()
    arena.wait(lambda one: (found := newest(one)) and found["id"] > done and found["state"] == "done", seconds=40)
    assert arena.status()["database_connected"] is True
    arena.ask("/api/v1/system/scheduler/stop", "POST")
    arena.wait(lambda one: one.status()["cycle_in_progress"] is None)
