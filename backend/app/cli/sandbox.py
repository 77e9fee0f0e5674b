"""The local venue and model host alone, for trying adapters against."""

import os
import sys

import typer


def register(application: typer.Typer) -> None:
    """Add this file's commands."""
    application.command(
        epilog="Example: tiltyard sandbox --port 9000 --speed 60",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    )(sandbox)


def sandbox(context: typer.Context) -> None:
    """Start the local venue and model host alone (options: tiltyard sandbox --help)."""
    os.execv(sys.executable, [sys.executable, "-m", "app.sandbox", *context.args])  # noqa: S606 - our own module, no shell
