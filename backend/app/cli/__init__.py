"""The command line, `tiltyard …`: one file a noun, each command a few lines. Exit status 0 only on success."""

import sys

import typer

from app.cli import arena, doctor, later, models, prompt, replay, sandbox

application = typer.Typer(
    name="tiltyard",
    help="A self-hosted arena where AI models trade simulated perpetual contracts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
arena.register(application)
models.register(application)
prompt.register(application)
sandbox.register(application)
doctor.register(application)
replay.register(application)
later.register(application)


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the `tiltyard` command."""
    application(args=sys.argv[1:] if arguments is None else arguments)
