"""A sandbox on a free port whose market stands still until a test moves it, and ccxt unmodified but for where it asks."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import ccxt.async_support as ccxt
import pytest
import pytest_asyncio

from app.engine.clock import Clock
from app.sandbox.serve import running_sandbox
from app.sandbox.server import SandboxConfig

NOON = datetime(2026, 3, 4, 12, 0, 30, tzinfo=UTC)


@dataclass
class Hand:
    """Real time as a test wants it."""

    time: datetime = NOON
    clock: Clock = field(init=False)

    def __post_init__(self):
        self.clock = Clock(lambda: self.time, NOON, NOON)

    def forward(self, **spans):
        self.time += timedelta(**spans)


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


def ask(url, method="GET", body=None, **headers):
    """One HTTP exchange, error statuses included."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return Answer(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), error.read())


def market(running, call, **query):
    """`data` of a call of the venue's futures market."""
    answer = raw_market(running, call, **query)
    assert answer.status == 200, answer.body
    return answer.json["data"]


def raw_market(running, call, **query):
    return ask(f"{running.venue_url}/api/v2/mix/market/{call}?{urlencode({'productType': 'USDT-FUTURES', **query})}")


@pytest.fixture(scope="module")
def hand():
    return Hand()


@pytest.fixture(scope="module")
def sandbox(hand):
    with running_sandbox(SandboxConfig(seed=7, model_latency_scale=0), hand.clock) as running:
        yield running


@pytest.fixture
def healed(sandbox):
    """The sandbox, with no fault left on afterwards."""
    yield sandbox
    sandbox.heal()


def pointed_at(url, hand):
    """ccxt's bitget, asking elsewhere and living in the market's time."""
    exchange = ccxt.bitget({"enableRateLimit": False, "options": {"defaultType": "swap", "fetchMarkets": {"types": ["swap"]}}})
    exchange.number = str
    exchange.urls["api"] = dict.fromkeys(exchange.urls["api"], url)
    exchange.milliseconds = lambda: round(hand.time.timestamp() * 1000)
    return exchange


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(sandbox, hand):
    """Closing ccxt takes a quarter of a second, so a module shares one."""
    made = pointed_at(sandbox.venue_url, hand)
    yield made
    await made.close()
