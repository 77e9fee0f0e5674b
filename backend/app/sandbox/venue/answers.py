"""What each of the venue's routes answers: a function from a visit to the `data` of the envelope. Knows no HTTP."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.sandbox.faults import FaultKind, Rule
from app.sandbox.prices.bars import DAY_MINUTES, MINUTE_MS
from app.sandbox.prices.contracts import Contract
from app.sandbox.prices.feed import Feed, Kind
from app.sandbox.prices.granularity import GRANULARITIES
from app.sandbox.venue import rows
from app.sandbox.venue.candles import window
from app.sandbox.venue.depth import LEVELS
from app.sandbox.venue.quotes import Sight, sight
from app.sandbox.venue.requests import INVALID, RANGE, UNKNOWN, Query, VenueRefusal
from app.sandbox.venue.spoil import spoiled_candle, spoiled_depth, spoiled_row

RECENT_LIMIT = 1000
HISTORY_LIMIT = 200
HISTORY_RANGE_MS = 90 * DAY_MINUTES * MINUTE_MS
CANDLES_DEFAULT = 100
DEPTH_LIMITS = {"1": 1, "5": 5, "15": 15, "50": 50, "max": LEVELS, "100": LEVELS}
PRECISIONS = frozenset({"", "scale0", "scale1", "scale2", "scale3"})


@dataclass(frozen=True, slots=True)
class Visit:
    """One request at market time `now_ms`, with the faults that strike it."""

    feed: Feed
    query: Query
    now_ms: int
    rules: Sequence[Rule]

    def listed(self) -> Mapping[str, Contract]:
        """Contracts the venue shows in this visit."""
        if not self.query.lists_usdt():
            return {}
        return {symbol: contract for symbol, contract in self.feed.contracts.items() if self._rule(FaultKind.MISSING, symbol) is None}

    def seen(self, symbol: str) -> Sight | None:
        """The contract now, or at the moment its route was frozen."""
        frozen = self._rule(FaultKind.FROZEN, symbol)
        return sight(self.feed, symbol, self.now_ms if frozen is None else frozen.since_ms)

    def one(self) -> Sight:
        """The contract that is asked for. Raises VenueRefusal."""
        contract = self.query.contract(self.listed())
        found = self.seen(contract.symbol)
        if found is None:
            raise VenueRefusal(UNKNOWN, f"Parameter {contract.symbol} does not exist")
        return found

    def every(self) -> list[Sight]:
        """All contracts that have a price."""
        return [found for symbol in self.listed() if (found := self.seen(symbol)) is not None]

    def row(self, symbol: str, row: dict[str, Any], spoil: Callable[..., Any] = spoiled_row) -> Any:
        """The row, or an absurd one where a fault says so."""
        absurd = self._rule(FaultKind.ABSURD, symbol)
        return row if absurd is None else spoil(row, absurd.value)

    def candles(self, found: list[list[str]], symbol: str) -> list[list[str]]:
        """Candle rows, absurd where a fault says so."""
        absurd = self._rule(FaultKind.ABSURD, symbol)
        return found if absurd is None else [spoiled_candle(row, absurd.value) for row in found]

    def _rule(self, kind: FaultKind, symbol: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.kind is kind and rule.symbol in (None, symbol)), None)


def server_time(visit: Visit) -> Any:
    return {"serverTime": str(visit.now_ms)}


def contracts(visit: Visit) -> Any:
    listed = visit.listed()
    if visit.query.values.get("symbol"):
        return [rows.contract_row(visit.query.contract(listed))]
    return [rows.contract_row(contract) for contract in listed.values()]


def tickers(visit: Visit) -> Any:
    return [visit.row(seen.contract.symbol, rows.ticker_row(seen)) for seen in visit.every()]


def ticker(visit: Visit) -> Any:
    seen = visit.one()
    return [visit.row(seen.contract.symbol, rows.ticker_row(seen))]


def symbol_price(visit: Visit) -> Any:
    seen = visit.one()
    return [visit.row(seen.contract.symbol, rows.symbol_price_row(seen))]


def recent_candles(visit: Visit) -> Any:
    name = visit.query.values.get("kLineType", "").lower() or Kind.LAST
    if name not in Kind.__members__.values():
        raise VenueRefusal(INVALID, "Parameter verification failed: kLineType must be MARKET, MARK or INDEX")
    return _candles(visit, Kind(name), RECENT_LIMIT)


def history_candles(visit: Visit) -> Any:
    return _history(visit, Kind.LAST)


def history_mark_candles(visit: Visit) -> Any:
    return _history(visit, Kind.MARK)


def history_index_candles(visit: Visit) -> Any:
    return _history(visit, Kind.INDEX)


def depth(visit: Visit) -> Any:
    limit = visit.query.values.get("limit", "").lower() or "100"
    if limit not in DEPTH_LIMITS or visit.query.values.get("precision", "") not in PRECISIONS:
        raise VenueRefusal(INVALID, "Parameter verification failed: limit is 1, 5, 15, 50 or max, precision scale0 to scale3")
    seen = visit.one()
    row = rows.depth_row(seen.depth(), seen.contract, DEPTH_LIMITS[limit])
    return visit.row(seen.contract.symbol, row, spoiled_depth)


def funding(visit: Visit) -> Any:
    sights = [visit.one()] if visit.query.values.get("symbol") else visit.every()
    return [visit.row(seen.contract.symbol, rows.funding_row(seen)) for seen in sights]


def funding_time(visit: Visit) -> Any:
    return [rows.funding_time_row(visit.one())]


def funding_history(visit: Visit) -> Any:
    size, page = visit.query.count("pageSize", 20, 100), visit.query.count("pageNo", 1, 10_000)
    seen = visit.one()
    return [visit.row(seen.contract.symbol, row) for row in rows.funding_history_rows(seen, size, page)]


def open_interest(visit: Visit) -> Any:
    return rows.open_interest_row(visit.one())


def tiers(visit: Visit) -> Any:
    return rows.tier_rows(visit.query.contract(visit.listed()))


def nothing(visit: Visit) -> Any:
    """Spot and margin are not played; their lists are empty."""
    _ = visit
    return []


def _history(visit: Visit, kind: Kind) -> Any:
    start, end = visit.query.moment("startTime"), visit.query.moment("endTime")
    if start is not None and end is not None and end - start > HISTORY_RANGE_MS:
        raise VenueRefusal(RANGE, "The time range between startTime and endTime must not exceed 90 days")
    return _candles(visit, kind, HISTORY_LIMIT)


def _candles(visit: Visit, kind: Kind, most: int) -> Any:
    query = visit.query
    granularity = GRANULARITIES.get(query.text("granularity"))
    if granularity is None:
        raise VenueRefusal(INVALID, f"Parameter verification failed: granularity is one of {', '.join(GRANULARITIES)}")
    limit = query.count("limit", CANDLES_DEFAULT, most)
    start, end = query.moment("startTime"), query.moment("endTime")
    if start is not None and end is not None and start > end:
        raise VenueRefusal(RANGE, "startTime must not be later than endTime")
    seen = visit.one()
    if most == RECENT_LIMIT:
        oldest = seen.as_of_ms - granularity.recent_days * DAY_MINUTES * MINUTE_MS
        start = oldest if start is None else max(start, oldest)
    bars = window(seen.line(kind), granularity, start, seen.as_of_ms + 1 if end is None else end, limit)
    return visit.candles(rows.candle_rows(bars, seen.contract), seen.contract.symbol)
