"""The connections all contestants of a process share, and their limits. Whoever makes a pool closes it."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from openai import DefaultAsyncHttpxClient, Timeout

CONNECT_SECONDS_MAX = 10.0
BETWEEN_BYTES_SECONDS_MAX = 3600.0
"""How long a host may think without sending a byte is the caller's deadline, not the transport's."""


class ConnectionPool:
    """HTTP connections for a hundred contestants and more (up to 1000 at once, 100 kept alive).

    Hosts on this machine are reached directly; all others through the proxy that the environment names, when it names one.
    """

    __slots__ = ("_clients",)

    def __init__(self) -> None:
        self._clients: dict[bool, DefaultAsyncHttpxClient] = {}

    def client(self, base_url: str) -> DefaultAsyncHttpxClient:
        """The HTTP client for a base URL."""
        through_proxy = not _on_this_machine(base_url)
        if through_proxy not in self._clients:
            timeout = Timeout(BETWEEN_BYTES_SECONDS_MAX, connect=CONNECT_SECONDS_MAX)
            self._clients[through_proxy] = DefaultAsyncHttpxClient(timeout=timeout, trust_env=through_proxy)
        return self._clients[through_proxy]

    async def aclose(self) -> None:
        """Close every connection. The pool can be used again afterwards."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()


def _on_this_machine(base_url: str) -> bool:
    name = urlsplit(base_url).hostname or ""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
