"""Every promised call of a running arena, over real HTTP."""

import json
import socket
import time
from datetime import datetime
from decimal import Decimal

import pytest

from tests.running_arena import RunningArena

FIRST_FIVE = ["scheduler_running", "last_run_time", "error_count", "latest_log", "database_connected"]
KEY = "planted-key-5ecret-value"
PLAYERS = ["qwen3", "deepseek", "kimi", "cash", "buy-and-hold"]


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arena")
    with RunningArena(folder, SANDBOX_SPEED="300") as running:
        running.cycles_done(6)
        yield running
        assert running.stop() == 0


def get(arena, path):
    status, body = arena.ask(f"/api/v1{path}")
    assert status == 200, (path, status, body)
    return body


def problem(arena, path, method="GET", **headers):
    status, body = arena.ask(f"/api/v1{path}", method, **headers)
    assert {"title", "status", "detail"} <= set(body)
    assert body["status"] == status
    return status, body


def test_the_status_begins_with_the_five_promised_keys_and_tells_the_rest(arena):
    status = get(arena, "/system/status")
    assert list(status)[:5] == FIRST_FIVE
    assert status["scheduler_running"] is True
    assert isinstance(status["error_count"], int)
    assert status["database_connected"] is True
    assert datetime.fromisoformat(status["last_run_time"]).tzinfo is not None
    assert (status["mode"], status["interval_minutes"], status["clock_speed"]) == ("demo", 5, 300)
    assert [one["id"] for one in status["contestants"]] == PLAYERS
    assert [one["kind"] for one in status["contestants"]] == ["model", "model", "model", "baseline", "baseline"]
    assert status["last_cycle_id"] >= 1
    assert all(one["usable"] for one in status["market"]["symbols"])


def test_stop_and_start_answer_the_status_and_may_be_repeated(arena):
    for _ in range(2):
        status, body = arena.ask("/api/v1/system/scheduler/stop", "POST")
        assert (status, body["scheduler_running"], body["next_run_time"]) == (200, False, None)
    for _ in range(2):
        status, body = arena.ask("/api/v1/system/scheduler/start", "POST")
        assert (status, body["scheduler_running"]) == (200, True)
        assert body["next_run_time"].endswith("Z")


def test_run_now_starts_a_cycle_and_is_refused_while_one_runs(arena):
    arena.ask("/api/v1/system/scheduler/stop", "POST")
    arena.wait(lambda running: running.status()["cycle_in_progress"] is None)
    answers = [arena.ask("/api/v1/system/scheduler/run-now", "POST") for _ in range(2)]
    assert [status for status, _ in answers] == [200, 409]
    assert answers[1][1]["detail"] == "a cycle is running; wait until it is done"
    arena.wait(
        lambda running: get(running, "/cycles")["items"][0] | {"x": 1} if get(running, "/cycles")["items"][0]["kind"] == "manual" else None
    )
    arena.wait(lambda running: running.status()["cycle_in_progress"] is None)
    arena.ask("/api/v1/system/scheduler/start", "POST")


def test_entries_can_be_stopped_and_resumed(arena):
    assert arena.ask("/api/v1/system/entries/stop", "POST")[1]["entries_open"] is False
    assert arena.ask("/api/v1/system/entries/resume", "POST")[1]["entries_open"] is True


def test_a_contestants_funding_is_listed_and_counted_in_its_standing(arena):
    for one in get(arena, "/leaderboard")["standings"]:
        page = get(arena, f"/models/{one['contestant']['id']}/funding?limit=500")
        paid = sum(Decimal(row["amount"]) for row in page["items"] if row["amount"] is not None)
        assert Decimal(one["funding"]) == paid
    assert problem(arena, "/models/nobody/funding")[0] == 404


def test_health_is_ok_and_metrics_are_there(arena):
    assert get(arena, "/system/health")["status"] == "ok"
    status, text = arena.ask("/metrics")
    assert status == 200
    assert "tiltyard_scheduler_running 1.0" in text


def test_logs_come_newest_first_filtered_and_in_pages(arena):
    first = get(arena, "/system/logs?limit=5")
    ids = [row["id"] for row in first["items"]]
    second = get(arena, f"/system/logs?limit=5&cursor={first['next_cursor']}")
    assert ids == sorted(ids, reverse=True)
    assert all(row["id"] < ids[-1] for row in second["items"])
    mine = get(arena, "/system/logs?contestant=qwen3&limit=50")["items"]
    assert {row["contestant_id"] for row in mine} == {"qwen3"}
    assert {row["level"] for row in get(arena, "/system/logs?level=WARNING&limit=500")["items"]} <= {"WARNING", "ERROR"}


