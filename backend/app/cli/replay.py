"""Run a stored season again: prove its books, or see what other terms would have made of the same decisions."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cli.arena import fail, settings_or_exit
from app.cli.database import NoSeasonError, read, season_named, where
from app.replay.standing import Standing, standings
from app.replay.stored import Change, Lane, replay_stored
from app.replay.stored_pages import NotReplayableError
from app.replay.verify import Compared, verify
from app.store.cycles import count_cycles
from app.store.seasons import SeasonRow

DIFFERENCES_SHOWN = 20
FIGURES = ("equity", "fees", "funding", "trades", "liquidations", "refusals")
AS_RECORDED = "The decisions are the recorded ones: what the models would have decided under other terms is not known."


def register(application: typer.Typer) -> None:
    """Add this file's commands."""
    application.command(epilog="Examples: tiltyard replay --verify · tiltyard replay --fee 0.0004 --leverage-cap 5")(replay)


def replay(
    *,
    check: Annotated[bool, typer.Option("--verify", help="hold every row of the books against the stored one")] = False,
    fee: Annotated[str | None, typer.Option(help="taker fee as a fraction, like 0.0004")] = None,
    slippage: Annotated[str | None, typer.Option(help="slippage of triggered exits as a fraction, like 0.001")] = None,
    leverage_cap: Annotated[int | None, typer.Option(min=1, help="carry out orders above this leverage at it")] = None,
    season: Annotated[str | None, typer.Option(help="which season; default: the newest")] = None,
    contestant: Annotated[list[str] | None, typer.Option(help="only this contestant; may be repeated")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Rebuild every contestant's books from what is stored, through the same engine. Asks no venue and no model, changes nothing."""
    change = Change(_fraction("--fee", fee), _fraction("--slippage", slippage), leverage_cap)
    changes = [Change()] if change == Change() else [Change(), change]
    asked = _Asked(season, tuple(contestant or ()), tuple(changes), check, as_json)
    try:
        row, lanes, compared = read(asked.answer)
    except (NotReplayableError, NoSeasonError) as error:
        fail(str(error))
    except LookupError as error:
        fail(f"something that is needed is not stored any more ({error}): 'tiltyard doctor --books' may say more")
    shown = [standings(lane) for lane in lanes]
    if as_json:
        print(json.dumps(_document(row, change, shown, compared), ensure_ascii=False))
    else:
        _show(row, change, shown, compared)
    broken = [f"{name}: {why}" for lane in lanes for name, one in lane.runners.items() for why in one.broken]
    for line in broken:
        typer.echo(f"tiltyard: {line}", err=True)
    if broken or (compared is not None and compared.differences):
        raise typer.Exit(1)


class _Asked:
    """One replay as asked for on the command line."""

    def __init__(self, season: str | None, only: Sequence[str], changes: Sequence[Change], check: bool, quiet: bool) -> None:  # noqa: FBT001 - one caller
        self._season, self._only, self._changes, self._check, self._quiet = season, only, changes, check, quiet

    async def answer(self, connection: AsyncConnection) -> tuple[SeasonRow, list[Lane], Compared | None]:
        """Season, lanes and what verification found."""
        row = await season_named(connection, self._season)
        with _bar(await count_cycles(connection, row.id), quiet=self._quiet) as step:
            lanes = await replay_stored(connection, row, self._changes, only=self._only, progress=step)
        return row, lanes, await verify(connection, lanes[0].runners, self._only) if self._check else None


@contextmanager
def _bar(total: int, *, quiet: bool) -> Iterator[Any]:
    """A progress bar on a terminal; nothing where nobody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TextColumn("cycles"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task("replay", total=total)
        yield lambda done: progress.update(task, completed=done)


def _fraction(option: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        fail(f"{option} {text} is not a number: write a fraction like 0.0004", status=2)
    if not value.is_finite() or not 0 <= value < 1:
        fail(f"{option} {text} is not a fraction from 0 to 1: 0.0004 is four hundredths of a percent", status=2)
    return value


def _document(row: SeasonRow, change: Change, shown: Sequence[list[Standing]], compared: Compared | None) -> dict[str, Any]:
    lanes = [{one.contestant: _figures(one) for one in lane} for lane in shown]
    found: dict[str, Any] = {"season": row.name, "original": lanes[0]}
    if len(lanes) > 1:
        asked = {name: str(value) for name, value in asdict(change).items() if value is not None}
        found |= {"change": asked, "changed": lanes[1], "note": AS_RECORDED}
    if compared is not None:
        differences = [asdict(one) for one in compared.differences]
        found["verified"] = {"rows": compared.rows, "differences": differences}
    return found


def _figures(one: Standing) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else format(value, "f") for name, value in asdict(one).items() if name != "contestant"}


def _show(row: SeasonRow, change: Change, shown: Sequence[list[Standing]], compared: Compared | None) -> None:
    console = Console()
    console.print(f"database {where(settings_or_exit())}", soft_wrap=True)
    console.print(_table(row, change, shown))
    if len(shown) > 1:
        console.print(AS_RECORDED, soft_wrap=True)
        unseen = sum(one.unseen_minutes for one in shown[-1]) - sum(one.unseen_minutes for one in shown[0])
        if unseen > 0:
            console.print(f"{unseen} minutes of positions that were not open then are not stored and were not judged.", soft_wrap=True)
    if compared is None:
        return
    if not compared.differences:
        console.print(f"verified: {compared.rows} rows, nothing differs")
        return
    table = Table("table", "contestant", "place", "column", "stored", "replayed", title=f"{len(compared.differences)} differences")
    for one in compared.differences[:DIFFERENCES_SHOWN]:
        table.add_row(one.table, one.contestant, one.place, one.column, one.stored or "-", one.replayed or "-")
    console.print(table)


def _table(row: SeasonRow, change: Change, shown: Sequence[list[Standing]]) -> Table:
    """One row a contestant, and below it one under the changed terms."""
    changed = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asdict(change).items() if value is not None)
    table = Table(title=f"season {row.name}" + (f", and under {changed}" if changed else ""))
    table.add_column("contestant", no_wrap=True)
    for name in FIGURES:
        table.add_column(name, justify="right", no_wrap=True)
    for versions in zip(*shown, strict=True):
        for name, one in zip((versions[0].contestant, "  changed"), versions, strict=False):
            table.add_row(name, *(_cell(getattr(one, figure)) for figure in FIGURES))
    return table


def _cell(value: Decimal | int) -> str:
    return str(value) if isinstance(value, int) else f"{value:.2f}"
