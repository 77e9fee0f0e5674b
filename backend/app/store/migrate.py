"""Bring a database to the newest form. Fast when there is nothing to do: then not even Alembic is loaded."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0001"
"""The newest revision; a test holds it to the files."""


def migrate_connection(connection: Connection) -> None:
    """Run what is missing, inside the caller's transaction."""
    if inspect(connection).has_table("alembic_version"):
        current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if current == HEAD:
            return
    from alembic import command  # noqa: PLC0415 - half a second that a normal start doesn't need
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
