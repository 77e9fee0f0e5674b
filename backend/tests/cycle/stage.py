"""A small arena for the tests of cycles: the local venue, scripted models at the rim, and a market time that a test moves by hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from app.cycle.arrange import Terms, arrange_season
from app.cycle.look import look
from app.cycle.parts import Contestant, Parts
from app.cycle.recover import recover
from app.cycle.run_cycle import run_cycle
from app.engine.clock import Clock
from app.engine.rules import Rules
from app.llm.outcome import Answer, Call, Failure, Reply
from app.llm.profiles import PROFILES
from app.market.ccxt_venue import CcxtVenue
from app.replay.stored import replay_stored
from app.replay.verify import verify
from app.sandbox.serve import running_sandbox
from app.sandbox.state import SandboxConfig
from app.store import seasons
from app.store.checks import check_books

SYMBOLS = ("BTCUSDT", "ETHUSDT")
BEGIN = datetime(2026, 1, 5, 6, 0, 3, tzinfo=UTC)
FIVE = timedelta(minutes=5)


def open_action(side="open_long", symbol="BTCUSDT", notional=1000, leverage=5, stop=None, target=None):
    return {
        "action": side,
        "symbol": symbol,
        "notional_usdt": notional,
        "leverage": leverage,
        "stop_loss": stop,
        "take_profit": target,
        "reason": "r",
    }


@dataclass
class Script:
    """A model at the rim: gives its next list of actions each time it is asked, then holds. A text is said as it is, a failure is one.

    `usage` is what each call says it used; `asked` keeps the messages of every question.
    """

    turns: list = field(default_factory=list)
    usage: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    seconds: float = 0.0

    async def ask(self, messages, deadline_seconds):
        self.asked.append(messages)
        if self.seconds:
            await asyncio.sleep(self.seconds)
        said = self.turns.pop(0) if self.turns else []
        if isinstance(said, Failure):
            return said
        text = said if isinstance(said, str) else json.dumps({"summary": "s", "actions": said})
        return Answer(Reply(text, finish_reason="stop", http_status=200, usage=self.usage), calls=(self._call(messages, text),))

    def _call(self, messages, text):
        sent = json.dumps({"model": "m", "messages": messages}, ensure_ascii=False, separators=(",", ":")).encode()
        received = json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": self.usage}).encode()
        return Call(
            number=1,
            sent=sent,
            received=received,
            url="http://script/v1",
            http_status=200,
            content_type="application/json",
            request_id=None,
            started_ms=0,
            first_byte_ms=1,
            ended_ms=2,
            finish_reason="stop",
            model="m",
            usage=self.usage,
            failure=None,
            message=None,
        )


class Hand:
    """A clock that stands until it is moved."""

    def __init__(self, at=BEGIN):
        self.at = at

    @property
    def clock(self):
        return Clock(lambda: self.at, BEGIN, BEGIN)


@dataclass
class Stage:
    """The arena's parts, its clock's hand, and the venue's faults."""

    parts: Parts
    hand: Hand
    sandbox: object

    async def cycle(self, at=None):
        """One cycle at the five minutes that `at` (default: now) lies in."""
        self.hand.at = at or self.hand.at
        now = self.hand.at
        return await run_cycle(self.parts, now - timedelta(minutes=now.minute % 5, seconds=now.second), "scheduled")

    async def look(self, at):
        self.hand.at = at
        async with self.parts.turnstile:
            return await look(self.parts)

    async def restart(self, at):
        """As a start does it: a new process that remembers nothing closes, loads and catches up."""
        self.hand.at = at
        self.parts = replace(self.parts, latest=type(self.parts.latest)())
        await recover(self.parts)
        async with self.parts.turnstile:
            return await look(self.parts)

    async def findings(self):
        async with self.parts.database.reading() as connection:
            return await check_books(connection)

    async def differences(self):
        """What a replay of what is stored finds different."""
        return (await self.compared()).differences

    async def compared(self):
        async with self.parts.database.reading() as connection:
            season = await seasons.current_season(connection)
            (lane,) = await replay_stored(connection, season)
            return await verify(connection, lane.runners)


@asynccontextmanager
async def staged(database, scripts, *, rules=None, tape=None, at=BEGIN, symbols=SYMBOLS, **parts_too) -> AsyncIterator[Stage]:
    """An arena whose contestants, named by the keys, follow scripts."""
    hand = Hand(at)
    with running_sandbox(SandboxConfig(seed=7, tape=tape, model_latency_scale=0.0), hand.clock) as sandbox:
        venue = CcxtVenue("bitget", symbols, hand.clock, base_url=sandbox.venue_url)
        await venue.load()
        players = tuple(
            script if isinstance(script, Contestant) else Contestant(name, name, "openai", "m", "en", script, profile=PROFILES["openai"])
            for name, script in scripts.items()
        )
        terms = Terms("demo", symbols, 5, "10000", 20, "0.0005", "tiltyard@1")
        season = await arrange_season(database, terms, players, hand.at)
        parts = Parts(hand.clock, database, venue, symbols, players, season.id, rules or Rules(), 8.0, 1, **parts_too)
        try:
            yield Stage(parts, hand, sandbox)
        finally:
            await venue.close()
