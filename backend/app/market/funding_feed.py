"""Settled funding rates from the venue, page by page. An instant is the nearest whole second; a rate is kept digit for digit."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from app.engine.funding import Settlement
from app.market.ccxt_line import CcxtLine
from app.market.ccxt_rows import funding_rate
from app.market.contracts import Contract
from app.market.venue import VenueGarbledError
from app.market.wire import EPOCH, milliseconds, number

PAGE_ROWS = 100
PAGES_MAX = 200
"""More than a year of hourly settlements."""

NUMBERED_PAGES = frozenset({"bitget"})
"""Venues that give numbered pages, newest first; the others start at a given time and go forward."""

JITTER = timedelta(seconds=1)


class FundingFeed:
    """Asks for the settlements of one contract."""

    def __init__(self, line: CcxtLine) -> None:
        self._line = line

    async def history(self, contract: Contract, since: datetime, until: datetime) -> tuple[Settlement, ...]:
        """Settlements after `since`, up to and including `until`, oldest first; none of a contract without funding. Raises VenueError."""
        exchange = await self._line.open()
        numbered = exchange.id in NUMBERED_PAGES
        found = await (self._backward(contract, since) if numbered else self._forward(contract, since, until))
        symbol = contract.instrument.symbol
        if not found and numbered and await self._charges(contract):
            # ccxt reads any broken answer as no rows at all.
            raise VenueGarbledError(f"the venue tells a funding rate of {symbol}, but none that was settled")
        return tuple(Settlement(symbol, at, found[at]) for at in sorted(found) if since < at <= until)

    async def _backward(self, contract: Contract, since: datetime) -> dict[datetime, Decimal]:
        found: dict[datetime, Decimal] = {}
        for page in range(1, PAGES_MAX + 1):
            rows = await self._page(contract, None, {"pageNo": page})
            earliest = _take(found, rows)
            if len(rows) < PAGE_ROWS or earliest is None or earliest <= since:
                break
        return found

    async def _forward(self, contract: Contract, since: datetime, until: datetime) -> dict[datetime, Decimal]:
        found: dict[datetime, Decimal] = {}
        start = since - JITTER
        for _ in range(PAGES_MAX):
            known = len(found)
            rows = await self._page(contract, milliseconds(start), {})
            _take(found, rows)
            if len(found) == known or max(found) >= until:
                break
            start = max(found) + JITTER
        return found

    async def _charges(self, contract: Contract) -> bool:
        row: Mapping[str, Any] = await self._line.ask(
            f"funding rate of {contract.instrument.symbol}", "fetch_funding_rate", contract.venue_symbol
        )
        return funding_rate(row.get("fundingRate")) is not None

    async def _page(self, contract: Contract, since: int | None, params: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        what = f"funding rates of {contract.instrument.symbol}"
        rows: Sequence[Mapping[str, Any]] = await self._line.ask(
            what, "fetch_funding_rate_history", contract.venue_symbol, since, PAGE_ROWS, params=dict(params)
        )
        return rows


def _take(found: dict[datetime, Decimal], rows: Sequence[Mapping[str, Any]]) -> datetime | None:
    """Add rows; the earliest instant among them. Raises VenueGarbledError for one that can't be read, or two rates of one instant."""
    instants: list[datetime] = []
    for row in rows:
        at, rate = _instant(row.get("timestamp")), funding_rate(row.get("fundingRate"))
        if at is None or rate is None:
            raise VenueGarbledError(f"the funding rate {row.get('info', row)!s:.120} can't be read")
        if found.setdefault(at, rate) != rate:
            raise VenueGarbledError(f"two funding rates for {at:%Y-%m-%d %H:%M:%S} UTC: {found[at]} and {rate}")
        instants.append(at)
    return min(instants, default=None)


def _instant(stamp: object) -> datetime | None:
    """Venues stamp a settlement a few milliseconds late: its name is the nearest second."""
    found = number(stamp)
    if found is None or found <= 0 or found.adjusted() > 13:  # noqa: PLR2004 - milliseconds until the year 5138
        return None
    return EPOCH + timedelta(seconds=(int(found) + 500) // 1000)
