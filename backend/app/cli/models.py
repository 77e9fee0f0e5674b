"""Who plays, and what the operator may do to one contestant: pause, resume, close-only, close a position; and one more cycle for all."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from app.cli.arena import Server, call, cycle, fail, may_only_close

Name = Annotated[str, typer.Argument(metavar="ID", help="the contestant's id, as `tiltyard models` lists it")]
Yes = Annotated[bool, typer.Option("--yes", help="don't ask first")]


def register(application: typer.Typer) -> None:
    """Add this file's commands."""
    application.command(epilog="Example: tiltyard models")(models)
    application.command(epilog="Example: tiltyard pause deepseek")(pause)
    application.command(epilog="Example: tiltyard resume deepseek")(resume)
    application.command("close-only", epilog="Example: tiltyard close-only deepseek, and back: tiltyard close-only deepseek --off")(
        close_only
    )
    application.command(epilog="Example: tiltyard close deepseek BTCUSDT")(close)
    application.command("decide-now", epilog="Example: tiltyard decide-now")(decide_now)


def models(server: Server = None) -> None:
    """List everybody who plays: state, equity, open positions, what the calls cost, how replies were read."""
    found: Sequence[Mapping[str, Any]] = call("GET", server, "/api/v1/models")
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    for title in ("id", "template", "state", "equity", "positions", "API cost", "as\nwritten", "inter-\nvened"):
        table.add_column(title, no_wrap=True, overflow="fold")
    for one in found:
        table.add_row(*_row(one))
    Console().print(table)


def pause(contestant: Name, server: Server = None) -> None:
    """Don't ask a contestant any more, from the next cycle on; its positions stay open and watched."""
    _do(server, contestant, "/pause")
    print(f"{contestant} is paused")


def resume(contestant: Name, server: Server = None) -> None:
    """Ask a contestant again from the next cycle on."""
    _do(server, contestant, "/resume")
    print(f"{contestant} is asked again from the next cycle on")


def close_only(
    contestant: Name, server: Server = None, *, off: Annotated[bool, typer.Option("--off", help="allow new positions again")] = False
) -> None:
    """Refuse a contestant's new positions from its next turn on; closing and stops still work."""
    _do(server, contestant, "/entries/resume" if off else "/entries/stop")
    print(f"{contestant} may open positions again" if off else f"{contestant} may only close")


def close(
    contestant: Name,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="the contract it holds, like BTCUSDT")],
    server: Server = None,
    *,
    yes: Yes = False,
) -> None:
    """Close a contestant's position whole, now, at a fresh order book. It is recorded as the operator's doing."""
    held = [one["symbol"] for one in call("GET", server, f"/api/v1/models/{quote(contestant, safe='')}/positions")]
    if symbol not in held:
        fail(f"{contestant} holds no {symbol}; it holds {', '.join(held) or 'nothing'}")
    if not yes:
        typer.confirm(f"close {symbol} of {contestant}? It can't be undone and changes the contest", abort=True)
    left = _do(server, contestant, f"/positions/{quote(symbol, safe='')}/close")["positions"]
    if any(one["symbol"] == symbol for one in left):
        fail(f"{symbol} of {contestant} is still open: the exchange did not take the order; see its events and the log.")
    print(f"{symbol} of {contestant} is closed")


def decide_now(server: Server = None) -> None:
    """Ask everybody now: one extra cycle, as `tiltyard cycle` does. An extra turn for one contestant alone would be unfair."""
    cycle(server)


def _do(server: str | None, contestant: str, what: str) -> Any:
    return call("POST", server, f"/api/v1/models/{quote(contestant, safe='')}{what}")


def _row(one: Mapping[str, Any]) -> list[str]:
    who, standing = one["contestant"], one["standing"]
    state = f"{who['state']},\nclose-only" if may_only_close(who["close_only"], one["consecutive_failures"]) else who["state"]
    held = "\n".join(f"{position['side']} {position['symbol']}" for position in one["positions"]) or "none"
    about = [who["id"], who["template"] or who["kind"], state]
    if standing is None:
        return [*about, "-", held, "-", "-", "-"]
    cost = standing["api_cost_usd"]
    shares = [standing["compliance_rate"], standing["intervention_rate"]]
    return [
        *about,
        f"{Decimal(standing['equity']):,.2f}",
        held,
        _cost(cost, standing["unpriced_calls"]),
        *("-" if share is None else f"{share:.0%}" for share in shares),
    ]


def _cost(cost: str | None, unpriced: int) -> str:
    """Calls without a known price are not free: the sum is then a lower bound."""
    if cost is None:
        return "unknown"
    return f"${Decimal(cost):,.4f}" + (f"\n+ {unpriced} unpriced" if unpriced else "")
