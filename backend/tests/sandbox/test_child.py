"""The sandbox started by the arena: its clock goes on where it was, whatever happened in between."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.sandbox.child import CLOCK_FILE, SandboxStartError, start_sandbox
from tests.sandbox.conftest import ask

LATER = datetime(2030, 1, 1, tzinfo=UTC)


async def started_and_stopped(folder, *, speed=1, tape=None):
    child = await start_sandbox(folder, speed=speed, tape=tape, real_now=lambda: LATER)
    assert ask(f"{child.venue_url}/sandbox/state").json["speed"] == speed
    assert ask(f"{child.models_url}/models", Authorization="Bearer demo").status == 200
    await child.stop()
    await child.stop()
    assert child.process.returncode == 0
    return child.clock


async def test_a_restart_goes_on_with_the_clock_of_the_folder(tmp_path):
    first = await started_and_stopped(tmp_path, speed=300)
    second = await started_and_stopped(tmp_path, speed=300)
    assert (first.market_origin, first.real_origin) == (second.market_origin, second.real_origin)


async def test_another_speed_goes_on_from_the_time_that_was_reached(tmp_path):
    first = await started_and_stopped(tmp_path, speed=300)
    second = await started_and_stopped(tmp_path, speed=1)
    assert second.market_time(LATER) == first.market_time(LATER)
    assert second.market_time(LATER + timedelta(seconds=9)) - second.market_time(LATER) == timedelta(seconds=9)


async def test_another_market_in_the_same_folder_is_refused(tmp_path):
    await started_and_stopped(tmp_path)
    with pytest.raises(SandboxStartError, match="holds a demo played on the synthetic market"):
        await start_sandbox(tmp_path, speed=1, tape=tmp_path, real_now=lambda: LATER)


async def test_what_the_sandbox_refuses_is_said_in_its_words(tmp_path):
    with pytest.raises(SandboxStartError, match=r"has no candles_1m\.parquet"):
        await start_sandbox(tmp_path, speed=1, tape=tmp_path, real_now=lambda: LATER)
    assert not (tmp_path / CLOCK_FILE).exists()


async def test_a_sandbox_that_dies_is_started_again_on_the_same_port_with_the_same_clock(tmp_path):
    child = await start_sandbox(tmp_path, speed=1, tape=None, real_now=lambda: LATER)
    before = ask(f"{child.venue_url}/api/v2/public/time").json["data"]
    first = child.process
    first.kill()
    async with asyncio.timeout(20):
        while child.process is first:
            await asyncio.sleep(0.02)
    after = ask(f"{child.venue_url}/api/v2/public/time").json["data"]
    await child.stop()
    assert int(after["serverTime"]) >= int(before["serverTime"])
    assert child.process.returncode == 0


async def test_a_damaged_clock_is_named(tmp_path):
    (tmp_path / CLOCK_FILE).write_text("{")
    with pytest.raises(SandboxStartError, match=CLOCK_FILE):
        await start_sandbox(tmp_path, speed=1, tape=None, real_now=lambda: LATER)
