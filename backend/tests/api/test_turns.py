"""A cycle and its conversations as the API tells them: what was sent and received, to the byte, and what was done to it."""

import base64
import json
from datetime import datetime, timedelta

import pytest

from app.agents.baselines import Baseline
from app.cycle.parts import Contestant
from app.llm.outcome import Failure, FailureKind
from app.store.calls import NewCall, save_calls
from tests.api.served import got, served
from tests.cycle.stage import BEGIN, FIVE, Script, open_action

HTML = '<script>alert(1)</script><img src=x onerror="alert(2)">'
LATER = BEGIN + FIVE


def said(*actions, summary="s"):
    return json.dumps({"summary": summary, "actions": list(actions)})


def cash():
    return Contestant("cash", "Cash", "baseline", "cash", "en", None, baseline=Baseline.CASH)


async def call_of(client, conversation_id, number=1):
    return next(one for one in (await got(client, f"/conversations/{conversation_id}"))["calls"] if one["number"] == number)


async def turn_of(client, name, cycle=1):
    return next(one for one in (await got(client, f"/cycles/{cycle}"))["turns"] if one["contestant_id"] == name)


async def test_raw_bytes_are_those_of_the_json_and_can_never_be_a_page(database):
    async with served(database, {"a": Script([said({"action": "hold", "reason": "r"}, summary=HTML)])}) as (stage, client):
        await stage.cycle()
        conversation = (await turn_of(client, "a"))["conversation_id"]
        call = await call_of(client, conversation)
        for side in ("sent", "received"):
            raw = await client.get(f"/api/v1/conversations/{conversation}/calls/1/{side}")
            assert (call[f"{side}_encoding"], raw.content) == ("utf-8", call[side].encode())
            assert raw.headers["content-type"] == "text/plain; charset=utf-8"
            assert raw.headers["x-content-type-options"] == "nosniff"
            assert raw.headers["content-security-policy"] == "sandbox; default-src 'none'"
        sent = json.loads(call["sent"])
        assert sent["messages"] == stage.parts.contestants[0].host.asked[0]
        assert HTML in json.loads(json.loads(call["received"])["choices"][0]["message"]["content"])["summary"]


async def test_bytes_that_are_no_text_come_as_base64_in_json_and_as_they_are_alone(database):
    async with served(database, {"a": Script()}) as (stage, client):
        await stage.cycle()
        conversation = (await turn_of(client, "a"))["conversation_id"]
        garbage = b"\xff\xfe\x00<html>"
        broken = NewCall(number=2, purpose="retry", started_at=BEGIN, ended_ms=3, sent=b"{}", received=garbage)
        async with database.writing() as connection:
            await save_calls(connection, conversation, "a", [broken])
        call = await call_of(client, conversation, 2)
        assert (call["received_encoding"], base64.b64decode(call["received"])) == ("base64", garbage)
        raw = await client.get(f"/api/v1/conversations/{conversation}/calls/2/received")
        assert raw.content == garbage


@pytest.mark.parametrize("path", ["/conversations/9", "/conversations/9/calls/1/sent", "/conversations/1/calls/7/received", "/cycles/9"])
async def test_what_is_not_there_is_a_404_that_says_so(database, path):
    async with served(database, {"a": Script()}) as (stage, client):
        await stage.cycle()
        answer = await client.get(f"/api/v1{path}")
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith("no ")


async def test_everybody_shares_one_market_text_and_keeps_a_part_of_its_own(database):
    async with served(database, {"a": Script(), "b": Script()}) as (stage, client):
        await stage.cycle()
        turns = [await turn_of(client, name) for name in ("a", "b")]
        assert len({one["market_hash"] for one in turns}) == len({one["prompt_hash"] for one in turns}) == 1
        assert len({one["template_hash"] for one in turns}) == 1
        for turn in turns:
            talk = await got(client, f"/conversations/{turn['conversation_id']}")
            system, user = talk["messages"]
            assert (system["role"], user["role"]) == ("system", "user")
            assert user["content"].startswith(talk["market"])
            assert len(user["content"]) > len(talk["market"])
            assert (talk["template"], talk["calls"][0]["purpose"]) == ("tiltyard@1", "ask")


async def test_asked_and_answered_times_stand_beside_one_common_deadline(database):
    async with served(database, {"a": Script(), "b": Script()}) as (stage, client):
        await stage.cycle()
        turns = (await got(client, "/cycles/1"))["turns"]
        assert len({(one["asked_at"], one["deadline_at"]) for one in turns}) == 1
        asked, deadline = (datetime.fromisoformat(turns[0][name]) for name in ("asked_at", "deadline_at"))
        assert timedelta(0) < deadline - asked <= timedelta(seconds=stage.parts.deadline_seconds)
        assert all(asked <= datetime.fromisoformat(one["answered_at"]) <= deadline for one in turns)


