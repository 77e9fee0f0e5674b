"""A client made with short pauses, and what it gets from a host with given answers."""

import random

from app.llm.client import ChatClient
from app.llm.outcome import Answer, Failure
from app.llm.profiles import COMPATIBLE
from tests.llm.hosts import host

KEY = "sk-planted-4f9d2c7b1e"
MESSAGES = [{"role": "system", "content": "You trade."}, {"role": "user", "content": "Answer in json. 中文"}]


def client(pool, url, profile=COMPATIBLE, **named):
    named = {"api_key": KEY, "model": "m-1", "first_pause_seconds": 0.01, **named}
    return ChatClient(profile, pool, chance=random.Random(1), base_url=url, **named)


async def asked(pool, *answers, profile=COMPATIBLE, seconds=5, **named):
    async with host(*answers) as served:
        return await client(pool, served.url, profile, **named).ask(MESSAGES, seconds)


async def answered(pool, *answers, **named) -> Answer:
    outcome = await asked(pool, *answers, **named)
    assert isinstance(outcome, Answer), outcome
    return outcome


async def failed(pool, *answers, **named) -> Failure:
    outcome = await asked(pool, *answers, **named)
    assert isinstance(outcome, Failure), outcome
    return outcome
