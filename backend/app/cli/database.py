"""What commands that look into the database share: it is opened as the settings name it, read, and never made, changed or migrated."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cli.arena import fail, settings_or_exit
from app.settings import Settings
from app.store.database import Database, StoreError
from app.store.seasons import SeasonRow, list_seasons

Answer = TypeVar("Answer")


class NoSeasonError(Exception):
    """There is no such season; the text says which there are."""


def read(question: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
    """What a question answers on one state of the database; exits with a sentence when it can't be read. The arena may run meanwhile."""
    settings = settings_or_exit()
    try:
        return asyncio.run(_read(settings, question))
    except StoreError as error:
        fail(f"the database can't be used: {error}")


def where(settings: Settings) -> str:
    """The database's address without a password."""
    return make_url(settings.database).render_as_string(hide_password=True)


async def season_named(connection: AsyncConnection, name: str | None) -> SeasonRow:
    """The season of that name, or the newest. Raises NoSeasonError with a sentence."""
    found = await list_seasons(connection)
    if not found:
        raise NoSeasonError("no season has begun: there is nothing to replay yet")
    for one in reversed(found):
        if name in {None, one.name}:
            return one
    raise NoSeasonError(f"there is no season {name}: there is {', '.join(one.name for one in found)}")


async def _read(settings: Settings, question: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
    _refuse_missing(settings)
    database = await Database.open(settings.database)
    try:
        await database.require_newest()
        async with database.reading() as connection:
            return await question(connection)
    finally:
        await database.close()


def _refuse_missing(settings: Settings) -> None:
    """Opening a SQLite file makes it: say instead that there is none."""
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_file():
        fail(f"there is no database at {url.database}: start the arena once with 'make run', or set DATA_DIR or DATABASE_URL")
