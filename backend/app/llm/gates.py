"""How many requests may be under way at one provider: accounts have limits, and what goes over them is refused.

A host that hangs holds places of its own provider only. Waiting is the caller's to bound; knows nothing of deadlines.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from app.llm.profile import Profile

Gate = AbstractAsyncContextManager[None]

OPEN: Gate = nullcontext()
"""A gate that nobody waits at."""


class Gates:
    """Places per provider, handed out in the order of asking. A provider without a limit lets everybody through at once.

    Raises ValueError for a limit below 1.
    """

    __slots__ = ("_gates", "limits")

    def __init__(self, limits: Mapping[str, int]) -> None:
        wrong = [f"{name} = {limit}" for name, limit in limits.items() if limit < 1]
        if wrong:
            raise ValueError(f"a provider needs at least one place: {', '.join(wrong)}")
        self.limits = dict(limits)
        self._gates: dict[str, Gate] = {name: asyncio.Semaphore(limit) for name, limit in limits.items()}

    def of(self, provider: str) -> Gate:
        """The gate of a provider, to be entered for as long as a request is under way."""
        return self._gates.get(provider, OPEN)


def gate_limits(profiles: Mapping[str, Profile], chosen: Mapping[str, int]) -> dict[str, int]:
    """Places by provider name: what the operator chose, else what the profile knows of the provider's smallest account."""
    known = {name: profile.concurrency for name, profile in profiles.items() if profile.concurrency is not None}
    return {**known, **chosen}
