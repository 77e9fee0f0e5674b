"""One open line to one exchange through ccxt: made late, asked with patience for exactly one hiccup, errors in our own words.

Knows ccxt's errors and settings, not what its answers mean. Sends no orders and holds no credentials.
"""

import asyncio
import difflib
import importlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog

from app.engine.clock import Clock
from app.market.venue import (
    UnknownVenueError,
    VenueError,
    VenueGarbledError,
    VenueRefusedError,
    VenueSlowError,
    VenueUnreachableError,
)
from app.market.wire import milliseconds

SECOND_TRY_AFTER_SECONDS = 0.3
MESSAGE_CHARACTERS_MAX = 300
SUGGESTIONS = ("bitget", "okx", "binanceusdm", "mexc")
"""Venues with linear USDT perpetuals whose tickers carry their time; the first is what this is tested against."""

KEY_NEEDED = "key needed"
"""Code of a refusal because the call is for account holders only."""

Answer = TypeVar("Answer")

log = structlog.get_logger()

_OPTIONS: dict[str, dict[str, Any]] = {
    # Spot and margin lists are megabytes that nobody here reads.
    "bitget": {"fetchMarkets": {"types": ["swap"]}},
}
_HTTP_STATUS = re.compile(r"https?://\S+ (\d{3}) ")
_BODY_CODE = re.compile(r'"code"\s*:\s*"?(\w+)')
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class CcxtLine:
    """Asks `exchange_id` (a ccxt id) with at most `request_seconds_max` per request. `base_url` sends its requests elsewhere.

    ccxt compares candle times with its own idea of now; it is given the market's, which is not the wall's when a sandbox is played.
    """

    def __init__(self, exchange_id: str, clock: Clock, *, base_url: str | None, request_seconds_max: float) -> None:
        self._id = exchange_id
        self._clock = clock
        self._base_url = base_url
        self._request_seconds_max = request_seconds_max
        self._ccxt: Any = None
        self._exchange: Any = None
        self._opening = asyncio.Lock()

    async def open(self) -> Any:
        """The ccxt exchange, made on first use. Raises UnknownVenueError."""
        async with self._opening:
            if self._exchange is None:
                # The import takes three seconds and 80 MB: in a thread, the arena answers meanwhile, and never before a venue is needed.
                self._ccxt = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
                self._exchange = self._made()
        return self._exchange

    async def ask(self, what: str, method: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of the exchange, once more if the line breaks. `what` names it in errors. Raises VenueError."""
        exchange = await self.open()
        try:
            return await self._translated(what, getattr(exchange, method), *arguments, **named)
        except VenueUnreachableError as error:
            log.info("venue_asked_again", venue=self._id, what=what, why=str(error))
        await asyncio.sleep(SECOND_TRY_AFTER_SECONDS)
        return await self._translated(what, getattr(exchange, method), *arguments, **named)

    async def close(self) -> None:
        """Close the connections. The line opens again when asked again."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await exchange.close()

    def _made(self) -> Any:
        if self._id not in self._ccxt.exchanges:
            near = tuple(difflib.get_close_matches(self._id, self._ccxt.exchanges, n=3)) or SUGGESTIONS
            raise UnknownVenueError(f"ccxt knows no exchange {self._id!r}", near)
        local = self._base_url is not None and urlsplit(self._base_url).hostname in _LOOPBACK
        exchange = getattr(self._ccxt, self._id)(
            {
                # A venue on this machine has no limit to respect, and no proxy stands before it.
                "enableRateLimit": not local,
                "aiohttp_trust_env": not local,
                "timeout": round(self._request_seconds_max * 1000),
                "has": {"fetchCurrencies": False},
                "options": {"defaultType": "swap", "defaultSubType": "linear", **_OPTIONS.get(self._id, {})},
            }
        )
        exchange.number = str
        exchange.milliseconds = lambda: milliseconds(self._clock.now())
        if local:
            # Only encrypted connections need the quarter second that ccxt waits for them to close.
            exchange.timeout_on_exit = 0
        if self._base_url is not None:
            exchange.urls["api"] = redirected(exchange.urls["api"], self._base_url)
        return exchange

    async def _translated(self, what: str, method: Callable[..., Awaitable[Answer]], *arguments: Any, **named: Any) -> Answer:
        try:
            return await method(*arguments, **named)
        except self._ccxt.BaseError as error:
            raise self._in_our_words(what, error) from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # ccxt trusts answers to have their shape and trips over those that don't.
            raise VenueGarbledError(
                f"{self._id} answered {what} in a shape that can't be read ({type(error).__name__}: {error})"
            ) from error

    def _in_our_words(self, what: str, error: Exception) -> VenueError:
        ccxt = self._ccxt
        said = f"{what}: {error}"[:MESSAGE_CHARACTERS_MAX]
        status = next(iter(_HTTP_STATUS.findall(str(error))), None)
        code = next(iter(_BODY_CODE.findall(str(error))), status)
        if isinstance(error, ccxt.RequestTimeout):
            return VenueSlowError(f"{self._id} did not answer {what} within {self._request_seconds_max:g} s", (what,))
        if isinstance(error, ccxt.RateLimitExceeded | ccxt.DDoSProtection):
            return VenueRefusedError(f"{self._id} says too many requests, {said}", code or "429")
        if isinstance(error, ccxt.OnMaintenance):
            return VenueRefusedError(f"{self._id} is in maintenance, {said}", code)
        if isinstance(error, ccxt.NetworkError) and not (status or "").startswith("4"):
            return VenueUnreachableError(f"{self._id} can't be reached, {said}")
        if type(error.__cause__).__module__.startswith("aiohttp"):
            return VenueUnreachableError(f"{self._id} broke off in the middle of {said}")
        return VenueRefusedError(f"{self._id} refused {said}", KEY_NEEDED if isinstance(error, ccxt.AuthenticationError) else code)


def redirected(urls: Any, base_url: str) -> Any:
    """The tree of API addresses with every scheme and host replaced by `base_url`, paths kept."""
    if isinstance(urls, dict):
        return {name: redirected(part, base_url) for name, part in urls.items()}
    return base_url.rstrip("/") + urlsplit(urls).path if isinstance(urls, str) else urls
