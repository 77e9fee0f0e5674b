"""Bring a database to the newest form. Fast when there is nothing to do: then not even Alembic is loaded."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).parent / "migrations"
REVISIONS = ("0001", "0002", "0003")
"""Every revision, oldest first; a test holds them to the files."""

TURNSTILE = 7_461_021
"""Number of the advisory lock under which two programs that start at once on one PostgreSQL take turns."""


class UnknownRevisionError(Exception):
    """The database was written by a newer version of the program; the text says what to do."""


def migrate_connection(connection: Connection) -> None:
    """Run what is missing, inside the caller's transaction. Raises UnknownRevisionError."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": TURNSTILE})
    current = revision_of(connection)
    if current == REVISIONS[-1]:
        return
    if current is not None and current not in REVISIONS:
        raise UnknownRevisionError(
            f"the database has form {current}, which this version doesn't know: start the newer version that wrote it"
        )
    from alembic import command  # noqa: PLC0415 - half a second that a normal start doesn't need
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def revision_of(connection: Connection) -> str | None:
    """Which form a database has; None for one without tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
