"""Check what the arena stands on, and say what is wrong: in this release the database and the books."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.arena import settings_or_exit
from app.cli.database import read, where
from app.store.checks import Finding, check_books

NOT_CHECKED = ("keys", "venue", "clock", "disk")
"""What this release says nothing about."""


def register(application: typer.Typer) -> None:
    """Add this file's commands."""
    application.command(epilog="Example: tiltyard doctor --books")(doctor)


def doctor(
    *,
    books: Annotated[bool, typer.Option("--books", help="only recompute the books")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Recompute the books from the ledger and say what differs. Exit status 0 only when nothing does. Changes nothing."""
    findings = read(check_books)
    if as_json:
        not_checked = [] if books else list(NOT_CHECKED)
        print(
            json.dumps({"database": where(settings_or_exit()), "findings": [asdict(one) for one in findings], "not_checked": not_checked})
        )
    else:
        _show(findings, books=books)
    if findings:
        raise typer.Exit(1)


def _show(findings: list[Finding], *, books: bool) -> None:
    console = Console()
    console.print(f"database   reachable: {where(settings_or_exit())}", soft_wrap=True)
    if not books:
        console.print(f"not checked in this release: {', '.join(NOT_CHECKED)}")
    if not findings:
        console.print("books      recomputed from the ledger: nothing differs")
        return
    table = Table("what must hold", "contestant", "follows", "found", title=f"the books: {len(findings)} differences")
    for one in findings:
        table.add_row(one.what, one.contestant or "all", one.expected, one.found)
    console.print(table)
