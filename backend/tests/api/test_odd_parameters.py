"""Ids and names as nobody writes them: each call answers that there is no such thing, or what is wrong with it; none breaks."""

import pytest

from tests.api.served import served
from tests.cycle.stage import Script

pytestmark = pytest.mark.asyncio

NAMES = ("%00", "a%00b", "%ED%A0%80", "x" * 5000, "..%2f..", "%27%20OR%201=1", "%F0%9F%92%A9", "nobody")
NUMBERS = ("0", "-1", "9223372036854775807", "9223372036854775808", "1e3", "0x1", "%00", "１", "null", "1" * 400)
READS = (
    "/models/{name}",
    "/models/{name}/events",
    "/models/{name}/equity",
    "/conversations?contestant={name}",
    "/decisions?contestant={name}",
    "/trades?contestant={name}",
    "/system/logs?contestant={name}",
    "/models/a/events?kind={name}",
    "/models/a/funding?symbol={name}",
)
COUNTED = (
    "/conversations/{number}",
    "/conversations/{number}/calls/1/sent",
    "/conversations/1/calls/{number}/received",
    "/cycles/{number}",
    "/decisions/{number}",
    "/conversations?cycle={number}",
    "/conversations?cursor={number}",
    "/conversations?limit={number}",
)
WRITES = ("/pause", "/resume", "/entries/stop", "/entries/resume", "/positions/BTCUSDT/close")


async def test_no_odd_name_or_number_breaks_a_call(database):
    async with served(database, {"a": Script()}) as (stage, client):
        await stage.cycle()
        asked = [path.format(name=name) for path in READS for name in NAMES] + [
            path.format(number=number) for path in COUNTED for number in NUMBERS
        ]
        answers = {path: (await client.get(f"/api/v1{path}")).status_code for path in asked}
        assert {path: status for path, status in answers.items() if status not in {200, 404, 422}} == {}


async def test_every_write_of_the_operator_needs_the_token_and_comes_from_the_arenas_own_pages(database):
    async with served(database, {"a": Script()}) as (stage, client):
        await stage.cycle()
        application = client._transport.app
        application.state.arena.admin_token = "secret"
        own = {"authorization": "Bearer secret"}
        for path in WRITES:
            call = f"/api/v1/models/a{path}"
            assert (await client.post(call)).status_code == 401
            assert (await client.post(call, headers={"authorization": "Bearer wrong"})).status_code == 401
            assert (await client.post(call, headers={**own, "sec-fetch-site": "cross-site"})).status_code == 403
            assert (await client.post(call, headers={**own, "origin": "https://elsewhere.example"})).status_code == 403
            assert (await client.post(call, headers={**own, "host": "elsewhere.example"})).status_code == 403
            assert (await client.post(call, headers=own)).status_code in {200, 404}
        for name in NAMES:
            for path in WRITES:
                assert (await client.post(f"/api/v1/models/{name}{path}", headers=own)).status_code == 404
        assert (await client.post("/api/v1/models/a/positions/%00/close", headers=own)).status_code == 404
