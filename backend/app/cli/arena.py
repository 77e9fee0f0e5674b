"""Run the arena, run one cycle, ask how it is."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn

import httpx2
import typer
from rich.console import Console
from rich.table import Table

from app.cycle.standing_down import FAILURES_MAX
from app.settings import Settings, SettingsError, load_settings

Server = Annotated[str | None, typer.Option(help="base URL of a running arena; default from HOST and PORT")]


def register(application: typer.Typer) -> None:
    """Add this file's commands."""
    application.command(epilog="Example: tiltyard serve")(serve)
    application.command(epilog="Example: tiltyard status --json")(status)
    application.command(epilog="Example: tiltyard cycle")(cycle)


def serve() -> None:
    """Start the arena in the foreground; Ctrl-C stops it."""
    settings = settings_or_exit()
    from app.main import StartRefusedError, serve as run  # noqa: I001, PLC0415 - the other commands need not load the whole arena

    try:
        run(settings)
    except StartRefusedError as refused:
        fail(str(refused))


def status(server: Server = None, *, as_json: Annotated[bool, typer.Option("--json", help="the API's answer as it is")] = False) -> None:
    """Show how a running arena is doing."""
    found = call("GET", server, "/api/v1/system/status")
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = Table(show_header=False, box=None)
    for name in ("mode", "scheduler_running", "last_run_time", "next_run_time", "error_count", "database_connected", "latest_log"):
        table.add_row(name, str(found[name]))
    for one in found["contestants"]:
        table.add_row(one["id"], _how_it_is(one))
    Console().print(table)


def _how_it_is(one: Mapping[str, Any]) -> str:
    """A contestant's state, last turn and failures; below them why it is paused."""
    failures = one["consecutive_failures"]
    words = [
        one["state"],
        f"last {one['last_outcome'] or 'not asked yet'}",
        f"{failures} {'failure' if failures == 1 else 'failures'} in a row",
    ]
    if may_only_close(one["close_only"], failures):
        words.insert(1, "may only close")
    why = one["state_reason"] if one["state"] == "paused" else None
    return ", ".join(words) + (f"\n{why}" if why else "")


def may_only_close(by_operator: bool, failures: int) -> bool:  # noqa: FBT001 - the two reasons there are
    """Whether a contestant's next turn is close-only."""
    return by_operator or failures >= FAILURES_MAX


def cycle(server: Server = None) -> None:
    """Run one cycle now in a running arena."""
    call("POST", server, "/api/v1/system/scheduler/run-now")
    print("cycle started")


def call(method: str, server: str | None, path: str) -> Any:
    """Ask a running arena; exits with its problem, or with a sentence when nobody answers."""
    settings = settings_or_exit()
    base = server or f"http://{settings.host}:{settings.port}"
    headers = {"authorization": f"Bearer {settings.admin_token.get_secret_value()}"} if settings.admin_token else {}
    try:
        answer = httpx2.request(method, f"{base}{path}", headers=headers, timeout=30, trust_env=False)
    except httpx2.HTTPError as error:
        fail(f"no arena answers at {base} ({error}). Start it with 'make run', or name it with --server.")
    try:
        said = answer.json()
    except ValueError:
        fail(f"{base} is not the address of an arena: give its scheme, host and port only, like http://localhost:8000.")
    if answer.is_error:
        fail(said.get("detail", answer.text))
    return said


def settings_or_exit() -> Settings:
    """The settings, or their fault on stderr and exit status 2."""
    try:
        return load_settings()
    except SettingsError as error:
        fail(str(error), status=2)


def fail(message: str, status: int = 1) -> NoReturn:
    """A sentence on stderr and a non-zero exit status."""
    typer.echo(f"tiltyard: {message}", err=True)
    raise typer.Exit(status)
