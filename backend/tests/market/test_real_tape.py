"""The venue adapter on a month of recorded prices, played by the local venue."""

from datetime import timedelta

import pytest

from app.engine.clock import Clock
from app.engine.market import Quote
from app.market.ccxt_venue import CcxtVenue
from app.sandbox.prices.tape import tape_span
from app.sandbox.serve import running_sandbox
from app.sandbox.server import SandboxConfig
from tests.reference_data import REAL_DIR

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT")
TAPE = REAL_DIR / "market"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not TAPE.is_dir(), reason=f"no recorded market at {TAPE}: set REAL_DIR to the folder that holds it"),
]


@pytest.mark.parametrize("hours", [0.2, 330])
async def test_no_recorded_price_is_called_unsound(hours):
    begins, _ = tape_span(TAPE)
    now = [begins + timedelta(hours=hours)]
    clock = Clock(lambda: now[0], begins, begins)
    with running_sandbox(SandboxConfig(tape=TAPE), clock) as sandbox:
        venue = CcxtVenue("bitget", SYMBOLS, clock, base_url=sandbox.venue_url)
        await venue.load()
        last: dict[str, Quote] = {}
        for _ in range(30):
            snapshot = await venue.see(now[0], last)
            assert {symbol: view.unusable for symbol, view in snapshot.symbols.items()} == dict.fromkeys(SYMBOLS)
            last = {symbol: view.quote for symbol, view in snapshot.symbols.items() if view.quote is not None}
            now[0] += timedelta(minutes=5)
        await venue.close()


async def test_after_its_end_a_tape_is_frozen_and_nobody_may_trade():
    begins, ends = tape_span(TAPE)
    now = [ends - timedelta(minutes=1)]
    clock = Clock(lambda: now[0], begins, begins)
    with running_sandbox(SandboxConfig(tape=TAPE), clock) as sandbox:
        venue = CcxtVenue("bitget", SYMBOLS, clock, base_url=sandbox.venue_url)
        await venue.load()
        assert set((await venue.see(now[0], {})).marks) == set(SYMBOLS)
        now[0] = ends + timedelta(minutes=10)
        assert (await venue.see(now[0], {})).marks == {}
        assert await venue.books(SYMBOLS) == {}
        await venue.close()