def test_each_phase_of_a_cycle_has_a_line_with_its_milliseconds(arena):
    cycle = get(arena, "/cycles?state=done")["items"][0]["id"]
    lines = arena.wait(
        lambda running: (
            (found := [row for row in get(running, "/system/logs?limit=500")["items"] if row["cycle_id"] == cycle and row["ms"]])
            and any(row["phase"] == "report" for row in found)
            and found
        )
    )
    assert {"see", "ask", "apply", "report"} <= {row["phase"] for row in lines}


def test_the_leaderboard_ranks_everybody_with_uncertainty(arena):
    board = get(arena, "/leaderboard")
    assert [row["rank"] for row in board["standings"]] == [1, 2, 3, 4, 5]
    equities = [float(row["equity"]) for row in board["standings"]]
    assert equities == sorted(equities, reverse=True)
    for row in board["standings"]:
        assert isinstance(row["equity"], str)
        assert row["rank_best"] <= row["rank"] <= row["rank_worst"]
        assert row["total_return"]["value"] == pytest.approx(float(row["equity"]) / 10_000 - 1)
    assert board["separable"] is False


def test_models_show_positions_and_equity(arena):
    for one in get(arena, "/models"):
        name = one["contestant"]["id"]
        assert get(arena, f"/models/{name}")["contestant"] == one["contestant"]
        assert isinstance(get(arena, f"/models/{name}/positions"), list)
        series = get(arena, f"/models/{name}/equity?points=10")
        times = [point["at"] for point in series["points"]]
        assert times == sorted(times)
        assert series["points"]
    assert problem(arena, "/models/nobody")[0] == 404


def test_a_trade_leads_to_its_fills_its_decision_the_prompt_and_the_raw_reply(arena):
    trade = arena.wait(lambda running: next((row for row in get(running, "/trades?limit=500")["items"] if row["opened_by"]), None))
    whole = get(arena, f"/trades/{trade['id']}")
    assert sum(float(fill["quantity"]) for fill in whole["fills"] if fill["purpose"] in {"open", "add"}) == pytest.approx(
        float(whole["entry_quantity"])
    )
    decision = get(arena, f"/decisions/{trade['opened_by']}")
    assert decision["verdict"] == "accepted"
    assert [fill["trade_id"] for fill in decision["fills"]] == [trade["id"]]
    conversation = get(arena, f"/conversations/{decision['conversation_id']}")
    assert [message["role"] for message in conversation["messages"]] == ["system", "user"]
    assert decision["symbol"] in conversation["messages"][1]["content"]
    asked = json.loads(conversation["reply"])["actions"][decision["position"]]
    assert asked["action"] == decision["action"]
    assert conversation["usage"]["total_tokens"] > 0


