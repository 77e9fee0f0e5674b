"""The connections all contestants of a process share, and their limits. Whoever makes a pool closes it."""

import socket
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2

from app.llm.turnstile import Turnstile

CONNECT_SECONDS_MAX = 10.0
BETWEEN_BYTES_SECONDS_MAX = 3600.0
"""How long a host may think without sending a byte is the caller's deadline, not the transport's."""

CONNECTIONS_MAX = 1000
CONNECTIONS_KEPT = 16
"""Enough for asking again at once. The library looks at every kept connection for every request, which at a hundred takes milliseconds."""

IDLE_SECONDS_MAX = 30.0
"""A kept connection older than this is not used again: hosts close theirs after a minute or so, and asking on one costs an attempt."""

_KEEPALIVE_SECONDS = 60


class ConnectionPool:
    """HTTP connections for a hundred contestants and more (up to 1000 at once, a few kept alive), and the turnstile they share.

    Hosts on this machine are reached directly; all others through the proxy that the environment names, when it names one. No redirect is
    followed, no cookie kept, nothing asked for packed.
    """

    __slots__ = ("_clients", "turnstile")

    def __init__(self) -> None:
        self.turnstile = Turnstile()
        self._clients: dict[bool, httpx2.AsyncClient] = {}

    def client(self, base_url: str) -> httpx2.AsyncClient:
        """The HTTP client for a base URL."""
        through_proxy = not _on_this_machine(base_url)
        if through_proxy not in self._clients:
            self._clients[through_proxy] = _client(through_proxy=through_proxy)
        return self._clients[through_proxy]

    async def aclose(self) -> None:
        """Close every connection. The pool can be used again afterwards."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()


def _client(*, through_proxy: bool) -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_KEPT, keepalive_expiry=IDLE_SECONDS_MAX)
    timeout = httpx2.Timeout(BETWEEN_BYTES_SECONDS_MAX, connect=CONNECT_SECONDS_MAX)
    transport = httpx2.AsyncHTTPTransport(limits=limits, trust_env=through_proxy, socket_options=_keepalive())
    client = httpx2.AsyncClient(timeout=timeout, transport=transport, trust_env=through_proxy, headers={"user-agent": "tiltyard"})
    # A cookie that one contestant's answer set would go out with all others' questions.
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


def _keepalive() -> list[tuple[int, int, int]]:
    # Routers forget a line on which a model thinks for minutes without a byte.
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    if hasattr(socket, "TCP_KEEPIDLE"):
        options.append((socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_SECONDS))
    return options


def _on_this_machine(base_url: str) -> bool:
    name = urlsplit(base_url).hostname or ""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
