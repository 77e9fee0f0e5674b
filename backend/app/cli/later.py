"""Commands that are promised and not there yet: each refuses by name instead of pretending."""

from collections.abc import Callable

import typer

from app.cli.arena import fail

NOT_YET = {
    "export": "write trades, decisions, equity and ledger to files",
    "backup": "copy the database while the arena runs",
    "restore": "put a backup back",
    "tape": "record the market as Parquet files",
}


def register(application: typer.Typer) -> None:
    """Add this file's commands."""
    for name, purpose in NOT_YET.items():
        application.command(
            name, help=f"Not in this release: {purpose}.", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
        )(_refuse(name))


def _refuse(name: str) -> Callable[[], None]:
    def command() -> None:
        fail(f"'{name}' is not in this release yet.")

    return command
