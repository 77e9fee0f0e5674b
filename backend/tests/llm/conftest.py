"""Connections that a test's clients share, closed afterwards."""

from collections.abc import AsyncIterator

import pytest

from app.llm.pool import ConnectionPool


@pytest.fixture
async def pool() -> AsyncIterator[ConnectionPool]:
    shared = ConnectionPool()
    yield shared
    await shared.aclose()