def test_a_cycle_shows_what_everybody_saw_said_and_did(arena):
    cycle = get(arena, f"/cycles/{get(arena, '/cycles?state=done')['items'][0]['id']}")
    assert len(cycle["content_hash"]) == 64
    assert {row["symbol"] for row in cycle["prices"]} == {f"{coin}USDT" for coin in ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE")}
    assert {turn["contestant_id"] for turn in cycle["turns"]} == set(PLAYERS)
    assert all(turn["decisions"] for turn in cycle["turns"])


def test_the_demo_says_in_its_rows_that_its_prices_are_the_sandboxs(arena):
    assert {row["venue"] for row in get(arena, "/prices")} == {"sandbox"}


def test_prices_and_candles_come_from_the_last_snapshot(arena):
    assert len(get(arena, "/prices")) == 6
    candles = get(arena, "/prices/BTCUSDT/candles?timeframe=4h&limit=20")["candles"]
    times = [bar["open_time"] for bar in candles]
    assert len(candles) == 20
    assert times == sorted(times)
    assert problem(arena, "/prices/DOGUSDT/candles")[0] == 404


def test_filters_of_lists_are_kept(arena):
    assert {row["contestant_id"] for row in get(arena, "/decisions?contestant=kimi&limit=20")["items"]} == {"kimi"}
    assert {row["verdict"] for row in get(arena, "/decisions?verdict=held")["items"]} <= {"held"}
    assert {row["state"] for row in get(arena, "/trades?state=open")["items"]} <= {"open"}
    assert {row["cycle_id"] for row in get(arena, "/conversations?cycle=2")["items"]} == {2}


def test_a_paused_contestant_is_not_asked_and_a_resumed_one_is(arena):
    assert arena.ask("/api/v1/models/kimi/pause", "POST")[0] == 200
    newest = get(arena, "/cycles")["items"][0]["id"]
    arena.cycles_done(newest + 2)
    last = get(arena, f"/cycles/{get(arena, '/cycles?state=done')['items'][0]['id']}")
    assert "kimi" not in {turn["contestant_id"] for turn in last["turns"]}
    assert arena.ask("/api/v1/models/kimi/resume", "POST")[0] == 200


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/system/logs?level=LOUD", "level"),
        ("/system/logs?limit=0", "limit"),
        ("/system/logs?since=yesterday", "since"),
        ("/system/logs?since=2026-01-01T00:00:00", "since"),
        ("/trades?cursor=x", "cursor"),
        ("/decisions?verdict=maybe", "verdict"),
        ("/models/qwen3/equity?points=1", "points"),
        ("/prices/BTCUSDT/candles?timeframe=7m", "timeframe"),
        ("/cycles/abc", "cycle_id"),
        ("/trades/99999999999999999999", "trade_id"),
        ("/trades?cursor=99999999999999999999999", "cursor"),
        ("/decisions?cycle=99999999999999999999", "cycle"),
        ("/system/logs?since=0001-01-01T00:00:00%2B14:00", "since"),
        ("/models/qwen3/equity?from=9999-12-31T23:59:59-14:00", "from"),
    ],
)
def test_a_bad_parameter_is_a_422_that_names_it(arena, path, parameter):
    status, body = problem(arena, path)
    assert status == 422
    assert parameter in body["detail"]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}])
def test_writes_from_another_site_are_refused_and_reads_are_not(arena, headers):
    status, body = problem(arena, "/system/scheduler/stop", "POST", **headers)
    assert (status, body["title"]) == (403, "Cross-site request refused")
    assert arena.status()["scheduler_running"] is True
    assert arena.ask("/api/v1/system/status", **headers)[0] == 200


def test_events_say_what_happens(arena):
    with socket.create_connection(("127.0.0.1", arena.port), timeout=20) as line:
        line.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        heard = b""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not all(name in heard for name in (b"event: cycle", b"event: decision", b"event: price")):
            heard += line.recv(65_536)
    assert b"text/event-stream" in heard
    assert b"event: cycle" in heard
    assert b"event: decision" in heard


def test_the_reference_page_names_every_call_and_fetches_nothing(arena):
    status, page = arena.ask("/docs")
    document = arena.ask("/openapi.json")[1]
    assert status == 200
    assert all(f'id="{call["operationId"]}"' in page for methods in document["paths"].values() for call in methods.values())
    assert "src=" not in page
    assert 'href="http' not in page


def test_both_ports_serve_the_api_and_what_is_not_there_is_a_problem(arena):
    assert arena.ask("/api/v1/system/health", port=arena.web_port)[0] == 200
    assert problem(arena, "/nothing")[0] == 404
    assert problem(arena, "/system/status", "DELETE")[0] == 405
    for path in ("/api/v1/prices", "/docs", "/metrics", "/api/v1/system/health"):
        assert arena.ask(path, "HEAD") == (200, "")


def test_a_second_start_on_the_same_folder_is_refused_with_the_first_ones_pid(arena):
    with RunningArena(arena.folder) as second:
        assert second.process.wait(30) == 1
    assert f"pid {arena.process.pid}" in second.said


def test_with_an_admin_token_writes_need_it_and_it_is_seen_nowhere(tmp_path):
    with RunningArena(tmp_path, ADMIN_TOKEN=KEY, SANDBOX_SPEED="300") as arena:
        arena.cycles_done(1)
        assert problem(arena, "/system/scheduler/stop", "POST")[0] == 401
        assert problem(arena, "/system/scheduler/stop", "POST", Authorization="Bearer wrong")[0] == 401
        assert arena.ask("/api/v1/system/scheduler/stop", "POST", Authorization=f"Bearer {KEY}")[0] == 200
        assert KEY not in json.dumps(
            [arena.ask(path) for path in ("/api/v1/system/status", "/api/v1/system/logs?limit=500", "/openapi.json")]
        )
        assert arena.stop() == 0
    assert KEY not in arena.said
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())
