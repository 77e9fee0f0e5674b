import asyncio

import pytest

from app.llm.turnstile import Turnstile


async def test_of_many_that_are_ready_at_once_one_gets_through_per_round_of_the_loop():
    turnstile, rounds, seen = Turnstile(), 0, []

    async def count():
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    async def work(number):
        async with turnstile:
            seen.append((rounds, number))

    counting = asyncio.create_task(count())
    await asyncio.gather(*(work(number) for number in range(20)))
    counting.cancel()
    assert [number for _, number in seen] == list(range(20))
    assert len({at for at, _ in seen}) == 20


async def test_whoever_is_called_off_while_passing_lets_the_next_one_in():
    turnstile = Turnstile()

    async def work():
        async with turnstile:
            asyncio.current_task().cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    async with asyncio.timeout(1), turnstile:
        pass