async def test_a_repair_and_a_refusal_stand_with_before_and_after(database):
    fenced = f"```json\n{said(open_action(leverage=5), open_action(symbol='NOPEUSDT'))}\n```"
    async with served(database, {"a": Script([fenced])}) as (stage, client):
        await stage.cycle()
        turn = await turn_of(client, "a")
        assert (turn["verdict"], turn["outcome"]) == ("reject_action", "traded")
        assert [(one["kind"], one["code"]) for one in turn["events"]] == [("repair", "FENCED")]
        opened, refused = turn["decisions"]
        assert (opened["verdict"], opened["refused_by"], len(opened["fills"])) == ("accepted", None, 1)
        assert (refused["verdict"], refused["refused_by"], refused["code"]) == ("refused", "reading", "UNKNOWN_SYMBOL")
        assert [one["kind"] for one in refused["events"]] == ["refusal"]
        page = await got(client, "/models/a/events?kind=repair")
        assert [one["code"] for one in page["items"]] == ["FENCED"]


async def test_a_failed_call_shows_as_failed_with_its_code_and_holds(database):
    failure = Failure(FailureKind.OVERLOADED, "503", "nothing to do", http_status=503)
    async with served(database, {"a": Script([failure])}) as (stage, client):
        await stage.cycle()
        turn = await turn_of(client, "a")
        assert (turn["outcome"], turn["code"]) == ("failed", "OVERLOADED")
        assert [(one["action"], one["verdict"]) for one in turn["decisions"]] == [("hold", "held")]
        assert [one["kind"] for one in turn["events"]] == ["failed"]


async def test_cycles_link_to_their_neighbours(database):
    async with served(database, {"a": Script()}) as (stage, client):
        await stage.cycle()
        await stage.cycle(LATER)
        first, second = await got(client, "/cycles/1"), await got(client, "/cycles/2")
        assert (first["previous_id"], first["next_id"]) == (None, 2)
        assert (second["previous_id"], second["next_id"]) == (1, None)


async def test_standings_tell_conduct_and_cost_and_a_baseline_costs_nothing(database):
    scripts = {"a": Script([f"```json\n{said()}\n```"], usage={"prompt_tokens": 1000, "completion_tokens": 10}), "cash": cash()}
    async with served(database, scripts) as (stage, client):
        await stage.cycle()
        await stage.cycle(LATER)
        rows = {one["contestant"]["id"]: one for one in (await got(client, "/leaderboard"))["standings"]}
        assert (rows["a"]["turns"], rows["a"]["compliance_rate"], rows["a"]["intervention_rate"]) == (2, 0.5, 0.5)
        assert (rows["a"]["api_cost_usd"], rows["a"]["equity_net_of_api"], rows["a"]["unpriced_calls"]) == (None, None, 2)
        assert (rows["cash"]["contestant"]["kind"], rows["cash"]["api_cost_usd"]) == ("baseline", "0")
        assert rows["cash"]["equity_net_of_api"] == rows["cash"]["equity"]


async def test_the_operator_pauses_resumes_and_limits_one_contestant(database):
    async with served(database, {"a": Script(), "b": Script()}) as (stage, client):
        assert (await client.post("/api/v1/models/a/pause")).json()["contestant"]["state"] == "paused"
        assert (await client.post("/api/v1/models/a/pause")).status_code == 200
        await stage.cycle()
        assert [one["contestant_id"] for one in (await got(client, "/cycles/1"))["turns"]] == ["b"]
        assert (await client.post("/api/v1/models/a/resume")).json()["contestant"]["state"] == "active"
        assert (await client.post("/api/v1/models/a/entries/stop")).json()["contestant"]["close_only"] is True
        await stage.cycle(LATER)
        assert (await turn_of(client, "a", 2))["close_only"] is True
        assert (await client.post("/api/v1/models/a/entries/resume")).json()["contestant"]["close_only"] is False
        kinds = [one["kind"] for one in (await got(client, "/models/a/events"))["items"]]
        assert kinds == ["resumed", "close_only", "resumed", "paused"]
        assert (await client.post("/api/v1/models/nobody/pause")).status_code == 404


async def test_a_position_is_closed_by_the_operator_but_not_while_a_cycle_runs(database):
    async with served(database, {"a": Script([[open_action()]])}) as (stage, client):
        await stage.cycle()
        close = "/api/v1/models/a/positions/BTCUSDT/close"
        async with stage.parts.running:
            assert (await client.post(close)).status_code == 409
        closed = await client.post(close)
        assert (closed.status_code, closed.json()["positions"]) == (200, [])
        cycle = await got(client, "/cycles/2")
        assert cycle["kind"] == "operator"
        (turn,) = cycle["turns"]
        assert (turn["asked_at"], turn["conversation_id"]) == (None, None)
        assert "forced_exit" in [one["kind"] for one in turn["events"] + turn["decisions"][0]["events"]]
        assert (await client.post(close)).status_code == 404
